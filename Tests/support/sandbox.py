"""Starts the sandbox of Azure, and speaks its control interface (docs/sandbox.md).

    with Sandbox(directory, "--propagation", "1") as sandbox:
        sandbox.add_cluster(name="second", kind="service-principal")
        assert not sandbox.violations()

The program is `$AZURE_SANDBOX`, else the one that the debug build made.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Mapping

import loopback
from loopback import Answer

ROOT = Path(__file__).resolve().parents[2]
STARTING = 30.0
STOPPING = 10.0


class SandboxError(Exception):
    """The sandbox did not start, or refused a call of the control interface."""


def program() -> Path:
    """Find the sandbox's program."""
    path = Path(os.environ.get("AZURE_SANDBOX") or ROOT / ".build" / "debug" / "azure-sandbox")
    if not os.access(path, os.X_OK):
        raise SandboxError(
            f"{path} is missing; build it with `swift build --product azure-sandbox`"
        )
    return path


class Sandbox:
    """A running sandbox; a context manager that starts it and stops it."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.options = options
        self.info: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the program, and wait until it listens."""
        command = [str(program()), "--state", str(self.directory), "--quiet", *self.options]
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ask the program to end; kill it when it does not."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _wait(self) -> None:
        """Wait for the file that the program writes last."""
        ready = self.directory / "sandbox.json"
        deadline = time.monotonic() + STARTING
        while not ready.exists():
            if self._process is None or self._process.poll() is not None:
                raise SandboxError(
                    f"the sandbox ended at once: {self.log.read_text('utf-8', 'replace')}"
                )
            if time.monotonic() > deadline:
                raise SandboxError(f"the sandbox does not listen after {STARTING} s")
            time.sleep(0.02)
        self.info = json.loads(ready.read_text("utf-8"))

    # What it is

    @property
    def log(self) -> Path:
        """What the program printed."""
        return self.directory.with_name(self.directory.name + ".log")

    @property
    def authorities(self) -> Path:
        """The certificate authority to trust."""
        return self.directory / "ca.pem"

    @property
    def configuration(self) -> Path:
        """The configuration of credferry that fits this sandbox."""
        return self.directory / "credferry.yaml"

    @property
    def operator(self) -> str:
        """The appId of the account that signs in."""
        return self.info["operator"]["appId"]

    @property
    def operator_secret(self) -> str:
        """The made-up secret of that account."""
        return (self.directory / "operator-secret").read_text("ascii")

    def vault(self, name: str = "ops") -> str:
        """The URL of a key vault."""
        return f"https://{name}.{self.info['vaultSuffix']}"

    # Its services

    def request(
        self, method: str, url: str, *, token: str | None = None, json_body: Any = None, **more: Any
    ) -> Answer:
        """Make a request of one of its services."""
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if json_body is not None:
            headers["Content-Type"] = "application/json"
            more["body"] = json.dumps(json_body).encode("utf-8")
        return loopback.request(method, url, self.authorities, headers=headers, **more)

    def token_answer(self, client: str, secret: str, audience: str) -> Answer:
        """Ask Entra for a token."""
        fields = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
        return self.request(
            "POST",
            f"{self.info['login']}/{self.info['tenant']}/oauth2/v2.0/token",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=loopback.form(**fields, scope=f"{audience.rstrip('/')}/.default"),
        )

    def token(self, audience: str) -> str:
        """Get a token of the signing-in account."""
        answer = self.token_answer(self.operator, self.operator_secret, audience)
        if answer.status != 200:
            raise SandboxError(f"no token for {audience}: {answer.status} {answer.body!r}")
        return answer.json["access_token"]

    # Its control interface

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Make a call of the control interface, and give its JSON; None where it has no body."""
        control = self.info["control"]
        url = f"{control['endpoint']}/{path}"
        answer = self.request(method, url, token=control["token"], json_body=body)
        if answer.status >= 300:
            raise SandboxError(f"{method} {path}: {answer.status} {answer.body!r}")
        return answer.json if answer.body else None

    def state(self) -> dict[str, Any]:
        """Everything that the sandbox holds."""
        return self.control("GET", "state")

    def cluster(self, name: str = "demo") -> dict[str, Any]:
        """One cluster of the state."""
        return next(cluster for cluster in self.state()["clusters"] if cluster["name"] == name)

    def application(self, app_id: str) -> dict[str, Any]:
        """One application of the state."""
        return next(
            application
            for application in self.state()["applications"]
            if application["appId"] == app_id
        )

    def violations(self) -> list[dict[str, Any]]:
        """Every instant at which a cluster held a secret that Entra would refuse."""
        return listed(self.control("GET", "violations"), "violations")

    def exchanges(self) -> list[dict[str, Any]]:
        """Every exchange so far."""
        return listed(self.control("GET", "exchanges"), "exchanges")

    def forget_exchanges(self) -> None:
        """Begin a new list of exchanges."""
        self.control("DELETE", "exchanges")

    def fault(self, **fault: Any) -> None:
        """Let some of the next requests fail."""
        self.control("POST", "faults", fault)

    def clear_faults(self) -> None:
        """Let all requests succeed again."""
        self.control("DELETE", "faults")

    def settings(self, **settings: Any) -> None:
        """Change how the sandbox behaves."""
        self.control("POST", "settings", settings)

    def add_cluster(self, **cluster: Any) -> dict[str, Any]:
        """Add a cluster."""
        return self.control("POST", "clusters", cluster)

    def change_cluster(self, name: str, **changes: Any) -> None:
        """Stop or start a cluster, or change its provisioning state."""
        self.control("PATCH", f"clusters/{name}", changes)

    def remove_cluster(self, name: str) -> None:
        """Remove a cluster."""
        self.control("DELETE", f"clusters/{name}")

    def add_application(self, display_name: str) -> dict[str, Any]:
        """Add an application with a service principal and a secret."""
        return self.control("POST", "applications", {"displayName": display_name})

    def deny(self, *rights: str) -> None:
        """Take rights from the signing-in account; none gives all of them back."""
        self.control("POST", "rights", {"deny": list(rights)})


def listed(answer: Any, name: str) -> list[dict[str, Any]]:
    """Give the list of an answer, whether it stands alone or below its name."""
    return answer[name] if isinstance(answer, dict) else answer
