"""The main job: a cluster's service principal is rotated into every sink."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from program import Program
from sandbox import Sandbox
from desktop import Keyring

DISK = "secrets/demo.service-principal.json"
CI = "secrets/demo.service-principal.env"


def rotation(program: Program, *arguments: str) -> dict[str, Any]:
    """Run a command of which exactly one report is expected."""
    reports = program.json(*arguments)["rotations"]
    assert len(reports) == 1, reports
    return reports[0]


def identity(azure: Sandbox) -> dict[str, Any]:
    """The application that the cluster runs under."""
    return azure.application(azure.cluster()["clientId"])


def key_ids(azure: Sandbox) -> set[str]:
    return {credential["keyId"] for credential in identity(azure)["credentials"]}


class TestIntoFourSinks:
    """One rotation, looked at from every side."""

    def test_everyone_has_the_secret_that_the_cluster_holds(
        self, desktop: Program, azure: Sandbox, keyring: Keyring, tmp_path: Path
    ) -> None:
        before = azure.cluster()["secret"]
        report = rotation(desktop, "rotate", "demo")
        secret = azure.cluster()["secret"]

        assert secret != before
        assert report["outcome"] == "rotated"
        assert [sink["outcome"] for sink in report["sinks"]] == ["delivered"] * 4
        assert report["consumers"] == [{"cluster": "demo", "outcome": "applied"}]
        assert report["keyId"] in key_ids(azure)

        assert keyring.lookup("demo") == secret
        for sink in ("disk", "ci", "laptop", "vault"):
            assert desktop.ok("get", "demo", "--from", sink).out == secret
        assert desktop.ok("get", "demo").out == secret

        document = json.loads((azure.directory / DISK).read_text())
        assert document["password"] == secret
        assert set(document) >= {"appId", "password", "tenant", "keyId", "notAfter"}
        assert document["keyId"] == report["keyId"]
        for name in (DISK, CI):
            assert (azure.directory / name).stat().st_mode & 0o777 == 0o600

        sourced = subprocess.run(
            ["sh", "-c", '. "$1"; printf %s "$SP_SECRET"', "sh", azure.directory / CI],
            capture_output=True,
            text=True,
            check=True,
        )
        assert sourced.stdout == secret

        versions = azure.state()["vaults"]["ops"]["demo-service-principal"]
        assert [version["value"] for version in versions] == [secret]
        assert versions[0]["contentType"] == "application/x-credferry"
        assert versions[0]["tags"] == {
            "appId": azure.cluster()["clientId"],
            "tenant": azure.info["tenant"],
            "keyId": report["keyId"],
            "cluster": "demo",
            "credential": "service-principal",
        }
        assert versions[0]["attributes"]["exp"]

    def test_a_later_one_replaces_what_the_keyring_holds(
        self, desktop: Program, azure: Sandbox, keyring: Keyring
    ) -> None:
        desktop.ok("rotate", "demo")
        desktop.ok("rotate", "demo")
        assert keyring.lookup("demo") == azure.cluster()["secret"]
        attributes = ("application", "credferry", "cluster", "demo")
        found = keyring.tool("secret-tool", "search", "--all", *attributes)
        assert found.count("secret = ") == 1

    def test_exec_hands_it_to_a_child_alone(self, credferry: Program, azure: Sandbox) -> None:
        credferry.ok("rotate", "demo")
        result = credferry.run(
            "exec", "demo", "--", "sh", "-c", 'printf %s "$SP_ID $SP_SECRET"; exit 7'
        )
        assert result.status == 7
        assert result.out == f"{azure.cluster()['clientId']} {azure.cluster()['secret']}"

    @pytest.mark.parametrize("sink", ["disk", "ci", "vault"])
    def test_get_tells_whose_it_is(self, credferry: Program, azure: Sandbox, sink: str) -> None:
        report = rotation(credferry, "rotate", "demo")
        fields = {"appId": azure.cluster()["clientId"], "tenant": azure.info["tenant"]}
        fields |= {"keyId": report["keyId"], "notAfter": report["notAfter"]}
        for field, value in fields.items():
            assert credferry.ok("get", "demo", "--from", sink, "--field", field).out == f"{value}\n"

    @pytest.mark.parametrize("form", ["json", "raw", "dotenv", "shell"])
    def test_a_file_of_every_format(self, credferry: Program, azure: Sandbox, form: str) -> None:
        def change(document: dict[str, Any]) -> None:
            document["sinks"]["disk"]["format"] = form
            document["defaults"]["sinks"] = ["disk"]

        credferry.configure(change)
        credferry.ok("rotate", "demo")
        secret = azure.cluster()["secret"]
        assert credferry.ok("get", "demo").out == secret
        if form == "dotenv":
            assert dotenv_values(azure.directory / DISK)["SP_SECRET"] == secret

    @pytest.mark.parametrize("form", ["shell", "dotenv", "systemd", "github", "azure-pipelines"])
    def test_an_environment_of_every_format(
        self, credferry: Program, azure: Sandbox, form: str
    ) -> None:
        def change(document: dict[str, Any]) -> None:
            document["sinks"]["ci"]["format"] = form
            document["defaults"]["sinks"] = ["ci", "vault"]

        credferry.configure(change)
        (azure.directory / "secrets").mkdir(mode=0o700)
        result = credferry.ok("rotate", "demo")
        secret = azure.cluster()["secret"]
        assert secret in (azure.directory / CI).read_text()
        assert secret not in result.out + result.err

    def test_a_job_of_github_masks_it_first(
        self, credferry: Program, azure: Sandbox, tmp_path: Path
    ) -> None:
        def change(document: dict[str, Any]) -> None:
            document["sinks"]["ci"] = {"type": "environment", "format": "github"}
            document["defaults"]["sinks"] = ["ci", "vault"]

        credferry.configure(change)
        told = tmp_path / "github-env"
        told.write_text("BEFORE=1\n")
        credferry.environment |= {"GITHUB_ACTIONS": "true", "GITHUB_ENV": str(told)}
        result = credferry.ok("rotate", "demo")
        secret = azure.cluster()["secret"]
        assert f"::add-mask::{secret.replace('%', '%25')}\n" in result.out
        assert told.read_text().startswith("BEFORE=1\nSP_ID<<")
        assert f"\n{secret}\n" in told.read_text()


class TestOverlap:
    """What a rotation replaces stays valid until the overlap is over, and goes then."""

    def test_the_previous_credential_goes_after_the_overlap(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        foreign = key_ids(azure)
        first = rotation(credferry, "rotate", "demo")
        second = rotation(credferry, "rotate", "demo", "--overlap", "4s")
        assert second["retire"]["keyIds"] == [first["keyId"]]
        assert second["retire"]["done"] is False
        assert key_ids(azure) == foreign | {first["keyId"], second["keyId"]}

        assert credferry.json("resume")["rotations"][0]["outcome"] == "unchanged"
        assert first["keyId"] in key_ids(azure)

        time.sleep(4.2)
        resumed = rotation(credferry, "resume")
        assert resumed["retire"] == {**second["retire"], "done": True}
        assert key_ids(azure) == foreign | {second["keyId"]}
        assert credferry.json("resume")["rotations"] == []

    def test_wait_stays_for_it(self, credferry: Program, azure: Sandbox) -> None:
        first = rotation(credferry, "rotate", "demo")
        second = rotation(credferry, "rotate", "demo", "--overlap", "2s", "--wait")
        assert second["retire"]["done"] is True
        assert first["keyId"] not in key_ids(azure)

    def test_what_others_added_stays_until_it_is_adopted(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        (foreign,) = key_ids(azure)
        report = rotation(credferry, "rotate", "demo", "--overlap", "1s")
        assert [entry["keyId"] for entry in report["foreign"]] == [foreign]
        time.sleep(1.2)
        credferry.ok("resume")
        assert foreign in key_ids(azure)

        text = credferry.ok("status", "demo").out
        assert f"credferry retire demo/service-principal --adopt {foreign}" in text
        (line,) = credferry.json("status")["credentials"]
        assert [(other["keyId"], other["state"]) for other in line["others"]] == [
            (foreign, "foreign")
        ]

        adopted = rotation(credferry, "retire", "demo", "--adopt", foreign)
        assert adopted["retire"]["done"] is True
        assert key_ids(azure) == {report["keyId"]}

    def test_the_credential_in_use_is_never_adopted(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        report = rotation(credferry, "rotate", "demo", "--overlap", "1s")
        result = credferry.run("retire", "demo", "--adopt", report["keyId"])
        assert result.status == 1, result
        assert "is the one in use" in result.out
        assert report["keyId"] in key_ids(azure)

    def test_the_end_of_rotate_says_how_to_adopt(self, credferry: Program, azure: Sandbox) -> None:
        (foreign,) = key_ids(azure)
        text = credferry.ok("rotate", "demo").out
        assert foreign in text
        assert f"credferry retire demo/service-principal --adopt {foreign}" in text


class TestAtEveryInstant:
    """R1 and R3, watched while a rotation runs."""

    def test_no_instant_without_a_good_secret(self, credferry: Program, azure: Sandbox) -> None:
        azure.settings(operationTime=2)
        stop = threading.Event()
        seen: list[bool] = []

        def watch() -> None:
            while not stop.is_set():
                seen.extend(cluster["secretIsAccepted"] for cluster in azure.state()["clusters"])

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            credferry.ok("rotate", "demo", "--overlap", "1s")
            credferry.ok("rotate", "demo", "--overlap", "1s", "--wait")
        finally:
            stop.set()
            watcher.join()
        assert len(seen) > 50
        assert all(seen)
        assert azure.violations() == []


class TestPlanAndStatus:
    """Commands that change nothing."""

    def test_plan_changes_nothing(self, credferry: Program, azure: Sandbox) -> None:
        before = azure.state()
        report = rotation(credferry, "plan", "demo")
        assert report["outcome"] == "planned"
        assert [sink["sink"] for sink in report["sinks"]] == ["disk", "ci", "vault"]
        assert rotation(credferry, "rotate", "demo", "--dry-run") == report
        for changing in ("applications", "clusters", "vaults"):
            assert azure.state()[changing] == before[changing]
        assert not (azure.directory / "secrets").exists()
        assert not (azure.directory / "state").exists()

    def test_status_counts_the_days(self, credferry: Program, azure: Sandbox) -> None:
        (line,) = credferry.json("status")["credentials"]
        assert line["keyId"] is None
        assert (line["state"], line["daysLeft"]) == ("due", 11)
        report = rotation(credferry, "rotate", "demo")
        (line,) = credferry.json("status")["credentials"]
        assert (line["state"], line["keyId"]) == ("ok", report["keyId"])
        assert line["notAfter"] == report["notAfter"]

    def test_within_exits_with_3(self, credferry: Program) -> None:
        assert credferry.run("status", "--within", "30d").status == 3
        assert credferry.run("status", "--within", "2d").status == 0

    def test_due_leaves_alone_what_is_not(self, credferry: Program, azure: Sandbox) -> None:
        assert rotation(credferry, "rotate", "--due")["outcome"] == "rotated"
        secret = azure.cluster()["secret"]
        assert rotation(credferry, "rotate", "--due")["outcome"] == "unchanged"
        assert azure.cluster()["secret"] == secret

    def test_a_managed_identity_has_nothing_to_rotate(
        self, credferry: Program, azure: Sandbox
    ) -> None:
        azure.add_cluster(name="modern", kind="managed-identity")

        def change(document: dict[str, Any]) -> None:
            document["clusters"].append({**document["clusters"][0], "name": "modern", "cluster": "modern"})

        credferry.configure(change)
        (skip,) = credferry.json("status")["skipped"]
        assert skip == {
            "cluster": "modern",
            "credential": "service-principal",
            "reason": "managed-identity",
        }
        reports = credferry.json("rotate", "--all")["rotations"]
        assert {report["cluster"]: report["outcome"] for report in reports} == {
            "demo": "rotated",
            "modern": "unchanged",
        }


class TestConsumers:
    """Clusters that share an identity."""

    def test_all_of_them_get_it(self, credferry: Program, azure: Sandbox) -> None:
        azure.add_cluster(
            name="twin", kind="service-principal", clientId=azure.cluster()["clientId"]
        )
        report = rotation(credferry, "rotate", "demo")
        assert {consumer["cluster"] for consumer in report["consumers"]} == {"demo", "twin"}
        assert azure.cluster("demo")["secret"] == azure.cluster("twin")["secret"]
