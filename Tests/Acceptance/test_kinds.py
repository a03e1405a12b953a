"""Whatever holds a secret: a legacy Entra integration, an application without a cluster, a pipeline."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from program import Program
from sandbox import Sandbox


def report(credferry: Program, *arguments: str) -> dict[str, Any]:
    """Run a command of which exactly one report is expected."""
    (only,) = credferry.json(*arguments)["rotations"]
    return only


class TestEntraApplication:
    """The server application of a legacy Entra integration."""

    def test_is_rotated_and_applied(self, credferry: Program, azure: Sandbox) -> None:
        azure.add_cluster(name="legacy", kind="service-principal", aad="legacy")

        def change(document: dict[str, Any]) -> None:
            entry = {**document["clusters"][0], "name": "legacy", "cluster": "legacy"}
            document["clusters"].append({**entry, "credentials": ["entra-app"], "sinks": ["disk", "ci"]})

        credferry.configure(change)
        before = azure.cluster("legacy")["secret"]
        assert report(credferry, "rotate", "legacy")["outcome"] == "rotated"

        profile = azure.cluster("legacy")["aad"]
        secret = credferry.ok("get", "legacy").out
        assert profile["serverAppSecret"] == secret
        assert azure.cluster("legacy")["secret"] == before, "its service principal is left alone"
        written = json.loads((azure.directory / "secrets/legacy.entra-app.json").read_text())
        assert written["password"] == secret

        script = 'printf "%s %s %s" "$SERVER_APPLICATION_ID" "$SERVER_APPLICATION_SECRET" "$CLIENT_APPLICATION_ID"'
        told = credferry.ok("exec", "legacy", "--", "sh", "-c", script).out.split()
        assert told == [profile["serverAppId"], secret, profile["clientAppId"]]


class TestIdentityWithoutCluster:
    """An Entra application that no cluster holds."""

    def test_is_rotated_and_delivered(self, credferry: Program, azure: Sandbox) -> None:
        made = azure.add_application("deployer")

        def change(document: dict[str, Any]) -> None:
            document["identities"] = [
                {"name": "ci-deployer", "appId": made["appId"], "sinks": ["disk", "vault"]}
            ]

        credferry.configure(change)
        first = report(credferry, "rotate", "ci-deployer")
        assert (first["outcome"], first["consumers"]) == ("rotated", [])
        assert first["credential"] == "application"
        secret = credferry.ok("get", "ci-deployer").out
        assert credferry.ok("get", "ci-deployer", "--from", "vault").out == secret
        answer = azure.token_answer(made["appId"], secret, azure.info["management"])
        assert answer.status == 200

        second = report(credferry, "rotate", "ci-deployer", "--overlap", "1s", "--wait")
        assert second["retire"] == {**second["retire"], "keyIds": [first["keyId"]], "done": True}

    @pytest.fixture
    def deployer(self, credferry: Program, azure: Sandbox) -> dict[str, Any]:
        """An application that is all that is configured."""
        made = azure.add_application("deployer")

        def change(document: dict[str, Any]) -> None:
            entry = {"name": "ci-deployer", "appId": made["appId"], "sinks": ["disk", "vault"]}
            document.update(identities=[entry], clusters=[])

        credferry.configure(change)
        return made

    def test_plan_and_status(
        self, credferry: Program, azure: Sandbox, deployer: dict[str, Any]
    ) -> None:
        planned = report(credferry, "plan", "ci-deployer")
        assert (planned["outcome"], planned["consumers"]) == ("planned", [])
        assert [sink["sink"] for sink in planned["sinks"]] == ["disk", "vault"]
        assert planned["retire"]["keyIds"] == [], "what others added is theirs (R5)"
        (line,) = credferry.json("status")["credentials"]
        assert (line["cluster"], line["credential"]) == ("ci-deployer", "application")
        assert (line["keyId"], line["state"], line["sharedWith"]) == (None, "ok", [])
        assert report(credferry, "rotate", "--due")["outcome"] == "unchanged"
        rotated = report(credferry, "rotate", "--all")
        (line,) = credferry.json("status")["credentials"]
        assert (line["keyId"], line["notAfter"]) == (rotated["keyId"], rotated["notAfter"])
        assert "rotated" in credferry.ok("history", "ci-deployer").out
        arm = [e["url"] for e in azure.exchanges() if "/subscriptions/" in e["url"]]
        assert arm == [], "Resource Manager has nothing to do with it"

    def test_the_overlap_alone_decides(
        self, credferry: Program, azure: Sandbox, deployer: dict[str, Any]
    ) -> None:
        first = report(credferry, "rotate", "ci-deployer")
        old = credferry.ok("get", "ci-deployer").out
        second = report(credferry, "rotate", "ci-deployer", "--overlap", "3s")
        audience = azure.info["management"]
        assert azure.token_answer(deployer["appId"], old, audience).status == 200
        assert report(credferry, "resume")["outcome"] == "unchanged"
        time.sleep(3.2)
        assert report(credferry, "resume")["retire"]["done"] is True
        kept = {c["keyId"] for c in azure.application(deployer["appId"])["credentials"]}
        assert kept == {deployer["keyId"], second["keyId"]}
        assert first["keyId"] not in kept

    def test_a_failed_delivery_is_resumed(
        self, credferry: Program, azure: Sandbox, deployer: dict[str, Any]
    ) -> None:
        credferry.ok("rotate", "ci-deployer")
        before = credferry.ok("get", "ci-deployer", "--from", "vault").out
        azure.deny("vault.set")
        assert credferry.run("rotate", "ci-deployer", "--overlap", "0s").status == 2
        held = credferry.ok("get", "ci-deployer", "--from", "vault").out
        answer = azure.token_answer(deployer["appId"], held, azure.info["management"])
        assert held == before and answer.status == 200, "readable, so valid (R1)"
        azure.deny()
        finished = report(credferry, "resume")
        assert finished["outcome"] == "rotated"
        new = credferry.ok("get", "ci-deployer", "--from", "vault").out
        assert new == credferry.ok("get", "ci-deployer", "--from", "disk").out != before
        credferry.run("resume")
        kept = {c["keyId"] for c in azure.application(deployer["appId"])["credentials"]}
        assert kept == {deployer["keyId"], finished["keyId"]}, "no orphan (R4)"

    def test_one_that_does_not_exist(self, credferry: Program) -> None:
        absent = "00000000-0000-4000-8000-00000000dead"

        def change(document: dict[str, Any]) -> None:
            entry = {"name": "nobody", "appId": absent, "sinks": ["disk"]}
            document.update(identities=[entry], clusters=[])

        credferry.configure(change)
        (skip,) = credferry.json("status")["skipped"]
        assert (skip["cluster"], skip["reason"]) == ("nobody", "not-found")
        result = credferry.run("rotate", "nobody", "--output", "json")
        assert result.status == 1, result
        (only,) = result.json["rotations"]
        assert only["outcome"] == "blocked" and absent in only["reason"]

    def test_there_is_nothing_to_apply_to(
        self, credferry: Program, deployer: dict[str, Any]
    ) -> None:
        result = credferry.run("apply", "ci-deployer")
        assert result.status == 64 and "nothing to apply to" in result.err


class TestDeliverOnly:
    """A cluster whose pipeline applies by itself."""

    def test_the_cluster_is_left_alone(self, credferry: Program, azure: Sandbox) -> None:
        credferry.configure(lambda document: document["clusters"][0].update(apply=False))
        before = azure.cluster()["secret"]
        rotated = report(credferry, "rotate", "demo")
        assert rotated["outcome"] == "rotated"
        assert rotated["consumers"] == [{"cluster": "demo", "outcome": "delivered-only"}]
        assert azure.cluster()["secret"] == before
        assert credferry.ok("get", "demo").out != before
        assert all("reset" not in exchange["url"] for exchange in azure.exchanges())
        assert "a pipeline applies it" in credferry.ok("status").out

    def test_earlier_ones_retire_by_the_overlap_alone(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        credferry.configure(lambda document: document["clusters"][0].update(apply=False))
        planned = report(credferry, "plan", "demo")
        assert planned["consumers"] == [{"cluster": "demo", "outcome": "delivered-only"}]
        assert planned["preflight"] == [], "no node is re-imaged"
        first = report(credferry, "rotate", "demo")
        second = report(credferry, "rotate", "demo", "--overlap", "2s")
        (line,) = credferry.json("status")["credentials"]
        assert (line["apply"], line["keyId"]) == (False, second["keyId"])
        text = credferry.ok("status").out
        assert "earlier credentials retire by the overlap alone" in text
        time.sleep(2.2)
        assert report(credferry, "resume")["retire"]["done"] is True
        kept = {c["keyId"] for c in azure.application(azure.cluster()["clientId"])["credentials"]}
        assert second["keyId"] in kept and first["keyId"] not in kept
        assert all("reset" not in exchange["url"] for exchange in azure.exchanges())

    def test_it_needs_no_right_to_apply(self, credferry: Program, azure: Sandbox) -> None:
        credferry.configure(lambda document: document["clusters"][0].update(apply=False))
        azure.deny("arm.reset")
        assert report(credferry, "plan", "demo")["outcome"] == "planned"
        assert report(credferry, "rotate", "demo")["outcome"] == "rotated"

    def test_a_cluster_that_shares_the_identity_is_applied_to(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        azure.add_cluster(
            name="second", kind="service-principal", clientId=azure.cluster()["clientId"]
        )

        def change(document: dict[str, Any]) -> None:
            entry = {**document["clusters"][0], "name": "second", "cluster": "second"}
            document["clusters"][0]["apply"] = False
            document["clusters"].append(entry)

        credferry.configure(change)
        before = azure.cluster()["secret"]
        rotations = credferry.json("rotate", "demo")["rotations"]
        assert [line["outcome"] for line in rotations] == ["rotated", "rotated"]
        secret = credferry.ok("get", "demo").out
        assert credferry.ok("get", "second").out == secret == azure.cluster("second")["secret"]
        assert azure.cluster()["secret"] == before != secret
        adds = [e["url"] for e in azure.exchanges() if "addPassword" in e["url"]]
        assert len(adds) == 1, "one secret for the two of them"
