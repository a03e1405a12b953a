"""azure-keyvault-secrets keeps secrets in the sandbox's vaults, and meets its challenge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.secrets import SecretClient

# The library remembers challenges by host, for all of its clients; a test of the first one forgets.
from azure.keyvault.secrets._shared import http_challenge_cache as challenges

from libraries import audiences, credential
from openapi import check
from sandbox import Sandbox


@pytest.fixture
def secrets(trusted: Sandbox) -> Iterator[SecretClient]:
    """A client of the vault `ops`."""
    with SecretClient(trusted.vault(), credential(trusted)) as client:
        yield client


class FixedToken:
    """A credential that gives one token, whatever it is asked for."""

    def __init__(self, token: str) -> None:
        self.token = token

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """Give the token."""
        return AccessToken(self.token, int(datetime.now(timezone.utc).timestamp()) + 3600)


def test_a_secret_is_set_and_read_back(secrets: SecretClient, trusted: Sandbox) -> None:
    expiry = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=180)
    made = secrets.set_secret(
        "kept", "s3cret", content_type="application/x-credferry", tags={"a": "b"}, expires_on=expiry
    )
    read = secrets.get_secret("kept")
    assert (read.value, read.properties.version) == ("s3cret", made.properties.version)
    assert read.properties.expires_on == expiry
    assert read.properties.content_type == "application/x-credferry"
    assert read.properties.tags == {"a": "b"}
    assert trusted.state()["vaults"]["ops"]["kept"][-1]["value"] == "s3cret"


def test_every_set_makes_a_version(secrets: SecretClient, trusted: Sandbox) -> None:
    made = [secrets.set_secret("versioned", f"value {n}").properties.version for n in range(5)]
    assert len(set(made)) == 5
    trusted.settings(pageSize=2)
    try:
        listed = [item.version for item in secrets.list_properties_of_secret_versions("versioned")]
        names = [item.name for item in secrets.list_properties_of_secrets()]
    finally:
        trusted.settings(pageSize=25)
    assert sorted(listed) == sorted(made)
    assert names.count("versioned") == 1
    assert secrets.get_secret("versioned").value == "value 4"
    assert secrets.get_secret("versioned", made[0]).value == "value 0"


def test_an_update_changes_one_version_and_not_its_value(secrets: SecretClient) -> None:
    first = secrets.set_secret("updated", "one").properties.version
    secrets.set_secret("updated", "two", tags={"kept": "yes"})
    secrets.update_secret_properties("updated", first, enabled=False)
    with pytest.raises(HttpResponseError) as caught:
        secrets.get_secret("updated", first)
    assert caught.value.status_code == 403
    current = secrets.get_secret("updated")
    assert (current.value, current.properties.tags) == ("two", {"kept": "yes"})


def test_a_deleted_secret_can_be_recovered(secrets: SecretClient) -> None:
    secrets.set_secret("lost", "and found")
    deleted = secrets.begin_delete_secret("lost").result()
    assert deleted.scheduled_purge_date > deleted.deleted_date
    with pytest.raises(ResourceNotFoundError):
        secrets.get_secret("lost")
    with pytest.raises(ResourceExistsError):
        secrets.set_secret("lost", "again")
    assert "lost" in {secret.name for secret in secrets.list_deleted_secrets()}
    secrets.begin_recover_deleted_secret("lost").wait()
    assert secrets.get_secret("lost").value == "and found"


def test_a_purged_secret_is_gone(secrets: SecretClient) -> None:
    secrets.set_secret("purged", "x")
    secrets.begin_delete_secret("purged").wait()
    secrets.purge_deleted_secret("purged")
    with pytest.raises(ResourceNotFoundError):
        secrets.get_deleted_secret("purged")
    assert secrets.set_secret("purged", "new").value == "new"


@pytest.mark.parametrize("name", ["under_score", "x" * 128])
def test_a_name_that_the_vault_cannot_hold_is_refused(secrets: SecretClient, name: str) -> None:
    with pytest.raises(HttpResponseError) as caught:
        secrets.set_secret(name, "x")
    assert caught.value.status_code in (400, 404)


def test_a_value_over_25_kb_is_refused(secrets: SecretClient) -> None:
    with pytest.raises(HttpResponseError) as caught:
        secrets.set_secret("large", "x" * (25 * 1024 + 1))
    assert caught.value.status_code in (400, 413)


def test_the_challenge_names_a_resource_that_the_library_accepts(trusted: Sandbox) -> None:
    """The first request goes without token and body; the library checks the resource it is told."""
    challenges.clear()
    earlier = len(trusted.exchanges())
    with SecretClient(
        trusted.vault(), credential(trusted), verify_challenge_resource=True
    ) as client:
        client.set_secret("challenged", "x")
    since = trusted.exchanges()[earlier:]
    vault = [exchange for exchange in since if ".vault." in exchange["url"]]
    assert [exchange["status"] for exchange in vault] == [401, 200]
    assert not vault[0]["requestBody"]
    assert [str(problem) for problem in check(since)] == []


def test_a_challenge_for_a_foreign_resource_is_not_met(trusted: Sandbox) -> None:
    """A vault that asks for another service's token must not get it; the sandbox can play one."""
    challenges.clear()
    info = trusted.info
    words = f'Bearer authorization="{info["login"]}/{info["tenant"]}", resource="{info["graph"]}"'
    body = {"error": {"code": "Unauthorized", "message": "AKV10000: Request is missing a token."}}
    effect = {"status": 401, "headers": {"WWW-Authenticate": words}, "body": body}
    trusted.fault(service="vault", times=1, effect=effect)
    try:
        with SecretClient(trusted.vault(), credential(trusted)) as client:
            with pytest.raises(ValueError, match="does not match the requested domain"):
                client.get_secret("challenged")
    finally:
        trusted.clear_faults()
        challenges.clear()


@pytest.mark.parametrize("service", ["management", "graph"])
def test_a_token_for_another_service_is_refused(trusted: Sandbox, service: str) -> None:
    other = FixedToken(trusted.token(audiences(trusted)[service]))
    with SecretClient(trusted.vault(), other) as client, pytest.raises(HttpResponseError) as caught:
        client.get_secret("anything")
    assert caught.value.status_code == 401


def test_what_was_exchanged_conforms(sandbox: Sandbox) -> None:
    assert [str(problem) for problem in check(sandbox.exchanges())] == []
