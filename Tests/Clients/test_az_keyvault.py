"""The Azure CLI keeps secrets in a vault."""

from __future__ import annotations

from typing import Any

import pytest

from azcli import Az, AzError
from openapi import check
from sandbox import Sandbox

VAULT = ("--vault-name", "ops")


@pytest.fixture
def stored(az: Az, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A secret in the vault, named after the test."""
    name = request.node.name.replace("_", "-")
    return az("keyvault", "secret", "set", *VAULT, "--name", name, "--value=-starts-with-a-dash")


def test_az_sets_a_secret(sandbox: Sandbox, stored: dict[str, Any]) -> None:
    assert stored["value"] == "-starts-with-a-dash"
    assert stored["id"].startswith(f"{sandbox.vault()}/secrets/{stored['name']}/")
    assert stored["attributes"]["enabled"] is True
    (version,) = sandbox.state()["vaults"]["ops"][stored["name"]]
    assert version["value"] == stored["value"]


def test_az_shows_a_secret(az: Az, stored: dict[str, Any]) -> None:
    shown = az("keyvault", "secret", "show", *VAULT, "--name", stored["name"])
    assert (shown["value"], shown["id"]) == (stored["value"], stored["id"])
    assert az("keyvault", "secret", "show", "--id", stored["id"])["value"] == stored["value"]


def test_az_says_that_a_secret_is_missing(az: Az) -> None:
    with pytest.raises(AzError, match="SecretNotFound"):
        az("keyvault", "secret", "show", *VAULT, "--name", "nothing")


def test_az_sets_tags_type_and_expiry(az: Az) -> None:
    options = ["--tags", "appId=1", "keyId=2", "--content-type", "application/x-credferry"]
    options += ["--expires", "2030-01-02T03:04:05Z", "--value=x"]
    made = az("keyvault", "secret", "set", *VAULT, "--name", "described", *options)
    assert made["tags"]["keyId"] == "2"
    assert made["contentType"] == "application/x-credferry"
    assert made["attributes"]["expires"] == "2030-01-02T03:04:05+00:00"


def test_az_lists_secrets_and_versions(az: Az, sandbox: Sandbox, stored: dict[str, Any]) -> None:
    name = stored["name"]
    again = az("keyvault", "secret", "set", *VAULT, "--name", name, "--value=second")
    sandbox.settings(pageSize=1)
    try:
        secrets = az("keyvault", "secret", "list", *VAULT)
        versions = az("keyvault", "secret", "list-versions", *VAULT, "--name", name)
    finally:
        sandbox.settings(pageSize=25)
    assert name in {secret["name"] for secret in secrets}
    assert {version["id"] for version in versions} == {stored["id"], again["id"]}
    shown = az("keyvault", "secret", "show", *VAULT, "--name", name)
    assert shown["value"] == "second"
    old = az("keyvault", "secret", "show", "--id", stored["id"])
    assert old["value"] == stored["value"]


def test_az_disables_a_version(az: Az, stored: dict[str, Any]) -> None:
    az("keyvault", "secret", "set-attributes", "--id", stored["id"], "--enabled", "false")
    with pytest.raises(AzError, match="Forbidden|disabled"):
        az("keyvault", "secret", "show", "--id", stored["id"])


def test_az_deletes_and_recovers_a_secret(az: Az, stored: dict[str, Any]) -> None:
    name = ("--name", stored["name"])
    az("keyvault", "secret", "delete", *VAULT, *name)
    with pytest.raises(AzError, match="SecretNotFound"):
        az("keyvault", "secret", "show", *VAULT, *name)
    with pytest.raises(AzError, match="ObjectIsDeletedButRecoverable|recoverable"):
        az("keyvault", "secret", "set", *VAULT, *name, "--value=x")
    deleted = az("keyvault", "secret", "list-deleted", *VAULT)
    assert stored["name"] in {secret["name"] for secret in deleted}
    az("keyvault", "secret", "recover", *VAULT, *name)
    assert az("keyvault", "secret", "show", *VAULT, *name)["value"] == stored["value"]


def test_az_purges_a_secret(az: Az, stored: dict[str, Any]) -> None:
    name = ("--name", stored["name"])
    az("keyvault", "secret", "delete", *VAULT, *name)
    az("keyvault", "secret", "purge", *VAULT, *name)
    with pytest.raises(AzError, match="SecretNotFound"):
        az("keyvault", "secret", "show-deleted", *VAULT, *name)


def test_what_was_exchanged_conforms(sandbox: Sandbox) -> None:
    assert [str(problem) for problem in check(sandbox.exchanges())] == []
