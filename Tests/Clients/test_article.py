"""Each procedure of Microsoft's article, by one command of credferry's; the Azure CLI says what came of it.

"Update or rotate the credentials for an Azure Kubernetes Service (AKS) cluster",
https://learn.microsoft.com/azure/aks/update-credentials. Each test has the name of a section.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from azcli import Az
from openapi import check
from sandbox import ROOT, Sandbox

GROUP = "rg-demo"
TIMEOUT = 300.0


@dataclass
class Credferry:
    """The built program, with a configuration of one cluster."""

    sandbox: Sandbox
    home: Path
    cluster: str
    policy: dict[str, str] = field(default_factory=lambda: {"overlap": "0s"})

    def __call__(self, *arguments: str, status: int = 0) -> Any:
        """Run a command, and give its JSON."""
        document = yaml.safe_load(self.sandbox.configuration.read_text("utf-8"))
        document["defaults"].update(sinks=["disk", "vault"], policy=self.policy)
        document["clusters"] = [{**document["clusters"][0], "name": self.cluster, "cluster": self.cluster}]
        path = self.sandbox.directory / f"{self.cluster}.yaml"
        path.write_text(yaml.safe_dump(document), "utf-8")
        program = Path(os.environ.get("CREDFERRY") or ROOT / ".build" / "debug" / "credferry")
        run = subprocess.run(
            [str(program), *arguments, "--output", "json"],
            env={
                "CREDFERRY_CONFIG": str(path),
                "HOME": str(self.home),
                "PATH": os.environ["PATH"],
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert run.returncode == status, f"{arguments}: {run.returncode}\n{run.stdout}\n{run.stderr}"
        return json.loads(run.stdout) if run.stdout else None

    def secret(self, kind: str = "service-principal") -> str:
        """What the file sink holds."""
        path = self.sandbox.directory / "secrets" / f"{self.cluster}.{kind}.json"
        return json.loads(path.read_text("utf-8"))["password"]


@pytest.fixture
def credferry(
    sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Credferry]:
    """A cluster of its own for each test, which never holds a dead secret."""
    marker = request.node.get_closest_marker("cluster")
    shape = {"kind": "service-principal", **(marker.kwargs if marker else {})}
    name = request.node.name.replace("_", "-")[5:35].strip("-")
    sandbox.add_cluster(name=name, **shape)
    yield Credferry(sandbox, tmp_path, name)
    assert name not in {violation["cluster"] for violation in sandbox.violations()}


def credentials(az: Az, app_id: str) -> dict[str, str]:
    """What the CLI lists of an application: when each credential expires, by its key id."""
    return {line["keyId"]: line["endDateTime"] for line in az("ad", "app", "credential", "list", "--id", app_id)}


def client_of(az: Az, cluster: str) -> str:
    """The cluster's service principal, in the article's words."""
    query = "servicePrincipalProfile.clientId"
    return az("aks", "show", "--resource-group", GROUP, "--name", cluster, "--query", query)


def roles_of(az: Az, principal: str) -> set[tuple[str, str]]:
    """The roles of a principal, each with its scope."""
    listed = az("role", "assignment", "list", "--all", "--assignee", principal)
    return {(line["roleDefinitionName"], line["scope"].lower()) for line in listed}


def signs_in(sandbox: Sandbox, client: str, secret: str) -> bool:
    """Whether Entra gives a token for the secret."""
    return sandbox.token_answer(client, secret, sandbox.info["management"]).status == 200


def test_check_the_expiration_date_of_your_service_principal(
    az: Az, sandbox: Sandbox, credferry: Credferry
) -> None:
    client = client_of(az, credferry.cluster)
    listed = credentials(az, client)
    (line,) = credferry("status")["credentials"]
    assert line["appId"] == client
    assert {other["keyId"] for other in line["others"]} == set(listed)
    assert line["notAfter"][:19] == max(listed.values())[:19]
    assert credferry("status", "--within", "7d")
    assert credferry("status", "--within", "3650d", status=3)


def test_reset_the_existing_service_principal_credentials(
    az: Az, sandbox: Sandbox, credferry: Credferry
) -> None:
    """By hand: reset, hold the secret in a variable, update-credentials. The old secret is dead meanwhile."""
    client = client_of(az, credferry.cluster)
    before = credentials(az, client)
    (report,) = credferry("rotate", credferry.cluster)["rotations"]
    assert report["outcome"] == "rotated"
    after = credentials(az, client)
    assert set(after) == {*before, report["keyId"]}
    assert after[report["keyId"]][:19] == report["notAfter"][:19]
    assert client_of(az, credferry.cluster) == client
    assert sandbox.cluster(credferry.cluster)["secret"] == credferry.secret()
    assert signs_in(sandbox, client, credferry.secret())

    (second,) = credferry("rotate", credferry.cluster)["rotations"]
    credferry("resume")
    assert set(credentials(az, client)) == {*before, second["keyId"]}


def test_what_the_cli_put_on_the_service_principal_object(
    az: Az, sandbox: Sandbox, credferry: Credferry
) -> None:
    """`az ad sp credential reset` writes where the portal does not look; credferry reads both places."""
    client = client_of(az, credferry.cluster)
    az("ad", "sp", "credential", "reset", "--id", client, "--append", "--display-name", "by-hand")
    (hidden,) = [c["keyId"] for c in az("ad", "sp", "credential", "list", "--id", client)]
    assert hidden not in credentials(az, client)
    (line,) = credferry("status")["credentials"]
    assert {"keyId": hidden, "added": "other", "state": "foreign"}.items() <= next(
        other for other in line["others"] if other["keyId"] == hidden
    ).items()
    credferry("rotate", credferry.cluster)
    credferry("retire", credferry.cluster, "--adopt", hidden)
    assert az("ad", "sp", "credential", "list", "--id", client) == []


def test_create_a_new_service_principal(az: Az, sandbox: Sandbox, credferry: Credferry) -> None:
    """By hand: create-for-rbac, half an hour of waiting, update-credentials; the roles are the reader's affair."""
    former = client_of(az, credferry.cluster)
    principal = az("ad", "sp", "show", "--id", former, "--query", "id")
    scope = f"/subscriptions/{sandbox.info['subscription']}/resourceGroups/{GROUP}"
    given = ["--assignee-object-id", principal, "--assignee-principal-type", "ServicePrincipal"]
    az("role", "assignment", "create", "--role", "Contributor", "--scope", scope, *given)
    roles = roles_of(az, principal)
    assert len(roles) > 1

    (report,) = credferry("rotate", credferry.cluster, "--replace")["rotations"]
    assert report["outcome"] == "rotated"
    client = client_of(az, credferry.cluster)
    assert client != former
    assert set(credentials(az, client)) == {report["keyId"]}
    assert sandbox.cluster(credferry.cluster)["secret"] == credferry.secret()
    made = az("ad", "sp", "show", "--id", client, "--query", "id")
    assert roles_of(az, made) == roles
    assert az("ad", "sp", "show", "--id", former, "--query", "accountEnabled") is True


def test_update_aks_cluster_with_service_principal_credentials(
    az: Az, sandbox: Sandbox, credferry: Credferry
) -> None:
    """What the article passes on a command line comes out of a sink."""
    client = client_of(az, credferry.cluster)
    password = az("ad", "app", "credential", "reset", "--id", client, "--append", "--query", "password")
    folder = sandbox.directory / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{credferry.cluster}.service-principal.json"
    document = {"appId": client, "password": password, "tenant": sandbox.info["tenant"]}
    path.write_text(json.dumps(document), "utf-8")
    path.chmod(0o600)
    (report,) = credferry("apply", credferry.cluster, "--from", "disk")["rotations"]
    assert report["outcome"] == "rotated"
    shown = az("aks", "show", "--resource-group", GROUP, "--name", credferry.cluster)
    assert shown["provisioningState"] == "Succeeded"
    assert sandbox.cluster(credferry.cluster)["secret"] == password


@pytest.mark.cluster(aad="legacy")
def test_update_aks_cluster_with_new_microsoft_entra_application_credentials(
    az: Az, sandbox: Sandbox, credferry: Credferry
) -> None:
    before = sandbox.cluster(credferry.cluster)["aad"]
    server = before["serverAppId"]
    listed = set(credentials(az, server))
    (report,) = credferry("rotate", f"{credferry.cluster}/entra-app")["rotations"]
    assert (report["outcome"], report["appId"]) == ("rotated", server)
    assert set(credentials(az, server)) == {*listed, report["keyId"]}
    profile = az(
        "aks", "show", "--resource-group", GROUP, "--name", credferry.cluster, "--query", "aadProfile"
    )
    assert profile["serverAppId"] == server
    assert profile["clientAppId"] == before["clientAppId"]
    held = sandbox.cluster(credferry.cluster)["aad"]
    assert held["serverAppSecret"] == credferry.secret("entra-app") != before["serverAppSecret"]


@pytest.mark.cluster(kind="managed-identity")
def test_use_a_managed_identity_instead(az: Az, credferry: Credferry) -> None:
    """What has nothing to rotate is said to have nothing."""
    assert client_of(az, credferry.cluster) == "msi"
    (report,) = credferry("rotate", credferry.cluster)["rotations"]
    assert report["outcome"] == "unchanged" and "managed identity" in report["reason"]
    (skip,) = credferry("status")["skipped"]
    assert skip["reason"] == "managed-identity"


def test_what_was_exchanged_conforms(sandbox: Sandbox) -> None:
    assert [str(problem) for problem in check(sandbox.exchanges())] == []
