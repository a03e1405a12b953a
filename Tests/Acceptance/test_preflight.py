"""Before anything changes: what would stop a rotation, and what it means for the nodes."""

from __future__ import annotations

import pytest
from program import Program
from sandbox import Sandbox


def added(azure: Sandbox) -> bool:
    return any("addPassword" in exchange["url"] for exchange in azure.exchanges())


def test_a_plan_tells_of_the_nodes(credferry: Program, azure: Sandbox) -> None:
    (report,) = credferry.json("plan", "demo")["rotations"]
    assert report["outcome"] == "planned"
    assert report["preflight"] == [
        {
            "cluster": "demo",
            "provisioningState": "Succeeded",
            "isBusy": False,
            "permission": "granted",
            "nodePools": [{"name": "nodepool1", "nodes": 3, "rounds": 3}],
            "minutes": 15,
        }
    ]
    text = credferry.ok("plan", "demo").out
    assert "demo re-images 3 nodes: nodepool1 (3, max surge AKS's default); some 15 minutes" in text
    assert not added(azure)


def test_a_missing_role_stops_it_before_it_begins(credferry: Program, azure: Sandbox) -> None:
    azure.deny("arm.reset")
    for command in ("plan", "rotate"):
        result = credferry.run(command, "demo", "--output", "json")
        assert result.status == 77, result
        (report,) = result.json["rotations"]
        assert report["outcome"] == "blocked"
        assert "no role that lets it give cluster demo a secret" in report["reason"]
        assert "resetServicePrincipalProfile/action" in report["hint"]
    assert not added(azure)


def test_what_azure_does_not_say_is_no_reason_to_stop(credferry: Program, azure: Sandbox) -> None:
    azure.fault(
        service="arm",
        pathContains="Microsoft.Authorization/permissions",
        times=None,
        effect={
            "status": 403,
            "headers": {"x-ms-failure-cause": "gateway"},
            "body": {"error": {"code": "AuthorizationFailed", "message": "no"}},
        },
    )
    (report,) = credferry.json("plan", "demo")["rotations"]
    assert report["preflight"][0]["permission"] == "unknown"
    credferry.ok("rotate", "demo")


@pytest.mark.parametrize("right", ["vault.get"])
def test_a_sink_out_of_reach(credferry: Program, azure: Sandbox, right: str) -> None:
    azure.deny(right)
    result = credferry.run("plan", "demo", "--output", "json")
    assert result.status == 77, result
    (report,) = result.json["rotations"]
    assert report["outcome"] == "blocked" and "sink vault" in report["reason"]


def test_the_same_plan_reads_the_same(credferry: Program) -> None:
    """So that a pipeline can review it."""
    assert credferry.json("plan") == credferry.json("plan")
