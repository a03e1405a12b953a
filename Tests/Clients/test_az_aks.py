"""The Azure CLI signs in, and updates clusters as Microsoft's article on AKS credentials has it.

https://learn.microsoft.com/azure/aks/update-credentials
"""

from __future__ import annotations

from pathlib import Path

import pytest

from azcli import Az, AzError
from openapi import check
from sandbox import Sandbox
from waiting import until_accepted

GROUP = "rg-demo"


def client_of(az: Az, cluster: str) -> str:
    """Ask the CLI for the service principal of a cluster, in the article's words."""
    query = "servicePrincipalProfile.clientId"
    return az("aks", "show", "--resource-group", GROUP, "--name", cluster, "--query", query)


def update_credentials(az: Az, cluster: str, client: str, secret: str) -> None:
    """Give a cluster a secret; the CLI follows the operation to its end."""
    where = ["--resource-group", GROUP, "--name", cluster]
    what = ["--service-principal", client, f"--client-secret={secret}"]
    az("aks", "update-credentials", "--reset-service-principal", *where, *what)


def test_az_signs_in(az: Az, sandbox: Sandbox) -> None:
    account = az("account", "show")
    assert account["id"] == sandbox.info["subscription"]
    assert account["tenantId"] == sandbox.info["tenant"]
    assert account["user"] == {"name": sandbox.operator, "type": "servicePrincipal"}


def test_az_is_refused_with_a_wrong_secret(sandbox: Sandbox, tmp_path: Path) -> None:
    az = Az(sandbox, tmp_path / "configuration")
    az.register()
    who = ["--username", sandbox.operator, "--tenant", sandbox.info["tenant"]]
    with pytest.raises(AzError, match="AADSTS7000215"):
        az("login", "--service-principal", *who, "--password=abc8Q~not-this-one")


def test_az_learns_the_cloud_from_resource_manager(az: Az, sandbox: Sandbox) -> None:
    management = sandbox.info["management"]
    az("cloud", "register", "--name=learnt", f"--endpoint-resource-manager={management}")
    cloud = az("cloud", "show", "--name=learnt")
    assert cloud["endpoints"]["activeDirectory"].rstrip("/") == sandbox.info["login"]
    assert cloud["endpoints"]["microsoftGraphResourceId"].rstrip("/") == sandbox.info["graph"]
    assert cloud["suffixes"]["keyvaultDns"] == f".{sandbox.info['vaultSuffix']}"


def test_az_shows_a_cluster(az: Az, sandbox: Sandbox) -> None:
    held = sandbox.cluster("demo")
    cluster = az("aks", "show", "--resource-group", GROUP, "--name", "demo")
    assert cluster["id"].lower() == held["id"].lower()
    assert cluster["provisioningState"] == "Succeeded"
    assert cluster["servicePrincipalProfile"] == {"clientId": held["clientId"], "secret": None}
    assert cluster["agentPoolProfiles"]


def test_az_lists_clusters_page_by_page(az: Az, sandbox: Sandbox) -> None:
    for name in ("page-1", "page-2"):
        sandbox.add_cluster(name=name, kind="service-principal")
    sandbox.add_cluster(name="page-3", kind="managed-identity")
    sandbox.settings(pageSize=2)
    try:
        everywhere = {cluster["name"]: cluster for cluster in az("aks", "list")}
        in_group = {cluster["name"] for cluster in az("aks", "list", "--resource-group", GROUP)}
    finally:
        sandbox.settings(pageSize=100)
    assert {"demo", "page-1", "page-2", "page-3"} <= set(everywhere)
    assert {"demo", "page-1", "page-2", "page-3"} <= in_group
    assert everywhere["page-3"]["servicePrincipalProfile"]["clientId"] == "msi"


def test_the_article_leaves_the_cluster_with_a_dead_secret_for_a_while(
    az: Az, sandbox: Sandbox
) -> None:
    """Between the article's two commands the cluster is broken: credferry's reason to exist."""
    sandbox.add_cluster(name="article", kind="service-principal")
    before = sandbox.cluster("article")
    client = client_of(az, "article")
    assert client == before["clientId"]

    secret = az("ad", "app", "credential", "reset", "--id", client, "--query", "password")

    between = sandbox.cluster("article")
    assert between["secret"] == before["secret"]
    assert not between["secretIsAccepted"]
    assert "article" in {violation["cluster"] for violation in sandbox.violations()}

    until_accepted(sandbox, client, secret)
    update_credentials(az, "article", client, secret)

    after = sandbox.cluster("article")
    assert after["secret"] == secret != before["secret"]
    assert after["secretIsAccepted"]
    assert after["provisioningState"] == "Succeeded"


def test_appending_never_leaves_the_cluster_without_a_good_secret(az: Az, sandbox: Sandbox) -> None:
    sandbox.add_cluster(name="append", kind="service-principal")
    client = client_of(az, "append")
    reset = ["--id", client, "--append", "--query", "password"]
    secret = az("ad", "app", "credential", "reset", *reset)
    until_accepted(sandbox, client, secret)
    update_credentials(az, "append", client, secret)
    assert sandbox.cluster("append")["secret"] == secret
    assert "append" not in {violation["cluster"] for violation in sandbox.violations()}


def test_aks_refuses_a_secret_that_entra_refuses(az: Az, sandbox: Sandbox) -> None:
    before = sandbox.cluster("demo")
    with pytest.raises(AzError, match="(?s)ServicePrincipalProfile.*AADSTS7000215"):
        update_credentials(az, "demo", before["clientId"], "abc8Q~not-this-one")
    assert sandbox.cluster("demo") == before


def test_aks_refuses_a_secret_with_a_quote(az: Az, sandbox: Sandbox) -> None:
    before = sandbox.cluster("demo")
    with pytest.raises(AzError, match="invalid characters"):
        update_credentials(az, "demo", before["clientId"], "abc8Q~with'quote")
    assert sandbox.cluster("demo") == before


def test_az_resets_a_legacy_entra_profile(az: Az, sandbox: Sandbox) -> None:
    sandbox.add_cluster(name="legacy", kind="service-principal", aad="legacy")
    server, client = sandbox.add_application("server"), sandbox.add_application("client")
    apps = ["--aad-server-app-id", server["appId"], "--aad-client-app-id", client["appId"]]
    secret = f"--aad-server-app-secret={server['secret']}"
    where = ["--resource-group", GROUP, "--name", "legacy"]
    az("aks", "update-credentials", "--reset-aad", *where, *apps, secret)
    held = sandbox.cluster("legacy")["aad"]
    assert held["serverAppId"] == server["appId"]
    assert held["clientAppId"] == client["appId"]
    assert held["serverAppSecret"] == server["secret"]


def test_a_cluster_with_a_managed_identity_has_nothing_to_reset(az: Az, sandbox: Sandbox) -> None:
    sandbox.add_cluster(name="managed", kind="managed-identity")
    client = sandbox.cluster("demo")["clientId"]
    with pytest.raises(AzError):
        update_credentials(az, "managed", client, sandbox.cluster("demo")["secret"])
    assert client_of(az, "managed") == "msi"


def test_az_reports_an_operation_that_fails(az: Az, sandbox: Sandbox) -> None:
    sandbox.add_cluster(name="failing", kind="service-principal")
    held = sandbox.cluster("failing")
    sandbox.settings(operationFails=1)
    with pytest.raises(AzError):
        update_credentials(az, "failing", held["clientId"], held["secret"])
    shown = az("aks", "show", "--resource-group", GROUP, "--name", "failing")
    assert shown["provisioningState"] == "Failed"


def test_what_was_exchanged_conforms(sandbox: Sandbox) -> None:
    assert [str(problem) for problem in check(sandbox.exchanges())] == []
