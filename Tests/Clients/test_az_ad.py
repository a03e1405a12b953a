"""The Azure CLI manages credentials of applications and service principals."""

from __future__ import annotations

from typing import Any

import pytest

from azcli import Az, AzError
from openapi import check
from sandbox import Sandbox
from waiting import until_accepted


@pytest.fixture
def application(sandbox: Sandbox, request: pytest.FixtureRequest) -> dict[str, Any]:
    """An application with one credential, named after the test."""
    return sandbox.add_application(request.node.name)


def credentials(sandbox: Sandbox, app_id: str, kind: str = "application") -> dict[str, Any]:
    """The credentials of an application or of its service principal, by keyId."""
    held = sandbox.application(app_id)["credentials"]
    return {credential["keyId"]: credential for credential in held if credential["object"] == kind}


def test_az_shows_an_application(az: Az, sandbox: Sandbox, application: dict[str, Any]) -> None:
    shown = az("ad", "app", "show", "--id", application["appId"])
    held = sandbox.application(application["appId"])
    assert (shown["appId"], shown["id"]) == (held["appId"], held["objectId"])
    assert shown["displayName"] == held["displayName"]
    (credential,) = shown["passwordCredentials"]
    assert credential["secretText"] is None
    assert credential["hint"] == application["secret"][:3]


def test_az_says_not_found(az: Az) -> None:
    with pytest.raises(AzError) as caught:
        az("ad", "app", "show", "--id", "00000000-1111-2222-3333-444444444444")
    assert caught.value.status == 3  # the CLI's status for a 404 of Graph


def test_az_lists_credentials_of_an_application(
    az: Az, sandbox: Sandbox, application: dict[str, Any]
) -> None:
    listed = az("ad", "app", "credential", "list", "--id", application["appId"])
    held = credentials(sandbox, application["appId"])
    assert {credential["keyId"] for credential in listed} == set(held)


def test_az_reset_removes_the_old_credentials_before_it_adds_one(
    az: Az, sandbox: Sandbox, application: dict[str, Any]
) -> None:
    app_id = application["appId"]
    old = set(credentials(sandbox, app_id))
    made = az("ad", "app", "credential", "reset", "--id", app_id, "--display-name", "reset")
    (new,) = credentials(sandbox, app_id).values()
    assert new["keyId"] not in old
    assert new["displayName"] == "reset"
    assert made["appId"] == app_id
    assert made["tenant"] == sandbox.info["tenant"]
    until_accepted(sandbox, app_id, made["password"])
    assert sandbox.token_answer(app_id, application["secret"], sandbox.info["graph"]).status == 401


def test_az_reset_breaks_the_cluster_that_holds_the_old_secret(az: Az, sandbox: Sandbox) -> None:
    """The old credential goes first, so every cluster that holds it is dead: credferry's reason."""
    sandbox.add_cluster(name="broken", kind="service-principal")
    az("ad", "app", "credential", "reset", "--id", sandbox.cluster("broken")["clientId"])
    assert not sandbox.cluster("broken")["secretIsAccepted"]
    assert "broken" in {violation["cluster"] for violation in sandbox.violations()}


def test_az_reset_with_append_keeps_the_old_credential(
    az: Az, sandbox: Sandbox, application: dict[str, Any]
) -> None:
    app_id = application["appId"]
    old = set(credentials(sandbox, app_id))
    made = az("ad", "app", "credential", "reset", "--id", app_id, "--append")
    assert old < set(credentials(sandbox, app_id))
    until_accepted(sandbox, app_id, made["password"])
    assert sandbox.token_answer(app_id, application["secret"], sandbox.info["graph"]).status == 200


def test_az_deletes_one_credential(az: Az, sandbox: Sandbox, application: dict[str, Any]) -> None:
    app_id = application["appId"]
    az("ad", "app", "credential", "reset", "--id", app_id, "--append")
    first, second = credentials(sandbox, app_id)
    az("ad", "app", "credential", "delete", "--id", app_id, "--key-id", first)
    assert set(credentials(sandbox, app_id)) == {second}


def test_az_resets_a_service_principal_beside_its_application(
    az: Az, sandbox: Sandbox, application: dict[str, Any]
) -> None:
    """Its credentials are a list of their own, which the application does not show."""
    app_id = application["appId"]
    before = set(credentials(sandbox, app_id))
    made = az("ad", "sp", "credential", "reset", "--id", app_id)
    (added,) = credentials(sandbox, app_id, "servicePrincipal")
    assert set(credentials(sandbox, app_id)) == before
    until_accepted(sandbox, app_id, made["password"])
    listed = az("ad", "sp", "credential", "list", "--id", app_id)
    assert [credential["keyId"] for credential in listed] == [added]
    listed = az("ad", "app", "credential", "list", "--id", app_id)
    assert {credential["keyId"] for credential in listed} == before


def test_az_shows_a_service_principal(
    az: Az, sandbox: Sandbox, application: dict[str, Any]
) -> None:
    shown = az("ad", "sp", "show", "--id", application["appId"])
    assert shown["id"] == sandbox.application(application["appId"])["servicePrincipalObjectId"]
    assert shown["appId"] == application["appId"]


def test_az_creates_and_deletes_an_application(az: Az, sandbox: Sandbox) -> None:
    made = az("ad", "app", "create", "--display-name", "made by az")
    assert sandbox.application(made["appId"])["displayName"] == "made by az"
    az("ad", "app", "delete", "--id", made["appId"])
    listed = az("ad", "app", "list", "--app-id", made["appId"])
    assert listed == []


def test_az_creates_a_service_principal_for_rbac(az: Az, sandbox: Sandbox) -> None:
    made = az("ad", "sp", "create-for-rbac", "--name", "rbac by az")
    held = sandbox.application(made["appId"])
    assert held["displayName"] == "rbac by az"
    assert [credential["displayName"] for credential in held["credentials"]] == ["rbac"]
    assert made["tenant"] == sandbox.info["tenant"]
    until_accepted(sandbox, made["appId"], made["password"])


def test_what_was_exchanged_conforms(sandbox: Sandbox) -> None:
    assert [str(problem) for problem in check(sandbox.exchanges())] == []
