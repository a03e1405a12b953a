"""`doctor`: what stands in a rotation's way, and a journal that is made anew."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from program import Program
from sandbox import Sandbox


def state(azure: Sandbox) -> Path:
    return azure.directory / "state"


def faults(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(line["check"], line["subject"]) for line in report["checks"] if line["outcome"] == "fault"]


class TestChecks:
    """Everything that a rotation needs is looked at; nothing is changed."""

    def test_all_is_well(self, credferry: Program, azure: Sandbox) -> None:
        before = {**azure.state(), "now": None}
        report = credferry.json("doctor")
        assert faults(report) == []
        checks = {line["check"] for line in report["checks"]}
        assert checks == {"configuration", "journal", "sign-in", "cluster", "identity", "sink"}
        assert "nothing stands in a rotation's way" in credferry.ok("doctor").out
        assert not state(azure).exists()
        assert {**azure.state(), "now": None} == before
        assert {exchange["method"] for exchange in azure.exchanges()} <= {"GET", "POST"}

    def test_signing_in_fails(self, credferry: Program, azure: Sandbox) -> None:
        Path(azure.directory / "operator-secret").write_text("wrong")
        result = credferry.run("doctor", "--output", "json")
        assert result.status == 77, result
        assert {check for check, _ in faults(result.json)} == {"sign-in"}
        (line, *_) = [line for line in result.json["checks"] if line["outcome"] == "fault"]
        assert "AADSTS7000215" in line["message"] and "wrong" not in line["message"]

    def test_a_sink_that_cannot_be_written(self, credferry: Program, azure: Sandbox) -> None:
        azure.deny("vault.get")
        result = credferry.run("doctor", "--output", "json")
        assert faults(result.json) == [("sink", "vault for demo/service-principal")]
        assert result.status == 77, result
        text = credferry.run("doctor").out
        assert "1 fault stands in a rotation's way" in text

    def test_a_missing_role(self, credferry: Program, azure: Sandbox) -> None:
        azure.deny("arm.reset")
        result = credferry.run("doctor", "--output", "json")
        assert result.status == 77, result
        assert faults(result.json) == [("cluster", "demo/service-principal")]

    def test_a_cluster_that_is_not_there(self, credferry: Program) -> None:
        credferry.configure(lambda document: document["clusters"][0].update(cluster="elsewhere"))
        result = credferry.run("doctor", "--output", "json")
        assert result.status == 1, result
        assert ("cluster", "demo/service-principal") in faults(result.json)

    def test_a_managed_identity_is_no_fault(self, credferry: Program, azure: Sandbox) -> None:
        azure.add_cluster(name="modern", kind="managed-identity")
        credferry.configure(
            lambda document: document["clusters"].append(
                {**document["clusters"][0], "name": "modern", "cluster": "modern"}
            )
        )
        assert faults(credferry.json("doctor")) == []

    def test_an_unfinished_rotation_is_said(self, credferry: Program, azure: Sandbox) -> None:
        azure.fault(
            method="POST",
            pathContains="resetServicePrincipalProfile",
            effect={"status": 400, "body": {"code": "BadRequest", "message": "no"}},
        )
        assert credferry.run("rotate", "demo").status == 2
        (line,) = [line for line in credferry.json("doctor")["checks"] if line["check"] == "journal"]
        assert line["outcome"] == "warning" and "demo" in line["message"]

    def test_a_damaged_journal(self, credferry: Program, azure: Sandbox) -> None:
        credferry.ok("rotate", "demo")
        damage(azure)
        result = credferry.run("doctor", "--output", "json")
        assert result.status == 1, result
        (line,) = [line for line in result.json["checks"] if line["outcome"] == "fault"]
        assert line["check"] == "journal" and "--rebuild-journal" in line["hint"]


def damage(azure: Sandbox) -> None:
    """Spoil the journal, and what could mend it."""
    for name in ("journal.sqlite-wal", "journal.sqlite-shm"):
        (state(azure) / name).unlink(missing_ok=True)
    path = state(azure) / "journal.sqlite"
    path.write_bytes(b"\0" * path.stat().st_size)


class TestRebuild:
    """Azure and the sinks say what a new journal has to know."""

    def test_a_sound_one_is_left_alone(self, credferry: Program, azure: Sandbox) -> None:
        credferry.ok("rotate", "demo")
        before = credferry.json("audit", "verify")["head"]
        assert credferry.json("doctor", "--rebuild-journal")["rebuilt"] is False
        assert credferry.json("audit", "verify")["head"] == before

    @pytest.mark.parametrize("loss", ["damaged", "journal gone", "folder gone"])
    def test_a_rotation_is_found_again(
        self, credferry: Program, azure: Sandbox, loss: str
    ) -> None:
        (report,) = credferry.json("rotate", "demo", "--overlap", "1s")["rotations"]
        if loss == "damaged":
            damage(azure)
        elif loss == "journal gone":
            (state(azure) / "journal.sqlite").unlink()
        else:
            shutil.rmtree(state(azure))
        if loss != "folder gone":
            assert credferry.run("status").status == 1
            assert credferry.run("rotate", "demo").status == 1
        rebuilt = credferry.json("doctor", "--rebuild-journal")
        (line,) = rebuilt["credentials"]
        # The credential that the cluster was born with is valid, too: it may be the one in use.
        assert (line["keyId"], line["state"]) == (report["keyId"], "unfinished")
        assert sorted(line["sinks"]) == ["ci", "disk", "vault"]
        assert (rebuilt["damaged"] is not None) == (loss != "folder gone")
        (resumed,) = credferry.json("resume")["rotations"]
        assert (resumed["outcome"], resumed["keyId"]) == ("rotated", report["keyId"])
        assert azure.cluster()["secret"] == credferry.ok("get", "demo").out
        (line,) = credferry.json("status")["credentials"]
        assert (line["keyId"], line["state"]) == (report["keyId"], "ok")
        assert credferry.json("audit", "verify")["ok"] is True
        assert credferry.json("doctor", "--rebuild-journal")["rebuilt"] is False

    def test_what_is_certain_needs_no_resume(self, credferry: Program, azure: Sandbox) -> None:
        first = azure.application(azure.cluster()["clientId"])["credentials"][0]["keyId"]
        (report,) = credferry.json("rotate", "demo", "--overlap", "0s")["rotations"]
        credferry.ok("retire", "demo", "--adopt", first)
        damage(azure)
        azure.forget_exchanges()
        (line,) = credferry.json("doctor", "--rebuild-journal")["credentials"]
        assert (line["keyId"], line["state"]) == (report["keyId"], "applied")
        assert not [e for e in azure.exchanges() if "resetServicePrincipalProfile" in e["url"]]
        # The next rotation replaces it, and knows it for its own.
        (plan,) = credferry.json("plan", "demo")["rotations"]
        assert plan["retire"]["keyIds"] == [report["keyId"]]

    def test_what_credferry_added_is_retired(self, credferry: Program, azure: Sandbox) -> None:
        (first,) = credferry.json("rotate", "demo", "--overlap", "1h")["rotations"]
        (second,) = credferry.json("rotate", "demo", "--overlap", "1h")["rotations"]
        credferry.configure(
            lambda document: document["defaults"].setdefault("policy", {}).update(overlap="1s")
        )
        damage(azure)
        (line,) = credferry.json("doctor", "--rebuild-journal")["credentials"]
        assert (line["keyId"], line["retire"]) == (second["keyId"], [first["keyId"]])
        assert len(line["foreign"]) == 1
        credferry.ok("resume")
        (retired,) = credferry.json("retire", "demo")["rotations"]
        while not retired["retire"]["done"]:
            time.sleep(0.2)
            (retired,) = credferry.json("retire", "demo")["rotations"]
        left = {c["keyId"] for c in azure.application(azure.cluster()["clientId"])["credentials"]}
        assert left == {second["keyId"], *line["foreign"]}

    def test_a_dead_secret_is_not_taken(self, credferry: Program, azure: Sandbox) -> None:
        """A sink may hand out the secret of a credential that somebody has removed."""
        credferry.ok("rotate", "demo")
        path = azure.directory / "secrets" / "demo.service-principal.json"
        spoilt = path.read_text("utf-8").replace(azure.cluster()["secret"], "nonsense~nonsense")
        credferry.configure(lambda document: document["defaults"].update(sinks=["disk"]))
        path.write_text(spoilt, "utf-8")
        damage(azure)
        (line,) = credferry.json("doctor", "--rebuild-journal")["credentials"]
        assert (line["keyId"], line["state"]) == (None, "unknown")

    def test_a_sink_out_of_reach_stops_it(self, credferry: Program, azure: Sandbox) -> None:
        credferry.ok("rotate", "demo")
        damage(azure)
        spoilt = (state(azure) / "journal.sqlite").read_bytes()
        azure.deny("vault.get")
        result = credferry.run("doctor", "--rebuild-journal")
        assert result.status == 77, result
        assert "vault" in result.err
        assert (state(azure) / "journal.sqlite").read_bytes() == spoilt
        assert not list(state(azure).glob("damaged-*"))
