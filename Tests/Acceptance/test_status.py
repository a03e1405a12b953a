"""`status`: both places where credentials live, what is due, and how a terminal shows it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from program import Program
from sandbox import Sandbox
from test_terminal import watch

PRINCIPAL = "servicePrincipal"


def in_days(days: float) -> str:
    moment = datetime.now(timezone.utc) + timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def add_by_hand(azure: Sandbox, object_id: str, place: str, days: float = 90) -> dict[str, Any]:
    """What `az ad sp credential reset` and `az ad app credential reset` do to their object."""
    credential = {"displayName": "by-hand", "endDateTime": in_days(days)}
    answer = azure.request(
        "POST",
        f"{azure.info['graph']}/v1.0/{place}/{object_id}/addPassword",
        token=azure.token(azure.info["graph"]),
        json_body={"passwordCredential": credential},
    )
    assert answer.status == 200, answer
    return answer.json


def remove_by_hand(azure: Sandbox, object_id: str, key_id: str) -> None:
    answer = azure.request(
        "POST",
        f"{azure.info['graph']}/v1.0/applications/{object_id}/removePassword",
        token=azure.token(azure.info["graph"]),
        json_body={"keyId": key_id},
    )
    assert answer.status == 204, answer


def places(azure: Sandbox, app_id: str) -> dict[str, str]:
    """Where each credential of an application is."""
    return {c["keyId"]: c["object"] for c in azure.application(app_id)["credentials"]}


def state_of(credferry: Program, target: str = "demo") -> str:
    (line,) = credferry.json("status", target)["credentials"]
    return line["state"]


class TestBothPlaces:
    """The application object, which the portal shows, and the service principal object, which it does not."""

    @pytest.fixture
    def hidden(self, azure: Sandbox) -> str:
        application = azure.application(azure.cluster()["clientId"])
        made = add_by_hand(azure, application["servicePrincipalObjectId"], "servicePrincipals")
        return made["keyId"]

    def test_both_are_listed_with_their_place(
        self, credferry: Program, azure: Sandbox, hidden: str
    ) -> None:
        time.sleep(0.5)  # the sandbox's replicas
        (line,) = credferry.json("status")["credentials"]
        found = {other["keyId"]: other["object"] for other in line["others"]}
        assert found == places(azure, azure.cluster()["clientId"])
        assert found[hidden] == "servicePrincipal"
        text = credferry.ok("status").out
        (told,) = [row for row in text.splitlines() if hidden in row and "valid until" in row]
        assert "on the service principal, where the portal does not show it" in told

    def test_the_latest_of_both_is_what_expires(
        self, credferry: Program, azure: Sandbox, hidden: str
    ) -> None:
        time.sleep(0.5)
        (line,) = credferry.json("status")["credentials"]
        latest = {other["keyId"]: other["notAfter"] for other in line["others"]}[hidden]
        assert (line["notAfter"], line["daysLeft"]) == (latest, 89)
        assert credferry.run("status", "--within", "80d").status == 0
        assert credferry.run("status", "--within", "95d").status == 3

    def test_it_is_removed_from_where_it_was(
        self, credferry: Program, azure: Sandbox, hidden: str
    ) -> None:
        app_id = azure.cluster()["clientId"]
        application = azure.application(app_id)
        credferry.configure(lambda document: document["defaults"].update(policy={"overlap": "0s"}))
        (report,) = credferry.json("rotate", "demo")["rotations"]
        before = places(azure, app_id)
        assert hidden in before, "nobody has adopted it yet (R5)"
        credferry.ok("retire", "demo", "--adopt", hidden)
        assert places(azure, app_id) == {key: at for key, at in before.items() if key != hidden}
        removals = [e["url"] for e in azure.exchanges() if "removePassword" in e["url"]]
        assert f"servicePrincipals/{application['servicePrincipalObjectId']}" in removals[-1]
        (line,) = credferry.json("status")["credentials"]
        assert line["keyId"] == report["keyId"]
        assert hidden not in {other["keyId"] for other in line["others"]}


class TestStates:
    """What is due, in the order of its urgency, and in the colour of it."""

    def test_due_then_ok(self, credferry: Program) -> None:
        for state, colour in (("due", "33"), ("ok", "32")):
            assert state_of(credferry) == state
            status, raw = watch(credferry, "status")
            assert status == 0 and f"\x1b[{colour}m{state}\x1b[0m" in raw
            credferry.ok("rotate", "demo")

    def test_superseded_then_due_for_retiring(self, credferry: Program, azure: Sandbox) -> None:
        credferry.ok("rotate", "demo")
        (report,) = credferry.json("rotate", "demo", "--overlap", "3s")["rotations"]
        (old,) = report["retire"]["keyIds"]
        (line,) = credferry.json("status")["credentials"]
        (other,) = [other for other in line["others"] if other["keyId"] == old]
        assert (other["added"], other["state"]) == ("credferry", "superseded")
        assert other["retireNotBefore"] == report["retire"]["notBefore"]
        time.sleep(3.2)
        assert state_of(credferry) == "retire-due"
        _, raw = watch(credferry, "status")
        assert "\x1b[33mretire-due\x1b[0m" in raw
        credferry.ok("resume")
        assert state_of(credferry) == "ok"
        assert old not in places(azure, azure.cluster()["clientId"])

    def test_unfinished(self, credferry: Program, azure: Sandbox) -> None:
        azure.deny("vault.set")
        assert credferry.run("rotate", "demo").status in (2, 77)
        (line,) = credferry.json("status")["credentials"]
        assert line["state"] == "unfinished" and "vault" in line["reason"]
        _, raw = watch(credferry, "status")
        assert "\x1b[31munfinished\x1b[0m" in raw
        assert "`credferry resume` goes on" in raw
        azure.deny()
        credferry.ok("resume")
        assert state_of(credferry) == "ok"

    def test_expired(self, credferry: Program, azure: Sandbox) -> None:
        made = azure.add_application("deployer")
        add_by_hand(azure, made["objectId"], "applications", days=2 / 86_400)
        remove_by_hand(azure, made["objectId"], made["keyId"])
        entry = {"name": "ci-deployer", "appId": made["appId"], "sinks": ["disk"]}
        credferry.configure(lambda document: document.update(identities=[entry]))
        time.sleep(3)
        (line,) = credferry.json("status", "ci-deployer")["credentials"]
        assert (line["state"], line["daysLeft"]) == ("expired", -1)
        assert credferry.run("status", "ci-deployer", "--within", "0s").status == 3
        _, raw = watch(credferry, "status", "ci-deployer")
        assert "\x1b[31mexpired\x1b[0m" in raw
        credferry.ok("rotate", "ci-deployer")
        assert state_of(credferry, "ci-deployer") == "ok"


class TestWithin:
    """A job that watches: status 3, and the report all the same."""

    def test_the_report_is_printed(self, credferry: Program) -> None:
        for output in ("text", "json"):
            result = credferry.run("status", "--within", "30d", "--output", output)
            assert result.status == 3 and "demo" in result.out
            assert result.err == ""

    def test_only_what_was_named(self, credferry: Program, azure: Sandbox) -> None:
        made = azure.add_application("deployer")
        entry = {"name": "ci-deployer", "appId": made["appId"], "sinks": ["disk"]}
        credferry.configure(lambda document: document.update(identities=[entry]))
        assert credferry.run("status", "ci-deployer", "--within", "30d").status == 0
        assert credferry.run("status", "--within", "30d").status == 3

    @pytest.mark.parametrize("duration", ["30", "soon", "-1d", ""])
    def test_no_duration(self, credferry: Program, duration: str) -> None:
        result = credferry.run("status", f"--within={duration}")
        assert result.status == 64 and result.out == ""
