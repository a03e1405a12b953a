"""The Azure CLI grants roles to service principals, and makes new ones with a role."""

from __future__ import annotations

import pytest

from azcli import Az
from openapi import check
from sandbox import Sandbox
from waiting import until_accepted


@pytest.fixture(scope="module")
def scope(sandbox: Sandbox) -> str:
    """The scope of the sandbox's resource group."""
    return f"/subscriptions/{sandbox.info['subscription']}/resourceGroups/rg-demo"


@pytest.fixture(scope="module")
def principal(sandbox: Sandbox) -> str:
    """The object id of a service principal that has no role."""
    app_id = sandbox.add_application("roles")["appId"]
    return sandbox.application(app_id)["servicePrincipalObjectId"]


def roles(az: Az, scope: str, principal: str) -> set[str]:
    """The roles of a service principal."""
    listed = az("role", "assignment", "list", "--assignee", principal, "--scope", scope)
    return {assignment["roleDefinitionName"] for assignment in listed}


def test_az_grants_a_role_and_takes_it_back(az: Az, scope: str, principal: str) -> None:
    assert roles(az, scope, principal) == set()
    whom = ["--assignee-object-id", principal, "--assignee-principal-type", "ServicePrincipal"]
    made = az("role", "assignment", "create", *whom, "--role", "Contributor", "--scope", scope)
    assert (made["principalId"], made["scope"]) == (principal, scope)
    assert roles(az, scope, principal) == {"Contributor"}
    az("role", "assignment", "delete", "--assignee", principal, "--scope", scope)
    assert roles(az, scope, principal) == set()


def test_az_creates_a_service_principal_with_a_role(az: Az, sandbox: Sandbox, scope: str) -> None:
    options = ["--name", "with a role", "--role", "Contributor", "--scopes", scope]
    made = az("ad", "sp", "create-for-rbac", *options)
    held = sandbox.application(made["appId"])
    assert roles(az, scope, held["servicePrincipalObjectId"]) == {"Contributor"}
    until_accepted(sandbox, made["appId"], made["password"])


def test_what_was_exchanged_conforms(sandbox: Sandbox) -> None:
    assert [str(problem) for problem in check(sandbox.exchanges())] == []
