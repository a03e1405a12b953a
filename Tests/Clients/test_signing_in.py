"""What signs in by Microsoft's clients signs in by credferry, and the reverse.

The program is `$CREDFERRY`, else the one that the debug build made.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msal
import pytest
from azure.core.credentials import TokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AzureCliCredential,
    AzurePipelinesCredential,
    CertificateCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from cryptography import x509

from azcli import SITE, Az
from local_service import Call, LocalService, Reply
from program import Program
from sandbox import Sandbox
from vouchers import KINDS, PASSWORD, Certificate, Issuer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate with an RSA key."""
    return Certificate.make(tmp_path_factory.mktemp("certificates") / "own")


@pytest.fixture
def credferry(sandbox: Sandbox, tmp_path: Path) -> Program:
    """The program with the sandbox's configuration; it only reads."""
    configuration = sandbox.directory / "signing-in.yaml"
    configuration.write_text(sandbox.configuration.read_text("utf-8"), "utf-8")
    configuration.chmod(0o600)
    return Program(tmp_path / "home", configuration)


def by(credferry: Program, **auth: Any) -> Program:
    """Sign in in another way."""
    credferry.configure(lambda document: document.update(auth=auth))
    return credferry


def works(credferry: Program) -> bool:
    """Whether the clusters can be read; no other end than these two is expected."""
    result = credferry.run("status", "demo")
    assert result.status in (0, 77, 78), result
    return result.status == 0


def accepted(sandbox: Sandbox, make: Callable[[], TokenCredential]) -> bool:
    """Whether a credential of Microsoft's gets a token."""
    try:
        return bool(make().get_token(f"{sandbox.info['management']}/.default").token)
    except (ClientAuthenticationError, ValueError):
        return False


def authority(sandbox: Sandbox) -> dict[str, Any]:
    return {"authority": sandbox.info["login"], "disable_instance_discovery": True}


def by_certificate(sandbox: Sandbox, file: Path, password: str | None) -> CertificateCredential:
    return CertificateCredential(
        sandbox.info["tenant"], sandbox.operator, str(file), password=password, **authority(sandbox)
    )


class TestCertificate:
    """A certificate that azure-identity accepts is accepted by credferry, and the reverse."""

    @pytest.fixture
    def account(self, trusted: Sandbox, certificate: Certificate) -> dict[str, str]:
        certificate.register(trusted, trusted.operator)
        return {"tenant": trusted.info["tenant"], "client": trusted.operator}

    @pytest.mark.parametrize(("kind", "has_password"), KINDS)
    def test_both_accept_it(
        self,
        credferry: Program,
        trusted: Sandbox,
        certificate: Certificate,
        account: dict[str, str],
        kind: str,
        has_password: bool,
    ) -> None:
        file = certificate.file(kind)
        password = PASSWORD if has_password else None
        assert accepted(trusted, lambda: by_certificate(trusted, file, password))
        more = {"certificatePasswordFile": str(certificate.password)} if has_password else {}
        by(credferry, method="client-certificate", certificateFile=str(file), **account, **more)
        assert works(credferry)

    @pytest.mark.parametrize("kind", [kind for kind, has_password in KINDS if has_password])
    @pytest.mark.parametrize("password", [None, "wrong"])
    def test_both_refuse_it(
        self,
        credferry: Program,
        trusted: Sandbox,
        certificate: Certificate,
        account: dict[str, str],
        tmp_path: Path,
        kind: str,
        password: str | None,
    ) -> None:
        file = certificate.file(kind)
        try:
            assert not accepted(trusted, lambda: by_certificate(trusted, file, password))
        except TypeError:
            pass  # cryptography's way of saying that a password is missing
        more = {}
        if password:
            (tmp_path / "password").write_text(password)
            more = {"certificatePasswordFile": str(tmp_path / "password")}
        by(credferry, method="client-certificate", certificateFile=str(file), **account, **more)
        assert not works(credferry)

    def test_a_certificate_that_az_made_and_registered(
        self, credferry: Program, trusted: Sandbox, az: Az
    ) -> None:
        reset = ("ad", "app", "credential", "reset", "--create-cert", "--append")
        made = az(*reset, "--id", trusted.operator)
        file = Path(made["fileWithCertAndPrivateKey"])
        try:
            assert x509.load_pem_x509_certificate(file.read_bytes())
            assert accepted(trusted, lambda: by_certificate(trusted, file, None))
            account = {"tenant": trusted.info["tenant"], "client": trusted.operator}
            by(credferry, method="client-certificate", certificateFile=str(file), **account)
            assert works(credferry)
        finally:
            file.unlink()

    def test_the_assertion_is_that_of_msal(
        self,
        credferry: Program,
        trusted: Sandbox,
        certificate: Certificate,
        account: dict[str, str],
    ) -> None:
        """Where MSAL is given the certificate itself, it signs with PS256, too."""
        theirs = msal.ConfidentialClientApplication(
            account["client"],
            authority=f"{trusted.info['login']}/{account['tenant']}",
            client_credential={
                "private_key": certificate.key.read_text(),
                "public_certificate": certificate.certificate.read_text(),
            },
            instance_discovery=False,
        )
        trusted.forget_exchanges()
        answer = theirs.acquire_token_for_client([f"{trusted.info['management']}/.default"])
        assert "access_token" in answer, answer
        their_header, their_claims = shown(trusted)
        trusted.forget_exchanges()
        file = str(certificate.file("pem"))
        assert works(by(credferry, method="client-certificate", certificateFile=file, **account))
        header, claims = shown(trusted)
        del their_header["x5c"]  # for those who are known by their certificate's name alone
        their_header["x5t#S256"] = their_header["x5t#S256"].rstrip("=")
        assert header == their_header
        assert {**claims, **their_claims} == {**their_claims, "nbf": claims["nbf"]}
        assert claims["jti"] != their_claims["jti"]


def shown(sandbox: Sandbox) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of the first assertion that Entra was shown."""
    for exchange in sandbox.exchanges():
        for field in (exchange["requestBody"] or "").split("&"):
            if field.startswith("client_assertion="):
                parts = field.removeprefix("client_assertion=").split(".")[:2]
                header, claims = (
                    json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
                    for part in parts
                )
                return header, claims
    raise AssertionError("no assertion was shown")


class TestSurroundings:
    """One environment, two clients: what one of them makes of it, the other does."""

    SUBJECT = "system:serviceaccount:credferry:credferry"

    @pytest.fixture
    def variables(
        self, credferry: Program, trusted: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[..., None]:
        """Give both the same variables: the sandbox's authority, and a path to nothing."""

        def set_variables(**more: str) -> None:
            variables = {"AZURE_AUTHORITY_HOST": trusted.info["login"], "PATH": "/nowhere", **more}
            credferry.environment |= variables
            for name, value in variables.items():
                monkeypatch.setenv(name, value)

        for name in list(os.environ):
            if name.startswith(("AZURE_", "IDENTITY_", "MSI_")):
                monkeypatch.delenv(name)
        by(credferry, method="auto")
        return set_variables

    @pytest.fixture
    def metadata(self, trusted: Sandbox) -> Iterator[LocalService]:
        """A metadata service that gives the operator's tokens."""

        def answer(call: Call) -> Reply:
            token = trusted.token(call.query["resource"])
            return Reply(body={"access_token": token, "expires_in": "3599", "token_type": "Bearer"})

        with LocalService(answer) as service:
            yield service

    def agree(self, credferry: Program, sandbox: Sandbox) -> bool:
        """Whether both sign in; that they do not agree is a failure."""
        theirs = accepted(
            sandbox, lambda: DefaultAzureCredential(disable_instance_discovery=True)
        )
        assert works(credferry) == theirs
        return theirs

    def test_a_secret(
        self, credferry: Program, trusted: Sandbox, variables: Callable[..., None]
    ) -> None:
        account = {"AZURE_TENANT_ID": trusted.info["tenant"], "AZURE_CLIENT_ID": trusted.operator}
        variables(**account, AZURE_CLIENT_SECRET=trusted.operator_secret)
        assert self.agree(credferry, trusted)

    def test_a_wrong_secret_is_not_passed_over(
        self,
        credferry: Program,
        trusted: Sandbox,
        variables: Callable[..., None],
        metadata: LocalService,
    ) -> None:
        account = {"AZURE_TENANT_ID": trusted.info["tenant"], "AZURE_CLIENT_ID": trusted.operator}
        variables(
            **account,
            AZURE_CLIENT_SECRET="wrong",
            AZURE_POD_IDENTITY_AUTHORITY_HOST=metadata.url,
        )
        assert not self.agree(credferry, trusted)
        assert metadata.calls == []

    def test_a_certificate(
        self,
        credferry: Program,
        trusted: Sandbox,
        variables: Callable[..., None],
        certificate: Certificate,
    ) -> None:
        certificate.register(trusted, trusted.operator)
        account = {"AZURE_TENANT_ID": trusted.info["tenant"], "AZURE_CLIENT_ID": trusted.operator}
        variables(
            **account,
            AZURE_CLIENT_CERTIFICATE_PATH=str(certificate.file("p12-encrypted")),
            AZURE_CLIENT_CERTIFICATE_PASSWORD=PASSWORD,
        )
        assert self.agree(credferry, trusted)

    def test_a_workload_identity(
        self,
        credferry: Program,
        trusted: Sandbox,
        variables: Callable[..., None],
        tmp_path: Path,
    ) -> None:
        issuer = Issuer.make(tmp_path / "issuer")
        issuer.trust(trusted, trusted.operator, self.SUBJECT)
        (tmp_path / "token").write_text(issuer.token(self.SUBJECT))
        account = {"AZURE_TENANT_ID": trusted.info["tenant"], "AZURE_CLIENT_ID": trusted.operator}
        variables(**account, AZURE_FEDERATED_TOKEN_FILE=str(tmp_path / "token"))
        assert self.agree(credferry, trusted)
        theirs = lambda: WorkloadIdentityCredential(disable_instance_discovery=True)  # noqa: E731
        assert accepted(trusted, theirs)
        assert works(by(credferry, method="workload-identity"))

    def test_a_managed_identity(
        self,
        credferry: Program,
        trusted: Sandbox,
        variables: Callable[..., None],
        metadata: LocalService,
    ) -> None:
        variables(AZURE_POD_IDENTITY_AUTHORITY_HOST=metadata.url)
        assert self.agree(credferry, trusted)
        theirs, ours = metadata.calls[0], metadata.calls[-1]
        assert ours.path == theirs.path
        assert ours.query.keys() == theirs.query.keys()
        assert ours.headers["metadata"] == theirs.headers["metadata"]

    @pytest.mark.parametrize(
        "wish", ["prod", "dev", "managedidentitycredential", "EnvironmentCredential"]
    )
    def test_what_is_wished_for(
        self,
        credferry: Program,
        trusted: Sandbox,
        variables: Callable[..., None],
        metadata: LocalService,
        wish: str,
    ) -> None:
        variables(AZURE_TOKEN_CREDENTIALS=wish, AZURE_POD_IDENTITY_AUTHORITY_HOST=metadata.url)
        assert self.agree(credferry, trusted) == (wish not in ("dev", "EnvironmentCredential"))

    def test_app_service(
        self,
        credferry: Program,
        trusted: Sandbox,
        variables: Callable[..., None],
    ) -> None:
        def answer(call: Call) -> Reply:
            token = trusted.token(call.query["resource"])
            return Reply(body={"access_token": token, "expires_on": "4000000000"})

        with LocalService(answer) as service:
            variables(IDENTITY_ENDPOINT=service.url, IDENTITY_HEADER="header")
            assert accepted(trusted, ManagedIdentityCredential)
            theirs = service.calls[-1]
            assert works(by(credferry, method="managed-identity"))
            ours = service.calls[-1]
        assert ours.query.keys() == theirs.query.keys()
        for name in ("x-identity-header", "metadata"):
            assert ours.headers[name] == theirs.headers[name]

    def test_azure_pipelines(
        self,
        credferry: Program,
        trusted: Sandbox,
        variables: Callable[..., None],
        tmp_path: Path,
    ) -> None:
        issuer = Issuer.make(tmp_path / "issuer")
        issuer.trust(trusted, trusted.operator, "sc://contoso/project/connection")

        def answer(call: Call) -> Reply:
            return Reply(body={"oidcToken": issuer.token("sc://contoso/project/connection")})

        with LocalService(answer) as service:
            variables(
                SYSTEM_OIDCREQUESTURI=service.url + "/oidc",
                SYSTEM_ACCESSTOKEN="system-token",
                AZURESUBSCRIPTION_SERVICE_CONNECTION_ID="connection",
            )
            account = {"tenant": trusted.info["tenant"], "client": trusted.operator}
            assert accepted(
                trusted,
                lambda: AzurePipelinesCredential(
                    tenant_id=account["tenant"],
                    client_id=account["client"],
                    service_connection_id="connection",
                    system_access_token="system-token",
                    **authority(trusted),
                ),
            )
            theirs = service.calls[-1]
            assert works(by(credferry, method="azure-pipelines", **account))
            ours = service.calls[-1]
        assert (ours.method, ours.path, ours.query) == (theirs.method, theirs.path, theirs.query)
        for name in ("authorization", "x-tfs-fedauthredirect", "content-type"):
            assert ours.headers[name] == theirs.headers[name]


class TestAzureCLI:
    """The session of a real Azure CLI."""

    @pytest.fixture
    def session(self, credferry: Program, az: Az) -> Program:
        credferry.environment |= az.environment()
        credferry.environment |= {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(credferry.home),
            "PYTHONPATH": str(SITE),
        }
        return by(credferry, method="azure-cli")

    def test_it_signs_in(self, session: Program) -> None:
        assert works(session)

    def test_in_a_tenant(self, session: Program, sandbox: Sandbox) -> None:
        assert works(by(session, method="azure-cli", tenant=sandbox.info["tenant"]))

    def test_in_a_chain(self, session: Program) -> None:
        session.environment["AZURE_TOKEN_CREDENTIALS"] = "dev"
        assert works(by(session, method="auto"))

    def test_as_azure_identity_does(
        self, session: Program, trusted: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AZURE_CONFIG_DIR", "PATH", "PYTHONPATH"):
            monkeypatch.setenv(name, session.environment[name])
        assert accepted(trusted, AzureCliCredential)

    def test_nobody_has_signed_in(self, session: Program, tmp_path: Path) -> None:
        session.environment["AZURE_CONFIG_DIR"] = str(tmp_path / "empty")
        result = session.run("status", "demo")
        assert result.status == 77, result
        assert "nobody has signed in to it" in result.err
        assert "az login" in result.err
