"""What Azure does on its bad days, and what credferry makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from program import Program
from sandbox import Sandbox

CONCURRENCY = {
    "error": {
        "code": "Directory_ConcurrencyViolation",
        "message": "Error due to concurrent requests being made to the tenant. Please wait briefly.",
        "innerError": {
            "date": "2026-03-29T13:23:55",
            "request-id": "c4d0fd7d-b1b6-4ec2-8ce2-084f6088b2c2",
            "client-request-id": "c4d0fd7d-b1b6-4ec2-8ce2-084f6088b2c2",
        },
    }
}
BUSY = {
    "code": "OperationNotAllowed",
    "message": "Operation is not allowed: Another operation (nodepool1 - Updating) is in progress",
}


def credentials(azure: Sandbox) -> list[dict[str, Any]]:
    return azure.application(azure.cluster()["clientId"])["credentials"]


def sent(azure: Sandbox, path: str) -> int:
    """How many requests whose path ends so have reached the sandbox."""
    return sum(path in exchange["url"] for exchange in azure.exchanges())


def rotated(credferry: Program, azure: Sandbox) -> dict[str, Any]:
    """Rotate, and expect that the cluster has what the sinks have."""
    (report,) = credferry.json("rotate", "demo")["rotations"]
    assert report["outcome"] == "rotated"
    assert credferry.ok("get", "demo").out == azure.cluster()["secret"]
    return report


class TestTryingAgain:
    """What is worth another try is tried again, as the service documents."""

    @pytest.mark.parametrize(
        ("service", "path", "method"),
        [
            ("login", "/token", "POST"),
            ("graph", "/applications", "GET"),
            ("graph", "/addPassword", "POST"),
            ("arm", "/managedClusters/demo", "GET"),
            ("arm", "/resetServicePrincipalProfile", "POST"),
            ("vault", "/secrets/", "PUT"),
            ("vault", "/secrets/", "GET"),
        ],
    )
    def test_throttled(
        self, credferry: Program, azure: Sandbox, service: str, path: str, method: str
    ) -> None:
        azure.fault(
            service=service,
            method=method,
            pathContains=path,
            times=2,
            effect={"status": 429, "headers": {"Retry-After": "1"}, "body": {}},
        )
        rotated(credferry, azure)
        assert len(credentials(azure)) == 2

    @pytest.mark.parametrize(
        ("service", "path", "method"),
        [
            ("login", "/token", "POST"),
            ("graph", "/applications", "GET"),
            ("arm", "/managedClusters/demo", "GET"),
            ("vault", "/secrets/", "PUT"),
            ("vault", "/secrets/", "GET"),
        ],
    )
    @pytest.mark.parametrize(
        "effect", [{"status": 503, "body": {}}, {"drop": "before"}, {"drop": "after"}], ids=str
    )
    def test_faults_and_lost_answers(
        self,
        credferry: Program,
        azure: Sandbox,
        service: str,
        path: str,
        method: str,
        effect: dict[str, Any],
    ) -> None:
        azure.fault(service=service, method=method, pathContains=path, times=1, effect=effect)
        rotated(credferry, azure)
        assert len(credentials(azure)) == 2

    def test_a_concurrent_change_of_the_directory(self, credferry: Program, azure: Sandbox) -> None:
        for status in (409, 503):
            azure.fault(
                service="graph",
                method="POST",
                pathContains="addPassword",
                times=1,
                effect={"status": status, "body": CONCURRENCY},
            )
        rotated(credferry, azure)
        assert len(credentials(azure)) == 2

    def test_another_operation_on_the_cluster(self, credferry: Program, azure: Sandbox) -> None:
        azure.fault(
            service="arm",
            method="POST",
            pathContains="resetServicePrincipalProfile",
            times=1,
            effect={"status": 409, "body": BUSY},
        )
        rotated(credferry, azure)

    def test_an_operation_that_fails_is_sent_again(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        azure.settings(operationFails=1)
        rotated(credferry, azure)
        assert sent(azure, "resetServicePrincipalProfile") == 2

    def test_polling_that_finds_nobody(self, credferry: Program, azure: Sandbox) -> None:
        azure.fault(
            service="arm",
            method="GET",
            pathContains="/operations/",
            times=None,
            effect={"status": 404, "body": {"code": "NotFound", "message": "The entity was not found."}},
        )
        rotated(credferry, azure)


class TestNeverTwice:
    """An `addPassword` whose answer is lost is looked for, not sent again."""

    @pytest.mark.parametrize("effect", [{"drop": "after"}, {"status": 504, "body": {}}], ids=str)
    def test_a_lost_add_is_found_and_removed(
        self, credferry: Program, azure: Sandbox, effect: dict[str, Any]
    ) -> None:
        azure.fault(
            service="graph", method="POST", pathContains="addPassword", times=1, effect=effect
        )
        report = rotated(credferry, azure)
        names = [credential["displayName"] for credential in credentials(azure)]
        assert len(names) == 2, names
        assert report["keyId"] in {credential["keyId"] for credential in credentials(azure)}
        bodies = [
            exchange["requestBody"]
            for exchange in azure.exchanges()
            if "addPassword" in exchange["url"]
        ]
        assert len(set(bodies)) == len(bodies), "one name was added twice"

    def test_a_lost_reset_is_looked_at(self, credferry: Program, azure: Sandbox) -> None:
        azure.fault(
            service="arm",
            method="POST",
            pathContains="resetServicePrincipalProfile",
            times=1,
            effect={"drop": "after"},
        )
        rotated(credferry, azure)


class TestGivingUp:
    """What cannot succeed ends with its own status, and leaves nothing behind."""

    @pytest.mark.parametrize(
        ("right", "status"),
        [
            ("graph.read", 77),
            ("graph.addPassword", 77),
            ("arm.read", 77),
            ("vault.get", 77),
        ],
    )
    def test_not_permitted(
        self, credferry: Program, azure: Sandbox, right: str, status: int
    ) -> None:
        azure.deny(right)
        result = credferry.run("rotate", "demo")
        assert result.status == status, result
        azure.deny()
        assert len(credentials(azure)) == 1

    def test_not_permitted_to_reset(self, credferry: Program, azure: Sandbox) -> None:
        """Its roles say so before anything is added; a refusal in spite of them is resumed."""
        azure.deny("arm.reset")
        result = credferry.run("rotate", "demo")
        assert result.status == 77, result
        assert len(credentials(azure)) == 1
        azure.fault(
            service="arm",
            pathContains="Microsoft.Authorization/permissions",
            effect={"status": 503, "body": {}},
            times=None,
        )
        result = credferry.run("rotate", "demo")
        assert result.status == 2, result
        assert "AuthorizationFailed" in result.out
        azure.clear_faults()
        azure.deny()
        resumed = credferry.json("resume")["rotations"]
        assert [report["outcome"] for report in resumed] == ["rotated"]
        assert credferry.ok("get", "demo").out == azure.cluster()["secret"]

    def test_a_wrong_secret_of_our_own(self, credferry: Program, azure: Sandbox) -> None:
        (azure.directory / "operator-secret").write_text("wrong")
        result = credferry.run("rotate", "demo")
        assert result.status == 77, result
        assert "AADSTS7000215" in result.err

    def test_nobody_there(self, credferry: Program, azure: Sandbox) -> None:
        def change(document: dict[str, Any]) -> None:
            document["cloud"]["authorityHost"] = "https://localhost:9"

        credferry.configure(change)
        assert credferry.run("rotate", "demo").status == 69

    def test_an_unknown_authority(self, credferry: Program, azure: Sandbox) -> None:
        credferry.configure(lambda document: document["cloud"].pop("certificateAuthorities"))
        result = credferry.run("rotate", "demo")
        assert result.status == 69, result
        assert "certificate" in result.err
        assert azure.exchanges() == []

    def test_throttled_for_too_long(self, credferry: Program, azure: Sandbox) -> None:
        azure.fault(
            service="graph",
            method="POST",
            pathContains="addPassword",
            times=None,
            effect={"status": 429, "headers": {"Retry-After": "900"}, "body": {}},
        )
        assert credferry.run("rotate", "demo").status == 75
        assert len(credentials(azure)) == 1

    def test_entra_that_never_accepts(self, credferry: Program, azure: Sandbox) -> None:
        azure.settings(propagation=3600)
        credferry.configure(
            lambda document: document["defaults"]["policy"].update(proofTimeout="2s")
        )
        result = credferry.run("rotate", "demo")
        assert result.status == 1, result
        assert len(credentials(azure)) == 1

    @pytest.mark.parametrize("state", ["stopped", "gone"])
    def test_a_cluster_that_cannot_be_updated(
        self, credferry: Program, azure: Sandbox, state: str
    ) -> None:
        if state == "stopped":
            azure.change_cluster("demo", powerState="Stopped")
        else:
            azure.remove_cluster("demo")
        assert credferry.run("rotate", "demo").status == 1
        assert all("addPassword" not in exchange["url"] for exchange in azure.exchanges())

    def test_a_sink_that_cannot_be_written(self, credferry: Program, azure: Sandbox) -> None:
        (azure.directory / "secrets").write_text("in the way")
        result = credferry.run("rotate", "demo")
        assert result.status in (1, 69), result
        assert "disk" in result.out
        assert len(credentials(azure)) == 1

    def test_characters_that_aks_refuses(self, credferry: Program, azure: Sandbox) -> None:
        azure.settings(badCharacters=1)
        rotated(credferry, azure)


class TestTwoAtOnce:
    """One rotation of an identity at a time (R6)."""

    def test_the_second_is_told_who_holds_the_lock(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        azure.settings(operationTime=3)
        first = credferry.start("rotate", "demo")
        while "resetServicePrincipalProfile" not in str(azure.exchanges()):
            assert first.poll() is None
        second = credferry.run("rotate", "demo")
        assert second.status == 75, second
        assert f"process {first.pid}" in second.out
        first.communicate(timeout=60)
        assert first.returncode == 0

    def test_a_killed_rotation_is_resumed(self, credferry: Program, azure: Sandbox) -> None:
        azure.settings(operationTime=3)
        first = credferry.start("rotate", "demo")
        while "resetServicePrincipalProfile" not in str(azure.exchanges()):
            assert first.poll() is None
        first.kill()
        first.communicate()
        (line,) = credferry.json("status")["credentials"]
        assert line["state"] == "unfinished"
        (report,) = credferry.json("resume")["rotations"]
        assert report["outcome"] == "rotated"
        assert credferry.ok("get", "demo").out == azure.cluster()["secret"]
        (line,) = credferry.json("status")["credentials"]
        assert line["state"] == "ok"
