"""Every way of signing in, against a real peer of it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from local_service import Call, LocalService, Reply
from program import Program, Result
from sandbox import Sandbox
from vouchers import KINDS, Certificate, Issuer

NOBODY = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate with an RSA key."""
    return Certificate.make(tmp_path_factory.mktemp("certificates") / "own")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate that nobody has registered."""
    return Certificate.make(tmp_path_factory.mktemp("certificates") / "stranger")


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """Somebody who vouches for others."""
    return Issuer.make(tmp_path_factory.mktemp("issuers") / "own")


def by(credferry: Program, **auth: Any) -> Program:
    """Sign in in another way; the account's secret is gone."""
    credferry.configure(lambda document: document.update(auth=auth))
    return credferry


def account(azure: Sandbox) -> dict[str, str]:
    return {"tenant": azure.info["tenant"], "client": azure.operator}


def works(credferry: Program) -> None:
    """Signed in: the clusters can be read."""
    (line,) = credferry.json("status", "demo")["credentials"]
    assert line["cluster"] == "demo"


def refused(credferry: Program, *says: str, status: int = 77) -> Result:
    """Signing in fails, for these reasons."""
    result = credferry.run("status", "demo")
    assert result.status == status, result
    for text in says:
        assert text in result.err, result
    return result


def assertions(azure: Sandbox) -> list[str]:
    """The assertions that Entra was shown."""
    bodies = [exchange["requestBody"] or "" for exchange in azure.exchanges()]
    return [
        field.removeprefix("client_assertion=")
        for body in bodies
        for field in body.split("&")
        if field.startswith("client_assertion=")
    ]


def part(token: str, index: int) -> dict[str, Any]:
    text = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


class TestCertificate:
    """A certificate of the application's: Entra verifies the signature with it."""

    @pytest.mark.parametrize(("kind", "has_password"), KINDS)
    def test_it_signs_in(
        self,
        credferry: Program,
        azure: Sandbox,
        certificate: Certificate,
        kind: str,
        has_password: bool,
    ) -> None:
        certificate.register(azure, azure.operator)
        auth = {**account(azure), "certificateFile": str(certificate.file(kind))}
        if has_password:
            auth["certificatePasswordFile"] = str(certificate.password)
        works(by(credferry, method="client-certificate", **auth))

    def test_the_assertion_is_as_microsoft_documents_it(
        self, credferry: Program, azure: Sandbox, certificate: Certificate
    ) -> None:
        certificate.register(azure, azure.operator)
        file = str(certificate.file("pem"))
        works(by(credferry, method="client-certificate", **account(azure), certificateFile=file))
        shown = assertions(azure)
        assert len(shown) == len(set(shown)) > 0
        header, claims = part(shown[0], 0), part(shown[0], 1)
        assert header["alg"] == "PS256" and header["typ"] == "JWT" and "x5t#S256" in header
        assert claims["iss"] == claims["sub"] == azure.operator
        tenant = azure.info["tenant"]
        assert claims["aud"] == f"{azure.info['login']}/{tenant}/oauth2/v2.0/token"
        assert claims["exp"] - claims["nbf"] == 600
        assert abs(claims["nbf"] - time.time()) < 300

    def test_another_certificate_is_refused(
        self, credferry: Program, azure: Sandbox, certificate: Certificate, stranger: Certificate
    ) -> None:
        certificate.register(azure, azure.operator)
        file = str(stranger.file("pem"))
        by(credferry, method="client-certificate", **account(azure), certificateFile=file)
        result = refused(credferry, "AADSTS700027", "request id", "upload the certificate")
        for assertion in assertions(azure):
            assert assertion not in result.err

    @pytest.mark.parametrize(
        ("kind", "password", "says"),
        [
            ("pem-encrypted", None, "its key is encrypted, and no password is given"),
            ("pem-encrypted-traditional", "wrong", "its key cannot be decrypted"),
            ("pem-encrypted", "wrong", "its key cannot be decrypted"),
            ("p12-encrypted", None, "it needs a password"),
            ("p12-encrypted", "wrong", "the password is wrong"),
        ],
    )
    def test_a_password_that_does_not_fit(
        self,
        credferry: Program,
        azure: Sandbox,
        certificate: Certificate,
        tmp_path: Path,
        kind: str,
        password: str | None,
        says: str,
    ) -> None:
        auth = {**account(azure), "certificateFile": str(certificate.file(kind))}
        if password:
            (tmp_path / "password").write_text(password)
            auth["certificatePasswordFile"] = str(tmp_path / "password")
        by(credferry, method="client-certificate", **auth)
        refused(credferry, kind, says, status=78)

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            ("certificate", "no private key"),
            ("key", "no certificate that goes with its key"),
            ("both", "no certificate that goes with its key"),
            ("noise", "neither PEM nor PKCS#12"),
            ("elliptic", "not an RSA key"),
            (None, "No such file"),
        ],
    )
    def test_a_file_that_holds_something_else(
        self,
        credferry: Program,
        azure: Sandbox,
        certificate: Certificate,
        stranger: Certificate,
        tmp_path: Path,
        content: str | None,
        says: str,
    ) -> None:
        file = tmp_path / "file.pem"
        match content:
            case "certificate":
                file.write_bytes(certificate.certificate.read_bytes())
            case "key":
                file.write_bytes(certificate.key.read_bytes())
            case "both":
                file.write_bytes(certificate.key.read_bytes() + stranger.certificate.read_bytes())
            case "noise":
                file.write_bytes(bytes(range(256)))
            case "elliptic":
                curve = ["-pkeyopt", "ec_paramgen_curve:P-256"]
                made = Certificate.make(tmp_path / "elliptic", kind="ec", more=curve)
                file.write_bytes(made.file("pem").read_bytes())
        by(credferry, method="client-certificate", **account(azure), certificateFile=str(file))
        refused(credferry, "certificateFile", "file.pem", says, status=78)

    def test_it_rotates(
        self, credferry: Program, azure: Sandbox, certificate: Certificate
    ) -> None:
        certificate.register(azure, azure.operator)
        file = str(certificate.file("p12"))
        by(credferry, method="client-certificate", **account(azure), certificateFile=file)
        (report,) = credferry.json("rotate", "demo")["rotations"]
        assert report["outcome"] == "rotated"
        assert credferry.ok("get", "demo").out == azure.cluster()["secret"]


class TestWorkloadIdentity:
    """A Kubernetes service account, whose token is in a file that its writer replaces."""

    SUBJECT = "system:serviceaccount:credferry:credferry"

    @pytest.fixture
    def pod(self, credferry: Program, azure: Sandbox, issuer: Issuer, tmp_path: Path) -> Program:
        """The program in a pod, as the workload identity webhook leaves it."""
        issuer.trust(azure, azure.operator, self.SUBJECT)
        (tmp_path / "token").write_text(issuer.token(self.SUBJECT))
        credferry.environment |= {
            "AZURE_TENANT_ID": azure.info["tenant"],
            "AZURE_CLIENT_ID": azure.operator,
            "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token"),
            "AZURE_AUTHORITY_HOST": azure.info["login"] + "/",
        }
        return by(credferry, method="workload-identity")

    @pytest.mark.parametrize("method", ["workload-identity", "auto", "managed-identity"])
    def test_it_signs_in(self, pod: Program, method: str) -> None:
        works(by(pod, method=method))

    def test_an_authority_may_lack_its_scheme(self, pod: Program, azure: Sandbox) -> None:
        pod.environment["AZURE_AUTHORITY_HOST"] = azure.info["login"].removeprefix("https://")
        works(pod)

    def test_an_authority_without_encryption_is_refused(self, pod: Program, azure: Sandbox) -> None:
        pod.environment["AZURE_AUTHORITY_HOST"] = "http://login.example"
        refused(pod, "AZURE_AUTHORITY_HOST", "not encrypted", status=78)

    def test_another_subject_is_refused(
        self, pod: Program, azure: Sandbox, issuer: Issuer, tmp_path: Path
    ) -> None:
        token = issuer.token("system:serviceaccount:other:other")
        (tmp_path / "token").write_text(token)
        result = refused(pod, "AADSTS700213", "federated identity credential")
        assert token not in result.err and token.split(".")[2] not in result.err

    def test_an_unknown_client_is_refused(self, pod: Program) -> None:
        pod.environment["AZURE_CLIENT_ID"] = NOBODY
        refused(pod, "AADSTS700016", "check tenant and client")

    def test_a_forged_token_is_refused(
        self, pod: Program, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        forger = Issuer.make(tmp_path_factory.mktemp("issuers") / "forger")
        (tmp_path / "token").write_text(forger.token(self.SUBJECT))
        refused(pod, "AADSTS50013")

    def test_a_missing_file_is_named(self, pod: Program, tmp_path: Path) -> None:
        (tmp_path / "token").unlink()
        refused(pod, str(tmp_path / "token"), "No such file")

    def test_without_the_webhook(self, pod: Program) -> None:
        del pod.environment["AZURE_FEDERATED_TOKEN_FILE"]
        refused(pod, "AZURE_FEDERATED_TOKEN_FILE is not set")


class TestAuto:
    """The order and the variables of azure-identity's DefaultAzureCredential."""

    @pytest.fixture
    def auto(self, credferry: Program, azure: Sandbox) -> Program:
        """Nothing is offered: no variables, no metadata service, no CLI."""
        credferry.environment |= {
            "PATH": "/nowhere",
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9",
        }
        return by(credferry, method="auto")

    def variables(self, azure: Sandbox) -> dict[str, str]:
        return {
            "AZURE_TENANT_ID": azure.info["tenant"],
            "AZURE_CLIENT_ID": azure.operator,
            "AZURE_AUTHORITY_HOST": azure.info["login"],
        }

    def test_a_secret_comes_before_a_certificate(self, auto: Program, azure: Sandbox) -> None:
        auto.environment |= self.variables(azure)
        auto.environment["AZURE_CLIENT_SECRET"] = azure.operator_secret
        auto.environment["AZURE_CLIENT_CERTIFICATE_PATH"] = "/nowhere"
        works(auto)

    @pytest.mark.parametrize("kind", ["pem", "p12-encrypted"])
    def test_a_certificate(
        self, auto: Program, azure: Sandbox, certificate: Certificate, kind: str
    ) -> None:
        certificate.register(azure, azure.operator)
        auto.environment |= self.variables(azure)
        auto.environment["AZURE_CLIENT_CERTIFICATE_PATH"] = str(certificate.file(kind))
        if "encrypted" in kind:
            password = certificate.password.read_text("utf-8").rstrip("\n")
            auto.environment["AZURE_CLIENT_CERTIFICATE_PASSWORD"] = password
        works(auto)

    def test_what_is_offered_and_fails_ends_the_search(
        self, auto: Program, azure: Sandbox
    ) -> None:
        auto.environment |= self.variables(azure) | {"AZURE_CLIENT_SECRET": "abc8Q~not-this-one"}
        result = refused(auto, "AADSTS7000215")
        assert "Azure CLI" not in result.err
        assert "not-this-one" not in result.err

    def test_the_configuration_comes_before_the_environment(
        self, auto: Program, azure: Sandbox
    ) -> None:
        auto.environment |= {"AZURE_CLIENT_ID": NOBODY, "AZURE_TENANT_ID": NOBODY}
        auto.environment["AZURE_CLIENT_SECRET"] = azure.operator_secret
        works(by(auto, method="auto", **account(azure)))

    def test_where_nothing_is_offered_each_reason_is_told(self, auto: Program) -> None:
        auto.environment["AZURE_TOKEN_CREDENTIALS"] = "prod"
        del auto.environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"]
        auto.environment |= {"MSI_ENDPOINT": "x", "IDENTITY_ENDPOINT": "https://x.example"}
        auto.environment |= {"IDENTITY_HEADER": "x", "IDENTITY_SERVER_THUMBPRINT": "x"}
        result = refused(
            auto,
            "there is no account to sign in with:",
            "\ncredferry:   environment: AZURE_TENANT_ID, AZURE_CLIENT_ID are not set",
            "\ncredferry:   workload identity: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FED",
            "\ncredferry:   managed identity: Service Fabric's is not supported",
        )
        assert "Azure CLI" not in result.err

    def test_only_the_tools_of_developers(self, auto: Program) -> None:
        auto.environment["AZURE_TOKEN_CREDENTIALS"] = "dev"
        result = refused(auto, "Azure CLI: there is no `az` in PATH", "az login")
        assert "managed identity" not in result.err

    @pytest.mark.parametrize("name", ["WorkloadIdentityCredential", "workloadidentitycredential"])
    def test_one_by_its_name(self, auto: Program, azure: Sandbox, name: str) -> None:
        auto.environment |= self.variables(azure) | {"AZURE_TOKEN_CREDENTIALS": name}
        auto.environment["AZURE_CLIENT_SECRET"] = azure.operator_secret
        result = refused(auto, "workload identity: AZURE_FEDERATED_TOKEN_FILE is not set")
        assert "environment:" not in result.err

    def test_one_that_is_not_known(self, auto: Program) -> None:
        auto.environment["AZURE_TOKEN_CREDENTIALS"] = "InteractiveBrowserCredential"
        refused(auto, "AZURE_TOKEN_CREDENTIALS", "AzureCliCredential", status=78)


class Machine:
    """The services that give tokens of a machine's identity, in front of the sandbox."""

    def __init__(self, azure: Sandbox) -> None:
        self.azure = azure
        self.refusals: list[Reply] = []
        self.more: dict[str, Any] = {}

    def token(self, call: Call) -> Reply:
        """Answer with a token of the operator's, as the metadata service writes it."""
        if self.refusals:
            return self.refusals.pop(0)
        fields = dict(field.split("=") for field in call.body.decode().split("&") if field)
        resource = call.query.get("resource") or unquote(fields["resource"])
        end = int(time.time()) + 3599
        body = {"access_token": self.azure.token(resource), "expires_on": str(end), **self.more}
        return Reply(body={**body, "resource": resource, "token_type": "Bearer"})


class TestManagedIdentity:
    """The machine's own identity, from whichever service the machine has."""

    @pytest.fixture
    def machine(self, azure: Sandbox) -> Machine:
        return Machine(azure)

    @pytest.fixture
    def service(self, machine: Machine) -> Iterator[LocalService]:
        with LocalService(machine.token) as service:
            yield service

    def resources(self, azure: Sandbox) -> set[str]:
        return {azure.info["management"], azure.info["graph"]}

    @pytest.mark.parametrize("method", ["managed-identity", "auto"])
    def test_a_virtual_machine(
        self, credferry: Program, azure: Sandbox, service: LocalService, method: str
    ) -> None:
        credferry.environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = service.url + "/"
        works(by(credferry, method=method))
        assert {call.query["resource"] for call in service.calls} == self.resources(azure)
        for call in service.calls:
            assert (call.method, call.path) == ("GET", "/metadata/identity/oauth2/token")
            assert call.headers["metadata"] == "true"
            assert call.query["api-version"] == "2018-02-01"
            assert "client_id" not in call.query

    def test_an_identity_that_was_assigned_to_it(
        self, credferry: Program, service: LocalService
    ) -> None:
        credferry.environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = service.url
        works(by(credferry, method="managed-identity", client=NOBODY))
        assert {call.query["client_id"] for call in service.calls} == {NOBODY}

    @pytest.mark.parametrize("status", [404, 410, 429, 500, 503])
    def test_a_service_that_is_being_updated_is_asked_again(
        self, credferry: Program, service: LocalService, machine: Machine, status: int
    ) -> None:
        machine.refusals = [Reply(status, {"error": "try_again"})] * 2
        credferry.environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = service.url
        works(by(credferry, method="managed-identity"))

    def test_a_machine_without_an_identity(
        self, credferry: Program, service: LocalService, machine: Machine
    ) -> None:
        refusal = {"error": "invalid_request", "error_description": "Identity not found"}
        machine.refusals = [Reply(400, refusal)] * 9
        credferry.environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = service.url
        by(credferry, method="managed-identity")
        refused(credferry, "400 invalid_request: Identity not found", "assign an identity")

    def test_in_a_chain_the_next_way_is_tried(
        self, credferry: Program, service: LocalService, machine: Machine
    ) -> None:
        machine.refusals = [Reply(400, {"error": "invalid_request"})] * 9
        credferry.environment |= {
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": service.url,
            "PATH": "/nowhere",
        }
        refused(by(credferry, method="auto"), "managed identity: ", "Azure CLI: there is no `az`")

    def test_app_service(self, credferry: Program, azure: Sandbox, service: LocalService) -> None:
        credferry.environment |= {
            "IDENTITY_ENDPOINT": service.url + "/msi/token",
            "IDENTITY_HEADER": "app-service-header",
        }
        works(by(credferry, method="managed-identity", client=NOBODY))
        assert {call.query["resource"] for call in service.calls} == self.resources(azure)
        for call in service.calls:
            assert (call.method, call.path) == ("GET", "/msi/token")
            assert call.headers["x-identity-header"] == "app-service-header"
            assert call.query["api-version"] == "2019-08-01"
            assert call.query["client_id"] == NOBODY

    def test_app_service_refuses(
        self, credferry: Program, service: LocalService, machine: Machine
    ) -> None:
        machine.refusals = [Reply(403, {"statusCode": 403, "message": "No, thank you"})] * 9
        credferry.environment |= {
            "IDENTITY_ENDPOINT": service.url,
            "IDENTITY_HEADER": "app-service-header",
        }
        result = refused(by(credferry, method="auto"), "403 HTTP: No, thank you")
        assert "app-service-header" not in result.err

    def test_machine_learning(self, credferry: Program, service: LocalService) -> None:
        credferry.environment |= {"MSI_ENDPOINT": service.url + "/msi", "MSI_SECRET": "ml-secret"}
        works(by(credferry, method="managed-identity", client=NOBODY))
        for call in service.calls:
            assert (call.method, call.path) == ("GET", "/msi")
            assert call.headers["secret"] == "ml-secret"
            assert call.query["api-version"] == "2017-09-01"
            assert call.query["clientid"] == NOBODY

    def test_cloud_shell(self, credferry: Program, azure: Sandbox, service: LocalService) -> None:
        credferry.environment["MSI_ENDPOINT"] = service.url + "/shell"
        works(by(credferry, method="managed-identity"))
        bodies = {unquote(call.body.decode()) for call in service.calls}
        assert bodies == {f"resource={resource}" for resource in self.resources(azure)}
        for call in service.calls:
            assert (call.method, call.path) == ("POST", "/shell")
            assert call.headers["metadata"] == "true"

    @pytest.mark.parametrize(
        "challenge",
        [
            None,
            "Basic realm=/etc/shadow",
            "Basic realm=/var/opt/azcmagent/tokens/../../../etc/x.key",
            "Basic realm=/var/opt/azcmagent/tokens/sub/x.key",
            "Basic realm=/var/opt/azcmagent/tokens/x.txt",
            "Basic realm=/var/opt/azcmagent/tokens/does-not-exist.key",
            "Bearer realm=/var/opt/azcmagent/tokens/x.key",
        ],
    )
    def test_arc_cannot_have_any_file(
        self, credferry: Program, service: LocalService, machine: Machine, challenge: str | None
    ) -> None:
        headers = {"WWW-Authenticate": challenge} if challenge else {}
        machine.refusals = [Reply(401, {}, headers)] * 9
        credferry.environment |= {"IDENTITY_ENDPOINT": service.url, "IMDS_ENDPOINT": service.url}
        by(credferry, method="managed-identity")
        says = "Azure Arc asks for" if challenge else "its challenge has no WWW-Authenticate"
        refused(credferry, says, status=77 if challenge else 1)
        assert all("authorization" not in call.headers for call in service.calls)

    def test_no_token_goes_through_an_open_line(self, credferry: Program) -> None:
        credferry.environment |= {
            "IDENTITY_ENDPOINT": "http://identity.example/msi",
            "IDENTITY_HEADER": "app-service-header",
        }
        refused(by(credferry, method="managed-identity"), "is not encrypted", status=1)


class TestTenant:
    """Where the way of signing in names no tenant, it is that of the cluster's subscription."""

    @pytest.fixture
    def machine(self, credferry: Program, azure: Sandbox) -> Iterator[Program]:
        with LocalService(Machine(azure).token) as service:
            credferry.environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = service.url
            yield by(credferry, method="managed-identity")

    def test_a_rotation(self, machine: Program, azure: Sandbox) -> None:
        (report,) = machine.json("rotate", "demo")["rotations"]
        assert report["outcome"] == "rotated"
        assert machine.ok("get", "demo", "--field", "tenant").out == azure.info["tenant"] + "\n"

    def test_it_is_asked_for_once(self, machine: Program, azure: Sandbox) -> None:
        azure.add_cluster(name="second")
        group = azure.cluster("second")["id"].split("/")[4]
        machine.configure(
            lambda document: document["clusters"].append(
                {**document["clusters"][0], "name": "second", "resourceGroup": group}
            )
        )
        machine.configure(lambda document: document.update(concurrency=1))
        azure.forget_exchanges()
        machine.ok("status")
        urls = [exchange["url"].split("?")[0] for exchange in azure.exchanges()]
        subscription = f"/subscriptions/{azure.info['subscription']}"
        assert sum(url.endswith(subscription) for url in urls) == 1

    def test_an_identity_without_a_cluster_has_none(self, machine: Program, azure: Sandbox) -> None:
        application = azure.add_application("deployer")
        identity = {"name": "deployer", "appId": application["appId"], "sinks": ["disk"]}
        machine.configure(lambda document: document.update(identities=[identity]))
        result = machine.run("status", "deployer")
        assert result.status == 78, result
        assert "the tenant of deployer is not known" in result.err
        assert "write `tenant` into `auth:`" in result.err
        machine.configure(
            lambda document: document["auth"].update(tenant=azure.info["tenant"])
        )
        machine.ok("status", "deployer")


class TestGitHub:
    """The token of a GitHub Actions job."""

    SUBJECT = "repo:contoso/infrastructure:ref:refs/heads/main"

    @pytest.fixture
    def service(self, azure: Sandbox, issuer: Issuer) -> Iterator[LocalService]:
        issuer.trust(azure, azure.operator, self.SUBJECT)

        def answer(call: Call) -> Reply:
            if call.headers.get("authorization") != "Bearer job-token":
                return Reply(401, {"message": "Bad credentials"})
            token = issuer.token(self.SUBJECT, call.query["audience"])
            return Reply(body={"count": 1, "value": token})

        with LocalService(answer) as service:
            yield service

    @pytest.fixture
    def job(self, credferry: Program, azure: Sandbox, service: LocalService) -> Program:
        credferry.environment |= {
            "ACTIONS_ID_TOKEN_REQUEST_URL": service.url + "/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job-token",
        }
        return by(credferry, method="github-oidc", **account(azure))

    def test_it_signs_in(self, job: Program, service: LocalService) -> None:
        works(job)
        for call in service.calls:
            assert call.method == "GET"
            assert call.query == {
                "api-version": "2.0",
                "audience": "api://AzureADTokenExchange",
            }

    def test_a_job_that_may_not(self, job: Program) -> None:
        del job.environment["ACTIONS_ID_TOKEN_REQUEST_URL"]
        refused(job, "ACTIONS_ID_TOKEN_REQUEST_URL", "id-token: write")

    def test_a_token_that_has_expired(self, job: Program) -> None:
        job.environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "old-token"
        result = refused(job, "GitHub", "401 HTTP: Bad credentials")
        assert "old-token" not in result.err


class TestAzurePipelines:
    """The service connection of an Azure Pipelines job."""

    SUBJECT = "sc://contoso/project/connection"
    CONNECTION = "66666666-7777-8888-9999-000000000000"

    @pytest.fixture
    def service(self, azure: Sandbox, issuer: Issuer) -> Iterator[LocalService]:
        issuer.trust(azure, azure.operator, self.SUBJECT)

        def answer(call: Call) -> Reply:
            if call.headers.get("authorization") != "Bearer system-token":
                return Reply(401, {"message": "TF400813: not authorized"})
            return Reply(body={"oidcToken": issuer.token(self.SUBJECT)})

        with LocalService(answer) as service:
            yield service

    @pytest.fixture
    def job(self, credferry: Program, azure: Sandbox, service: LocalService) -> Program:
        credferry.environment |= {
            "SYSTEM_OIDCREQUESTURI": service.url + "/oidctoken",
            "SYSTEM_ACCESSTOKEN": "system-token",
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": self.CONNECTION,
            "AZURESUBSCRIPTION_TENANT_ID": azure.info["tenant"],
            "AZURESUBSCRIPTION_CLIENT_ID": azure.operator,
        }
        return by(credferry, method="azure-pipelines")

    def test_it_signs_in(self, job: Program, service: LocalService) -> None:
        works(job)
        for call in service.calls:
            assert (call.method, call.path) == ("POST", "/oidctoken")
            assert call.query == {"api-version": "7.1", "serviceConnectionId": self.CONNECTION}
            assert call.headers["x-tfs-fedauthredirect"] == "Suppress"

    @pytest.mark.parametrize(
        ("variable", "status"),
        [
            ("SYSTEM_OIDCREQUESTURI", 77),
            ("SYSTEM_ACCESSTOKEN", 77),
            ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", 77),
            ("AZURESUBSCRIPTION_TENANT_ID", 78),
        ],
    )
    def test_what_a_job_was_not_given(self, job: Program, variable: str, status: int) -> None:
        del job.environment[variable]
        refused(job, variable if status == 77 else "tenant is missing", status=status)

    def test_a_token_that_is_not_accepted(self, job: Program) -> None:
        job.environment["SYSTEM_ACCESSTOKEN"] = "old-token"
        result = refused(job, "Azure Pipelines", "401 HTTP: TF400813")
        assert "old-token" not in result.err
