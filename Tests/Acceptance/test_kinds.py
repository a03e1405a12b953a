"""Whatever holds a secret: a legacy Entra integration, an application without a cluster, a pipeline."""

from __future__ import annotations

import json
from typing import Any

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
