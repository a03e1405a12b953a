"""Clusters and applications that share one identity: whoever is named, all who hold its secret get the next."""

from __future__ import annotations

from typing import Any

from program import Program
from sandbox import Sandbox


def added(azure: Sandbox) -> int:
    return sum("addPassword" in exchange["url"] for exchange in azure.exchanges())


class TestNamedByItsIdentity:
    """An entry of `identities` whose application a configured cluster runs under, too."""

    def test_the_cluster_gets_it(self, credferry: Program, azure: Sandbox) -> None:
        app_id = azure.cluster()["clientId"]

        def change(document: dict[str, Any]) -> None:
            document["defaults"]["policy"] = {"overlap": "0s"}
            document["identities"] = [{"name": "ci", "appId": app_id, "sinks": ["disk"]}]

        credferry.configure(change)
        credferry.ok("rotate", "demo")
        azure.forget_exchanges()
        reports = credferry.json("rotate", "ci")["rotations"]
        assert {report["cluster"]: report["outcome"] for report in reports} == {
            "ci": "rotated",
            "demo": "rotated",
        }
        assert added(azure) == 1
        credferry.ok("resume")
        secret = azure.cluster()["secret"]
        assert credferry.ok("get", "ci").out == credferry.ok("get", "demo").out == secret
        assert azure.token_answer(app_id, secret, azure.info["management"]).status == 200
        lines = credferry.json("status", "ci")["credentials"]
        assert {line["cluster"]: line["sharedWith"] for line in lines} == {"ci": ["demo"], "demo": ["ci"]}

    def test_its_sinks_get_what_the_cluster_gets(self, credferry: Program, azure: Sandbox) -> None:
        """What a sink hands out stays valid, though only the cluster is named (R1)."""
        app_id = azure.cluster()["clientId"]

        def change(document: dict[str, Any]) -> None:
            document["defaults"]["policy"] = {"overlap": "0s"}
            document["identities"] = [{"name": "ci", "appId": app_id, "sinks": ["disk"]}]

        credferry.configure(change)
        credferry.ok("rotate", "ci")
        first = credferry.ok("get", "ci").out
        credferry.ok("rotate", "demo")
        credferry.ok("resume")
        secret = credferry.ok("get", "ci").out
        assert secret == credferry.ok("get", "demo").out != first
        assert azure.token_answer(app_id, secret, azure.info["management"]).status == 200


class TestWithoutTheSubscription:
    """An account with roles on resource groups alone may not list the clusters of the subscription."""

    def test_configured_clusters_are_found_all_the_same(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        azure.add_cluster(
            name="second", kind="service-principal", clientId=azure.cluster()["clientId"]
        )

        def change(document: dict[str, Any]) -> None:
            document["defaults"]["policy"] = {"overlap": "0s"}
            entry = {**document["clusters"][0], "name": "second", "cluster": "second"}
            document["clusters"].append(entry)

        credferry.configure(change)
        azure.deny("arm.list")
        for _ in range(2):
            result = credferry.ok("rotate", "demo")
            assert "could not be searched for other clusters" in result.err
        credferry.ok("resume")
        assert azure.cluster("second")["secret"] == azure.cluster()["secret"]
