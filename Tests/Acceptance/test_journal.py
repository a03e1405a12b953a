"""The journal: what was done, whether anybody changed it, and disks that fail."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from program import Program
from sandbox import Sandbox

SUPPORT = Path(__file__).resolve().parents[1] / "support"


def state(azure: Sandbox) -> Path:
    return azure.directory / "state"


@contextmanager
def journal(azure: Sandbox) -> Iterator[sqlite3.Connection]:
    """The journal's file, as anybody may open it."""
    with closing(sqlite3.connect(state(azure) / "journal.sqlite")) as database, database:
        yield database


class TestHistory:
    """What was done, without asking anybody."""

    def test_nothing_yet(self, credferry: Program, azure: Sandbox) -> None:
        assert credferry.ok("history").out == "nothing was done yet\n"
        assert credferry.json("history") == {"rotations": [], "entries": []}
        assert not state(azure).exists()
        assert azure.exchanges() == []

    def test_a_rotation(self, credferry: Program, azure: Sandbox) -> None:
        (report,) = credferry.json("rotate", "demo")["rotations"]
        azure.forget_exchanges()
        (line,) = credferry.json("history", "demo")["rotations"]
        assert line["targets"] == ["demo/service-principal"]
        assert (line["outcome"], line["keyId"]) == ("rotated", report["keyId"])
        whats = [entry["what"] for entry in line["entries"]]
        for intent, result in [("add", "add done"), ("put", "put done"), ("reset", "reset accepted")]:
            assert whats.index(intent) < whats.index(result)
        assert {entry["sink"] for entry in line["entries"] if entry["what"] == "put"} == {
            "disk",
            "ci",
            "vault",
        }
        for entry in line["entries"]:
            assert entry["user"] and entry["host"] and entry["process"] > 0
            assert entry["appId"] == report["appId"]
        text = credferry.ok("history").out
        assert report["keyId"] in text and "rotated" in text
        assert "put done" in credferry.ok("history", "--verbose").out
        assert azure.exchanges() == []

    def test_an_unknown_target(self, credferry: Program) -> None:
        assert credferry.run("history", "nobody").status == 64

    def test_no_secret_is_in_it(self, credferry: Program, azure: Sandbox) -> None:
        credferry.ok("rotate", "demo")
        secret = azure.cluster()["secret"].encode()
        operator = (azure.directory / "operator-secret").read_bytes().strip()
        for path in state(azure).rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert secret not in content and operator not in content, path
                assert b"eyJ" not in content, f"{path} holds a token"


class TestAudit:
    """Whatever is changed is found."""

    def test_nothing_yet(self, credferry: Program, azure: Sandbox) -> None:
        assert credferry.json("audit", "verify")["ok"] is True
        assert not state(azure).exists()

    def test_another_reader_agrees(self, credferry: Program, azure: Sandbox) -> None:
        """The chain is what docs/journal.md says, by a reader that shares no line with ours."""
        credferry.ok("rotate", "demo")
        hashed, number = bytes(32), 0
        with journal(azure) as database:
            for number, (stored, body, digest) in enumerate(
                database.execute("SELECT number, body, hash FROM audit ORDER BY number"), 1
            ):
                hashed = hashlib.sha256(hashed + body).digest()
                assert (stored, digest, json.loads(body)["number"]) == (number, hashed, number)
        report = credferry.json("audit", "verify")
        assert report == {
            "ok": True,
            "records": number,
            "head": f"{number}:{hashed.hex()}",
            "fault": None,
        }
        assert report["head"] in credferry.ok("audit", "verify").out
        assert credferry.run("audit", "verify", "--head", report["head"]).status == 0
        other = f"{number}:{'0' * 64}"
        assert credferry.run("audit", "verify", "--head", other).status == 1
        assert credferry.run("audit", "verify", "--head", "nonsense").status == 64

    @pytest.mark.parametrize(
        ("sql", "number"),
        [
            ("UPDATE audit SET body = CAST(replace(body, 'put', 'get') AS BLOB) WHERE number > 4", None),
            ("DELETE FROM audit WHERE number = 3", 3),
            ("DELETE FROM audit WHERE number >= 5", 5),
            ("UPDATE rotation SET record = CAST(record || ' ' AS BLOB)", None),
        ],
    )
    def test_a_change_is_named(
        self, credferry: Program, azure: Sandbox, sql: str, number: int | None
    ) -> None:
        credferry.ok("rotate", "demo")
        with journal(azure) as database:
            database.execute(sql)
        result = credferry.run("audit", "verify")
        assert result.status == 1, result
        assert f"audit record {number or ''}" in result.err
        report = credferry.run("audit", "verify", "--output", "json")
        assert report.status == 1
        assert report.json["ok"] is False and report.json["fault"]["reason"]

    def test_a_lost_log_is_not_silent(self, credferry: Program, azure: Sandbox) -> None:
        """An older copy of the journal is as whole as any; what it lacks is known all the same."""
        credferry.ok("rotate", "demo")
        old = (state(azure) / "journal.sqlite").read_bytes()
        credferry.ok("rotate", "demo")
        (state(azure) / "journal.sqlite").write_bytes(old)
        result = credferry.run("rotate", "demo")
        assert result.status == 1, result
        assert "has lost what was once written" in result.out + result.err
        assert len(azure.application(azure.cluster()["clientId"])["credentials"]) == 3
        assert credferry.run("audit", "verify").status == 1


@pytest.fixture(scope="module")
def failing_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("shim") / "failing_disk.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", library, SUPPORT / "failing_disk.c", "-ldl"], check=True
    )
    return library


class TestDisks:
    """A disk that fails ends the rotation; nothing is lost."""

    def test_new_files_are_synced_with_their_folders(
        self, credferry: Program, azure: Sandbox, failing_disk: Path, tmp_path: Path
    ) -> None:
        log = tmp_path / "synced"
        credferry.environment.update(LD_PRELOAD=str(failing_disk), FAILING_DISK_LOG=str(log))
        credferry.ok("rotate", "demo")
        synced = log.read_text().splitlines()
        folder = os.path.realpath(state(azure))
        assert str(Path(folder).parent) in synced
        assert folder in synced
        first = synced.index(f"{folder}/journal.sqlite-wal")
        assert folder in synced[:first], "a commit was synced before the entry of its file"
        assert f"{folder}/journal.head" in synced[first:]

    @pytest.mark.parametrize("file", ["journal.sqlite-wal", "journal.head"])
    @pytest.mark.parametrize("after", [0, 1, 2, 3, 5, 8, 13])
    def test_an_input_output_error(
        self, credferry: Program, azure: Sandbox, failing_disk: Path, file: str, after: int
    ) -> None:
        before = azure.cluster()["secret"]
        credferry.environment.update(
            LD_PRELOAD=str(failing_disk), FAILING_DISK_FILE=file, FAILING_DISK_AFTER=str(after)
        )
        result = credferry.run("rotate", "demo")
        assert result.status in (1, 2), result
        assert "nput/output error" in result.out + result.err or "I/O error" in result.out + result.err
        credferry.environment.clear()
        resumed: list[dict[str, Any]] = credferry.json("resume")["rotations"]
        if not resumed:
            assert azure.cluster()["secret"] == before
            credferry.ok("rotate", "demo")
        assert credferry.ok("get", "demo").out == azure.cluster()["secret"]
        assert credferry.json("audit", "verify")["ok"] is True
        assert len(azure.application(azure.cluster()["clientId"])["credentials"]) == 2

    @pytest.mark.parametrize("size", [8, 160, 192, 224, 256, 288, 384, 512])
    def test_a_full_disk(
        self, credferry: Program, azure: Sandbox, size: int, disk: Callable[[str], None]
    ) -> None:
        """The disk has so many KiB; nothing is begun that has no room in the journal."""
        before = azure.cluster()["secret"]
        disk(f"size={size}k")
        result = credferry.run("rotate", "demo")
        if result.status == 0:
            assert size >= 384, "the disk was not full"
        else:
            assert result.status in (1, 2), result
            assert "is full" in result.out + result.err or "No space left" in result.out + result.err
            assert "free some space" in result.out + result.err
        if result.status == 1:
            assert azure.cluster()["secret"] == before
        disk("remount,size=10m")
        credferry.ok("resume")
        if result.status == 1:
            credferry.ok("rotate", "demo")
        assert credferry.ok("get", "demo").out == azure.cluster()["secret"]
        assert credferry.json("audit", "verify")["ok"] is True
        assert len(azure.application(azure.cluster()["clientId"])["credentials"]) == 2

    def test_a_read_only_folder(
        self, credferry: Program, azure: Sandbox, disk: Callable[[str], None]
    ) -> None:
        disk("size=10m")
        credferry.ok("rotate", "demo")
        disk("remount,ro")
        azure.forget_exchanges()
        result = credferry.run("rotate", "demo")
        assert result.status == 1, result
        assert "Read-only file system" in result.out + result.err
        assert not [e for e in azure.exchanges() if "addPassword" in e["url"]]
        disk("remount,rw")
        credferry.ok("rotate", "demo")


@pytest.fixture
def disk(azure: Sandbox) -> Iterator[Callable[[str], None]]:
    """Mounts, or mounts anew, a file system of its own for the state folder's parent."""
    folder = azure.directory / "disk"
    folder.mkdir(mode=0o700)

    def mount(options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", f"mode=0700,{options}", "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"a file system of its own needs the right to mount: {done.stderr.strip()}")

    text = azure.configuration.read_text("utf-8")
    assert "state: state" in text
    azure.configuration.write_text(text.replace("state: state", "state: disk/state"), "utf-8")
    yield mount
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)
