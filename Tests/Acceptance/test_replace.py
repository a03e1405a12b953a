"""A new service principal ("Create a new service principal", in Microsoft's article), and what becomes of the old."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest
from program import PATIENCE, Program
from sandbox import Sandbox

API = "api-version=2022-04-01"


def report(credferry: Program, *arguments: str) -> dict[str, Any]:
    """Run a command of which exactly one report is expected."""
    (only,) = credferry.json(*arguments)["rotations"]
    return only


def principal(azure: Sandbox, app_id: str) -> str:
    """The object id of an application's service principal."""
    return azure.application(app_id)["servicePrincipalObjectId"]


def roles(azure: Sandbox, app_id: str) -> set[tuple[str, str]]:
    """The roles of an identity, each with its scope."""
    management = azure.info["management"].rstrip("/")
    answer = azure.request(
        "GET",
        f"{management}/subscriptions/{azure.info['subscription']}/providers/Microsoft.Authorization"
        f"/roleAssignments?{API}&$filter=principalId%20eq%20'{principal(azure, app_id)}'",
        token=azure.token(azure.info["management"]),
    )
    assert answer.status == 200, answer.body
    return {
        (one["properties"]["roleDefinitionId"].rsplit("/", 1)[1], one["properties"]["scope"])
        for one in answer.json["value"]
    }


def made(azure: Sandbox) -> list[dict[str, Any]]:
    """The applications that credferry has made."""
    return [one for one in azure.state()["applications"] if one["displayName"].startswith("credferry-")]


def in_a_hurry(credferry: Program) -> None:
    """Let the overlap be over soon."""
    credferry.configure(
        lambda document: document["defaults"].setdefault("policy", {}).update(overlap="1s")
    )


class TestCreateANewServicePrincipal:
    """A new identity takes the place of the old one."""

    def test_the_cluster_and_the_sinks_have_it(self, credferry: Program, azure: Sandbox) -> None:
        old = azure.cluster()["clientId"]
        had = roles(azure, old)
        assert had, "the sandbox gives its clusters' identities a role"
        rotated = report(credferry, "rotate", "demo", "--replace")

        new = azure.cluster()["clientId"]
        assert new != old
        assert rotated["outcome"] == "rotated"
        assert rotated["appId"] == new
        assert rotated["replacement"]["formerAppId"] == old
        assert "30 minutes" in rotated["replacement"]["advice"]
        assert roles(azure, new) == had
        assert roles(azure, old) == had, "the old one keeps what it has"
        assert credferry.ok("get", "demo").out == azure.cluster()["secret"]
        assert credferry.ok("get", "demo", "--field", "appId").out.strip() == new
        assert credferry.ok("get", "demo", "--from", "vault").out == azure.cluster()["secret"]
        (line,) = credferry.json("status")["credentials"]
        assert (line["appId"], line["keyId"], line["state"]) == (new, rotated["keyId"], "ok")
        assert len(made(azure)) == 1

    def test_the_plan_lists_the_roles_and_changes_nothing(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        old = azure.cluster()["clientId"]
        planned = report(credferry, "plan", "demo", "--replace")
        assert planned["outcome"] == "planned"
        group = f"/subscriptions/{azure.info['subscription']}/resourceGroups/rg-demo"
        assert planned["replacement"]["roles"] == [{"role": "Network Contributor", "scope": group}]
        assert "30 minutes" in planned["replacement"]["advice"]
        text = credferry.ok("plan", "demo", "--replace").out
        assert f"Network Contributor over {group}" in text
        assert all(
            exchange["method"] == "GET" or "/token" in exchange["url"] for exchange in azure.exchanges()
        )
        assert azure.cluster()["clientId"] == old

    def test_roles_may_be_named(self, credferry: Program, azure: Sandbox) -> None:
        scope = f"/subscriptions/{azure.info['subscription']}"
        report(
            credferry,
            *("rotate", "demo", "--replace"),
            *("--role", "Contributor", "--role", "AcrPull", "--scope", scope),
        )
        assert {given for given, _ in roles(azure, azure.cluster()["clientId"])} == {
            "b24988ac-6180-42a0-ab88-20f7382dd24c",
            "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        }
        assert {over for _, over in roles(azure, azure.cluster()["clientId"])} == {scope}

    def test_an_unknown_role_blocks(self, credferry: Program, azure: Sandbox) -> None:
        scope = f"/subscriptions/{azure.info['subscription']}"
        blocked = credferry.run("rotate", "demo", "--replace", "--role", "Emperor", "--scope", scope)
        assert blocked.status == 1, blocked
        assert "no role Emperor" in blocked.out + blocked.err
        assert made(azure) == []

    def test_clusters_that_share_it_move_together(self, credferry: Program, azure: Sandbox) -> None:
        old = azure.cluster()["clientId"]
        azure.add_cluster(name="second", kind="service-principal", clientId=old)
        rotated = report(credferry, "rotate", "demo", "--replace")
        assert {one["cluster"] for one in rotated["consumers"]} == {"demo", "second"}
        assert azure.cluster("second")["clientId"] == azure.cluster()["clientId"] != old
        assert azure.cluster("second")["secret"] == azure.cluster()["secret"]

    def test_the_wait_of_the_policy_is_waited(self, credferry: Program, azure: Sandbox) -> None:
        credferry.configure(
            lambda document: document["defaults"].setdefault("policy", {}).update(replaceWait="3s")
        )
        began = time.monotonic()
        report(credferry, "rotate", "demo", "--replace")
        assert time.monotonic() - began >= 3

    def test_it_is_rotated_in_place_afterwards(self, credferry: Program, azure: Sandbox) -> None:
        in_a_hurry(credferry)
        old = azure.cluster()["clientId"]
        first = report(credferry, "rotate", "demo")
        second = report(credferry, "rotate", "demo", "--replace")
        new = azure.cluster()["clientId"]
        third = report(credferry, "rotate", "demo")
        assert (first["appId"], second["appId"], third["appId"]) == (old, new, new)
        assert second["retire"]["keyIds"] == [first["keyId"]]
        assert third["retire"]["keyIds"] == [second["keyId"]]
        time.sleep(1.5)
        credferry.ok("resume")
        left = {credential["keyId"] for credential in azure.application(old)["credentials"]}
        assert first["keyId"] not in left, "what credferry added to the old one is retired"
        assert len(left) == 1, "what it did not add stays"
        assert [one["keyId"] for one in azure.application(new)["credentials"]] == [third["keyId"]]
        (line,) = credferry.json("status")["credentials"]
        assert (line["state"], line["others"]) == ("ok", [])


class TestTheOldIdentity:
    """It goes on demand alone, and only when nothing needs it."""

    def test_it_is_disabled_and_then_deleted(self, credferry: Program, azure: Sandbox) -> None:
        in_a_hurry(credferry)
        old = azure.cluster()["clientId"]
        report(credferry, "rotate", "demo")
        report(credferry, "rotate", "demo", "--replace")
        early = credferry.run("retire", "demo", "--old", "delete")
        if early.status == 0:
            pytest.fail(f"deleted within the overlap: {early}")
        time.sleep(1.5)
        disabled = report(credferry, "retire", "demo", "--old", "disable")
        assert disabled["formerIdentity"] == "disabled"
        deleted = report(credferry, "retire", "demo", "--old", "delete")
        assert deleted["formerIdentity"] == "deleted"
        assert old not in {one["appId"] for one in azure.state()["applications"]}
        told = credferry.json("history")["entries"]
        assert [one["what"] for one in told if one["appId"] == old] == [
            "disable identity",
            "disable identity done",
            "delete identity",
            "delete identity done",
        ]
        assert report(credferry, "rotate", "demo")["outcome"] == "rotated"

    def test_it_stays_while_a_cluster_has_it(self, credferry: Program, azure: Sandbox) -> None:
        in_a_hurry(credferry)
        old = azure.cluster()["clientId"]
        report(credferry, "rotate", "demo", "--replace")
        azure.add_cluster(name="late", kind="service-principal", clientId=old)
        time.sleep(1.5)
        refused = credferry.run("retire", "demo", "--old", "delete")
        assert refused.status == 1, refused
        assert "cluster late has it" in refused.out
        assert azure.application(old)

    def test_it_stays_while_credferry_signs_in_as_it(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        in_a_hurry(credferry)
        azure.add_cluster(name="own", kind="service-principal", clientId=azure.operator)

        def change(document: dict[str, Any]) -> None:
            document["clusters"] = [{**document["clusters"][0], "name": "own", "cluster": "own"}]

        credferry.configure(change)
        report(credferry, "rotate", "own", "--replace")
        time.sleep(1.5)
        refused = credferry.run("retire", "own", "--old", "disable")
        assert refused.status == 1, refused
        assert "credferry signs in as it" in refused.out

    def test_nothing_was_replaced(self, credferry: Program, azure: Sandbox) -> None:
        report(credferry, "rotate", "demo")
        refused = credferry.run("retire", "demo", "--old", "disable")
        assert refused.status == 1, refused
        assert "has not taken the place" in refused.out


WRITES = [
    ("graph", "POST", "/v1.0/applications"),
    ("graph", "POST", "/v1.0/servicePrincipals"),
    ("arm", "PUT", "roleAssignments"),
    ("graph", "POST", "addPassword"),
    ("arm", "POST", "resetServicePrincipalProfile"),
]
"""Every call of a replacement that changes something, by its service, method and path."""


class TestTrouble:
    """Answers that are lost, replicas that lag, rights that are missing."""

    @pytest.mark.parametrize(("service", "method", "path"), WRITES)
    def test_a_lost_answer_makes_nothing_twice(
        self, credferry: Program, azure: Sandbox, service: str, method: str, path: str
    ) -> None:
        had = roles(azure, azure.cluster()["clientId"])
        azure.fault(
            service=service, method=method, pathContains=path, times=1, effect={"drop": "after"}
        )
        report(credferry, "rotate", "demo", "--replace")
        (only,) = made(azure)
        assert only["appId"] == azure.cluster()["clientId"]
        assert roles(azure, only["appId"]) == had

    @pytest.mark.parametrize(
        ("service", "method", "path", "body"),
        [
            (
                *("graph", "POST", "/v1.0/servicePrincipals"),
                {
                    "error": {
                        "code": "Request_BadRequest",
                        "message": "The appId 'x' of the service principal does not reference a valid "
                        "application object.",
                        "innerError": {
                            "date": "2026-11-26T10:00:00",
                            "request-id": "6e2b1d3f-0d1e-4c06-9a0a-3f4f8f2f2f10",
                            "client-request-id": "6e2b1d3f-0d1e-4c06-9a0a-3f4f8f2f2f10",
                        },
                    }
                },
            ),
            (
                *("arm", "PUT", "roleAssignments"),
                {
                    "error": {
                        "code": "PrincipalNotFound",
                        "message": "Principal x does not exist in the directory y.",
                    }
                },
            ),
        ],
    )
    def test_replication_is_waited_for(
        self, credferry: Program, azure: Sandbox, service: str, method: str, path: str, body: Any
    ) -> None:
        azure.fault(
            service=service,
            method=method,
            pathContains=path,
            times=2,
            effect={"status": 400, "body": body},
        )
        assert report(credferry, "rotate", "demo", "--replace")["outcome"] == "rotated"

    def test_replicas_that_lag(self, credferry: Program, azure: Sandbox) -> None:
        azure.settings(directoryLag=5, aksPropagation=3)
        old = azure.cluster()["clientId"]
        assert report(credferry, "rotate", "demo", "--replace")["outcome"] == "rotated"
        assert azure.cluster()["clientId"] != old

    def test_without_the_right_to_give_roles_nothing_is_left(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        old = azure.cluster()["clientId"]
        azure.fault(
            service="arm",
            method="PUT",
            pathContains="roleAssignments",
            times=None,
            effect={
                "status": 403,
                "body": {"error": {"code": "AuthorizationFailed", "message": "The client may not."}},
            },
        )
        failed = credferry.run("rotate", "demo", "--replace", "--output", "json")
        assert failed.status == 77, failed
        (only,) = failed.json["rotations"]
        assert only["outcome"] == "failed"
        assert "AuthorizationFailed" in only["reason"]
        assert made(azure) == []
        assert azure.cluster()["clientId"] == old
        azure.clear_faults()
        assert report(credferry, "rotate", "demo")["outcome"] == "rotated"

    @pytest.mark.parametrize(("service", "method", "path"), WRITES)
    def test_a_crash_is_resumed(
        self, credferry: Program, azure: Sandbox, service: str, method: str, path: str
    ) -> None:
        old = azure.cluster()["clientId"]
        azure.fault(
            service=service, method=method, pathContains=path, times=1, effect={"hang": "after"}
        )
        process = credferry.start("rotate", "demo", "--replace")
        deadline = time.monotonic() + PATIENCE
        while not any(
            exchange["method"] == method and path in exchange["url"] for exchange in azure.exchanges()
        ):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        azure.clear_faults()

        (finished,) = credferry.json("resume", "demo")["rotations"]
        assert finished["outcome"] == "rotated"
        (only,) = made(azure)
        assert only["appId"] == azure.cluster()["clientId"] == finished["appId"] != old
        assert credferry.ok("get", "demo").out == azure.cluster()["secret"]

    def test_a_crash_between_two_clusters_is_found_from_either(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        old = azure.cluster()["clientId"]
        azure.add_cluster(name="second", kind="service-principal", clientId=old)

        def add(document: dict[str, Any]) -> None:
            entry = {**document["clusters"][0], "name": "second", "cluster": "second"}
            document["clusters"].append(entry)

        credferry.configure(add)
        azure.change_cluster("second", powerState="Running", provisioningState="Upgrading")
        process = credferry.start("rotate", "--all", "--replace")
        deadline = time.monotonic() + PATIENCE
        while azure.cluster()["clientId"] == old or azure.cluster()["provisioningState"] != "Succeeded":
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        azure.change_cluster("second", provisioningState="Succeeded")
        assert azure.cluster("second")["clientId"] == old

        reports = credferry.json("rotate", "--all")["rotations"]
        assert [one["outcome"] for one in reports] == ["rotated", "rotated"]
        assert azure.cluster("second")["clientId"] == azure.cluster()["clientId"] != old
        assert azure.cluster("second")["secret"] == azure.cluster()["secret"]
        assert len(made(azure)) == 1


class TestIntegrateWithEntraLegacy:
    """New server and client applications, as Microsoft's "Integrate Azure AD with AKS (legacy)" makes them."""

    @pytest.fixture
    def legacy(self, credferry: Program, azure: Sandbox) -> Program:
        azure.add_cluster(name="legacy", kind="service-principal", aad="legacy")

        def change(document: dict[str, Any]) -> None:
            entry = {**document["clusters"][0], "name": "legacy", "cluster": "legacy"}
            document["clusters"] = [{**entry, "credentials": ["entra-app"], "sinks": ["disk", "vault"]}]

        credferry.configure(change)
        return credferry

    def graph(self, azure: Sandbox, path: str) -> dict[str, Any]:
        """What Graph says."""
        graph = azure.info["graph"].rstrip("/")
        answer = azure.request("GET", f"{graph}/v1.0/{path}", token=azure.token(graph))
        assert answer.status == 200, answer.body
        return answer.json

    def test_both_are_new_once_an_administrator_has_consented(
        self, legacy: Program, azure: Sandbox
    ) -> None:
        before = azure.cluster("legacy")["aad"]
        planned = report(legacy, "plan", "legacy", "--replace")
        assert "Directory.Read.All" in planned["replacement"]["consent"]
        assert planned["replacement"]["roles"] == []

        stopped = legacy.run("rotate", "legacy", "--replace", "--output", "json")
        assert stopped.status == 2, stopped
        (waiting,) = stopped.json["rotations"]
        assert "consent" in waiting["reason"]
        assert f"admin-consent --id {waiting['appId']}" in waiting["hint"]
        assert azure.cluster("legacy")["aad"] == before, "no cluster gets what nobody can sign in to"
        assert legacy.run("resume").status == 2, "a timer is no administrator"

        (finished,) = legacy.json("resume", "legacy", "--consented")["rotations"]
        assert finished["outcome"] == "rotated"
        after = azure.cluster("legacy")["aad"]
        assert after["serverAppId"] == finished["appId"] != before["serverAppId"]
        assert after["clientAppId"] != before["clientAppId"]
        assert after["serverAppSecret"] == legacy.ok("get", "legacy").out
        script = 'printf "%s %s %s" "$SERVER_APPLICATION_ID" "$SERVER_APPLICATION_SECRET" "$CLIENT_APPLICATION_ID"'
        told = legacy.ok("exec", "legacy", "--from", "vault", "--", "sh", "-c", script).out.split()
        assert told == [after["serverAppId"], after["serverAppSecret"], after["clientAppId"]]
        assert len(made(azure)) == 2

        server = self.graph(azure, f"applications(appId='{after['serverAppId']}')")
        client = self.graph(azure, f"applications(appId='{after['clientAppId']}')")
        assert server["groupMembershipClaims"] == "All"
        (wanted,) = server["requiredResourceAccess"]
        assert wanted["resourceAppId"] == "00000003-0000-0000-c000-000000000000"
        assert {(one["id"], one["type"]) for one in wanted["resourceAccess"]} == {
            ("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "Scope"),
            ("06da0dbc-49e2-44d2-8312-53f166ab848a", "Scope"),
            ("7ab1d382-f21e-4acd-a863-ba3e13f7da61", "Role"),
        }
        (scope,) = server["api"]["oauth2PermissionScopes"]
        assert server["api"]["preAuthorizedApplications"] == [
            {"appId": after["clientAppId"], "delegatedPermissionIds": [scope["id"]]}
        ]
        assert client["isFallbackPublicClient"] is True
        assert client["requiredResourceAccess"] == [
            {
                "resourceAppId": after["serverAppId"],
                "resourceAccess": [{"id": scope["id"], "type": "Scope"}],
            }
        ]

    @pytest.mark.parametrize("number", [0, 1])
    def test_a_lost_answer_makes_neither_twice(
        self, legacy: Program, azure: Sandbox, number: int
    ) -> None:
        azure.fault(
            service="graph",
            method="POST",
            pathContains="/v1.0/applications",
            after=number,
            times=1,
            effect={"drop": "after"},
        )
        assert legacy.run("rotate", "legacy", "--replace").status == 2
        assert report(legacy, "resume", "--consented")["outcome"] == "rotated"
        assert len(made(azure)) == 2

    def test_what_cannot_be_made_is_taken_back(self, legacy: Program, azure: Sandbox) -> None:
        azure.fault(
            service="graph",
            method="PATCH",
            times=None,
            effect={
                "status": 403,
                "body": {
                    "error": {
                        "code": "Authorization_RequestDenied",
                        "message": "Insufficient privileges to complete the operation.",
                        "innerError": {
                            "date": "2026-11-26T10:00:00",
                            "request-id": "6e2b1d3f-0d1e-4c06-9a0a-3f4f8f2f2f10",
                            "client-request-id": "6e2b1d3f-0d1e-4c06-9a0a-3f4f8f2f2f10",
                        },
                    }
                },
            },
        )
        failed = legacy.run("rotate", "legacy", "--replace")
        assert failed.status == 77, failed
        assert made(azure) == []

    def test_roles_are_of_no_use(self, legacy: Program, azure: Sandbox) -> None:
        refused = legacy.run(
            *("rotate", "legacy", "--replace", "--role", "Reader", "--scope", "/subscriptions/x")
        )
        assert refused.status == 1, refused
        assert "needs no role" in refused.out

    def test_a_managed_integration_has_nothing_to_replace(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        azure.add_cluster(name="managed", kind="service-principal", aad="managed")

        def change(document: dict[str, Any]) -> None:
            entry = {**document["clusters"][0], "name": "managed", "cluster": "managed"}
            document["clusters"] = [{**entry, "credentials": ["entra-app"], "sinks": ["disk"]}]

        credferry.configure(change)
        skipped = report(credferry, "rotate", "managed", "--replace")
        assert skipped["outcome"] == "unchanged"
        assert "managed by Azure" in skipped["reason"]


class TestWhatCannotBeReplaced:
    """It is said, and nothing is changed."""

    def test_a_pipeline_that_applies(self, credferry: Program, azure: Sandbox) -> None:
        credferry.configure(lambda document: document["clusters"][0].update(apply=False))
        refused = credferry.run("rotate", "demo", "--replace")
        assert refused.status == 1, refused
        assert "apply: false" in refused.out
        assert made(azure) == []

    def test_an_application_without_a_cluster(self, credferry: Program, azure: Sandbox) -> None:
        app = azure.add_application("deployer")

        def change(document: dict[str, Any]) -> None:
            document["identities"] = [{"name": "ci", "appId": app["appId"], "sinks": ["disk"]}]

        credferry.configure(change)
        refused = credferry.run("rotate", "ci", "--replace")
        assert refused.status == 1, refused
        assert "has no cluster that a new one could be given to" in refused.out

    def test_a_sink_that_is_named_by_the_identity(
        self, credferry: Program, azure: Sandbox, tmp_path: Path
    ) -> None:
        credferry.configure(
            lambda document: document["sinks"]["disk"].update(path=str(tmp_path / "{appId}.json"))
        )
        refused = credferry.run("rotate", "demo", "--replace")
        assert refused.status == 1, refused
        assert "{appId}" in refused.out

    @pytest.mark.parametrize(
        "arguments",
        [
            ("rotate", "demo", "--role", "Contributor", "--scope", "/subscriptions/x"),
            ("rotate", "demo", "--replace", "--role", "Contributor"),
            ("plan", "demo", "--replace", "--scope", "/subscriptions/x"),
            ("rotate", "demo", "--replace", "--role", "Reader", "--scope", "rg-demo"),
            ("retire", "demo", "--old", "burn"),
        ],
    )
    def test_wrong_usage(self, credferry: Program, arguments: tuple[str, ...]) -> None:
        assert credferry.run(*arguments).status == 64
