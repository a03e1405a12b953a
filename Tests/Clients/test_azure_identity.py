"""azure-identity signs in to the sandbox."""

from __future__ import annotations

import base64
import json
import time

import pytest
from azure.core.exceptions import ClientAuthenticationError

from libraries import audiences, credential
from openapi import check
from sandbox import Sandbox

SERVICES = ("management", "graph", "vault")


def probe(sandbox: Sandbox, service: str) -> str:
    """A URL of a service that a good token may read."""
    info = sandbox.info
    return {
        "management": f"{info['management']}/subscriptions?api-version=2022-12-01",
        "graph": f"{info['graph']}/v1.0/applications",
        "vault": f"{sandbox.vault()}/secrets?api-version=7.4",
    }[service]


@pytest.mark.parametrize("service", SERVICES)
def test_a_token_for_a_service_opens_that_service(trusted: Sandbox, service: str) -> None:
    audience = audiences(trusted)[service]
    token = credential(trusted).get_token(f"{audience}/.default")
    assert 3000 < token.expires_on - time.time() <= 3600
    claims = json.loads(base64.urlsafe_b64decode(token.token.split(".")[1] + "=="))
    assert claims["aud"].rstrip("/") == audience
    assert claims["appid"] == trusted.operator
    assert claims["tid"] == trusted.info["tenant"]
    assert trusted.request("GET", probe(trusted, service), token=token.token).status == 200


@pytest.mark.parametrize("service", SERVICES)
def test_a_token_for_another_service_is_refused(trusted: Sandbox, service: str) -> None:
    for other in SERVICES:
        if other != service:
            token = credential(trusted).get_token(f"{audiences(trusted)[other]}/.default").token
            assert trusted.request("GET", probe(trusted, service), token=token).status == 401


def test_a_wrong_secret_raises(trusted: Sandbox) -> None:
    wrong = credential(trusted, secret="abc8Q~not-this-one")
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        wrong.get_token(f"{trusted.info['graph']}/.default")


def test_an_unknown_client_raises(trusted: Sandbox) -> None:
    unknown = credential(trusted, client="00000000-1111-2222-3333-444444444444")
    with pytest.raises(ClientAuthenticationError, match="AADSTS700016"):
        unknown.get_token(f"{trusted.info['graph']}/.default")


def test_a_new_secret_is_refused_until_it_is_propagated(trusted: Sandbox) -> None:
    application = trusted.add_application("propagation")
    trusted.settings(propagation=3600)
    try:
        graph = trusted.info["graph"]
        added = trusted.request(
            "POST",
            f"{graph}/v1.0/applications(appId='{application['appId']}')/addPassword",
            token=trusted.token(graph),
            json_body={"passwordCredential": {"displayName": "new"}},
        ).json["secretText"]
        fresh = credential(trusted, application["appId"], added)
        with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
            fresh.get_token(f"{graph}/.default")
    finally:
        trusted.settings(propagation=0.5)


def test_what_was_exchanged_conforms(sandbox: Sandbox) -> None:
    assert [str(problem) for problem in check(sandbox.exchanges())] == []
