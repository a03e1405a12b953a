"""Certificates, keys and the JSON Web Tokens that they sign, all made by the openssl program."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import Sandbox

OPENSSL = shutil.which("openssl") or "openssl"
KINDS = [
    ("pem", False),
    ("pem-certificate-first", False),
    ("pem-traditional", False),
    ("pem-encrypted", True),
    ("pem-encrypted-traditional", True),
    ("p12", False),
    ("p12-encrypted", True),
    ("p12-legacy", True),
]
"""The forms that a certificate file has, and whether it is encrypted."""
PASSWORD = "Pass w0rd-äöü"


def openssl(*arguments: str | Path, data: bytes = b"") -> bytes:
    """Run openssl."""
    return subprocess.run(
        [OPENSSL, *map(str, arguments)], input=data, check=True, capture_output=True, timeout=60
    ).stdout


def base64url(data: bytes) -> str:
    """Encode as JSON Web Tokens are."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


@dataclass
class Certificate:
    """A self-signed certificate and its key, in files."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, *, kind: str = "rsa:2048", more: Sequence[str] = ()) -> Certificate:
        """Make one."""
        folder.mkdir()
        made = cls(folder)
        options = ["-newkey", kind, *more, "-nodes", "-days", "30", "-subj", "/CN=credferry"]
        openssl("req", "-x509", *options, "-keyout", made.key, "-out", made.certificate)
        (folder / "password").write_text(PASSWORD + "\n", "utf-8")
        return made

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    @property
    def password(self) -> Path:
        """A file with the password of the encrypted ones."""
        return self.folder / "password"

    @property
    def der(self) -> bytes:
        return openssl("x509", "-in", self.certificate, "-outform", "DER")

    def file(self, kind: str) -> Path:
        """The certificate with its key in one file, of one of the kinds below."""
        path = self.folder / kind
        with_password = ["-passout", f"file:{self.password}"]
        match kind:
            case "pem":
                path.write_bytes(self.key.read_bytes() + self.certificate.read_bytes())
            case "pem-certificate-first":
                path.write_bytes(self.certificate.read_bytes() + self.key.read_bytes())
            case "pem-traditional":
                key = openssl("rsa", "-in", self.key, "-traditional")
                path.write_bytes(key + self.certificate.read_bytes())
            case "pem-encrypted":
                key = openssl("pkcs8", "-topk8", "-in", self.key, *with_password)
                path.write_bytes(key + self.certificate.read_bytes())
            case "pem-encrypted-traditional":
                key = openssl("rsa", "-aes256", "-traditional", "-in", self.key, *with_password)
                path.write_bytes(key + self.certificate.read_bytes())
            case "p12" | "p12-encrypted" | "p12-legacy":
                secret = "pass:" if kind == "p12" else f"file:{self.password}"
                options = ["-legacy"] if kind == "p12-legacy" else []
                pair = ["-inkey", self.key, "-in", self.certificate]
                openssl("pkcs12", "-export", *options, *pair, "-passout", secret, "-out", path)
            case _:
                raise ValueError(kind)
        return path

    def register(self, sandbox: Sandbox, app_id: str) -> None:
        """Make it the application's only certificate."""
        graph = sandbox.info["graph"]
        credential = {
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
            "key": base64.b64encode(self.der).decode("ascii"),
        }
        answer = sandbox.request(
            "PATCH",
            f"{graph}/v1.0/applications(appId='{app_id}')",
            token=sandbox.token(graph),
            json_body={"keyCredentials": [credential]},
        )
        assert answer.status == 204, answer


@dataclass
class Issuer:
    """Somebody outside of Entra who vouches for others: Kubernetes, GitHub, Azure Pipelines."""

    folder: Path
    url: str = "https://issuer.example"

    @classmethod
    def make(cls, folder: Path) -> Issuer:
        """Make one, with a key of its own."""
        folder.mkdir()
        openssl("genrsa", "-out", folder / "key.pem", "2048")
        return cls(folder)

    def trust(self, sandbox: Sandbox, app_id: str, subject: str) -> None:
        """Let an application trust this issuer."""
        key = openssl("rsa", "-in", self.folder / "key.pem", "-pubout").decode("ascii")
        wish = {"appId": app_id, "issuer": self.url, "subject": subject, "publicKey": key}
        sandbox.control("POST", "federations", wish)

    def token(self, subject: str, audience: str = "api://AzureADTokenExchange") -> str:
        """Vouch for a subject, for five minutes."""
        now = int(time.time())
        claims: dict[str, Any] = {"iss": self.url, "sub": subject, "aud": audience}
        claims |= {"iat": now, "nbf": now, "exp": now + 300}
        parts = [{"alg": "RS256", "typ": "JWT"}, claims]
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        key = self.folder / "key.pem"
        signature = openssl("dgst", "-sha256", "-sign", key, data=signed.encode())
        return f"{signed}.{base64url(signature)}"
