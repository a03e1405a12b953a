"""Key Vault in the states that vaults get into."""

from __future__ import annotations

from typing import Any

import pytest
from loopback import Answer
from program import Program
from sandbox import Sandbox

NAME = "demo-service-principal"
REFUSAL = {"error": {"code": "Unauthorized", "message": "AKV10000: Request is missing a Bearer or PoP token."}}


def vault(azure: Sandbox, method: str, path: str, body: Any = None) -> Answer:
    """Ask the vault as somebody else with rights on it."""
    url = f"{azure.vault()}/{path}?api-version=7.4"
    token = azure.token(f"https://{azure.info['vaultSuffix']}")
    return azure.request(method, url, token=token, json_body=body)


@pytest.fixture
def rotated(credferry: Program) -> Program:
    """The program, after one rotation."""
    credferry.ok("rotate", "demo")
    return credferry


class TestSoftDelete:
    """A deleted name cannot be used again: it is recovered, and gets the new secret."""

    def test_a_deleted_name_is_recovered(self, rotated: Program, azure: Sandbox) -> None:
        assert vault(azure, "DELETE", f"secrets/{NAME}").status == 200
        assert rotated.run("get", "demo", "--from", "vault").status == 1
        (report,) = rotated.json("rotate", "demo")["rotations"]
        assert report["outcome"] == "rotated"
        assert rotated.ok("get", "demo", "--from", "vault").out == azure.cluster()["secret"]
        recovered = [e for e in azure.exchanges() if e["url"].split("?")[0].endswith("/recover")]
        assert len(recovered) == 1

    def test_one_that_is_still_being_deleted(self, rotated: Program, azure: Sandbox) -> None:
        azure.settings(deletionTime=2)
        assert vault(azure, "DELETE", f"secrets/{NAME}").status == 200
        rotated.ok("rotate", "demo")
        assert rotated.ok("get", "demo", "--from", "vault").out == azure.cluster()["secret"]

    def test_not_permitted_to_recover(self, rotated: Program, azure: Sandbox) -> None:
        assert vault(azure, "DELETE", f"secrets/{NAME}").status == 200
        azure.deny("vault.recover")
        result = rotated.run("rotate", "demo")
        assert result.status == 2, result
        assert "recover the deleted secret" in result.out and "Forbidden" in result.out
        azure.deny()
        assert [r["outcome"] for r in rotated.json("resume")["rotations"]] == ["rotated"]


class TestVersions:
    """Each rotation is a new version."""

    def test_a_disabled_version_is_in_nobodys_way(self, rotated: Program, azure: Sandbox) -> None:
        answer = vault(azure, "PATCH", f"secrets/{NAME}", {"attributes": {"enabled": False}})
        assert answer.status == 200
        result = rotated.run("get", "demo", "--from", "vault")
        assert result.status == 77 and "SecretDisabled" in result.err + result.out or "disabled" in result.err
        assert "enable the version, or rotate" in result.err
        rotated.ok("rotate", "demo")
        assert rotated.ok("get", "demo", "--from", "vault").out == azure.cluster()["secret"]

    def test_earlier_ones_stay(self, rotated: Program, azure: Sandbox) -> None:
        (second,) = rotated.json("rotate", "demo")["rotations"]
        answer = vault(azure, "GET", f"secrets/{NAME}/versions")
        versions = [item["id"].rsplit("/", 1)[1] for item in answer.json["value"]]
        assert len(versions) == 2
        (delivered,) = [sink for sink in second["sinks"] if sink["sink"] == "vault"]
        assert delivered["version"] in versions


class TestChallenge:
    """A vault that names what it is no part of gets no token."""

    @pytest.mark.parametrize(
        ("authorization", "resource", "says"),
        [
            ("{login}/tenant", "https://management.azure.com", "management.azure.com"),
            ("https://login.evil.example/tenant", "{vault}", "login.evil.example"),
            ("{login}/tenant", "https://evil{suffix}", "evil"),
        ],
    )
    def test_a_foreign_name(
        self, credferry: Program, azure: Sandbox, authorization: str, resource: str, says: str
    ) -> None:
        suffix = azure.vault().split("://ops.", 1)[1]
        names = {
            "login": azure.info["login"],
            "vault": f"https://{suffix}",
            "suffix": suffix,
        }
        header = f'Bearer authorization="{authorization}", resource="{resource}"'.format(**names)
        azure.fault(
            service="vault",
            times=None,
            effect={"status": 401, "headers": {"WWW-Authenticate": header}, "body": REFUSAL},
        )
        result = credferry.run("rotate", "demo")
        assert result.status == 1, result
        assert "gets no token" in result.out and says in result.out
        for exchange in azure.exchanges():
            assert "addPassword" not in exchange["url"]
            if "vault" in exchange["url"].split("/")[2]:
                assert "authorization" not in {name.lower() for name, _ in headers(exchange)}


def headers(exchange: dict[str, Any]) -> list[tuple[str, Any]]:
    """The headers of an exchange's request."""
    found = exchange["requestHeaders"]
    return list(found.items()) if isinstance(found, dict) else [tuple(pair) for pair in found]
