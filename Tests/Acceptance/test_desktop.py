"""The keyring in every state that it can be in: a clear error with its mend, and never a hang."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import Program
from sandbox import Sandbox
from desktop import Keyring

HANG = 15.0


def refused(desktop: Program, azure: Sandbox, *says: str) -> None:
    """The rotation ends before anything is added, with the keyring's status and mend."""
    began = time.monotonic()
    result = desktop.run("rotate", "demo", timeout=HANG)
    assert time.monotonic() - began < HANG
    assert result.status == 69, result
    for text in ("laptop", *says):
        assert text in result.out, result
    assert len(azure.application(azure.cluster()["clientId"])["credentials"]) == 1
    assert all("addPassword" not in exchange["url"] for exchange in azure.exchanges())


@pytest.fixture
def locked() -> Iterator[Keyring]:
    """A keyring that its owner has locked."""
    with Keyring() as session:
        session.lock()
        yield session


def test_a_locked_keyring(tmp_path: Path, azure: Sandbox, locked: Keyring) -> None:
    desktop = Program(tmp_path / "home", azure.configuration, locked.environment)
    refused(desktop, azure, "locked")


def test_no_session_bus(tmp_path: Path, azure: Sandbox) -> None:
    desktop = Program(tmp_path / "home", azure.configuration)
    refused(desktop, azure, "D-Bus")


def test_a_bus_without_a_keyring(tmp_path: Path, azure: Sandbox) -> None:
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    configuration = tmp_path / "bus.conf"
    configuration.write_text(
        '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" '
        '"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">'
        "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>"
        '<policy context="default"><allow send_destination="*" eavesdrop="true"/>'
        '<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>'
    )
    bus = subprocess.Popen(
        ["dbus-daemon", f"--config-file={configuration}", "--print-address", "--nofork"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert bus.stdout is not None
        address = bus.stdout.readline().strip()
        environment = {"DBUS_SESSION_BUS_ADDRESS": address, "XDG_RUNTIME_DIR": str(runtime)}
        refused(Program(tmp_path / "home", azure.configuration, environment), azure, "keyring")
    finally:
        bus.kill()
        bus.wait()


def test_reading_a_file_needs_no_keyring(tmp_path: Path, azure: Sandbox, desktop: Program) -> None:
    desktop.ok("rotate", "demo")
    elsewhere = Program(tmp_path / "elsewhere", azure.configuration)
    assert elsewhere.ok("get", "demo", "--from", "disk").out == azure.cluster()["secret"]
    result = elsewhere.run("get", "demo", "--from", "laptop", timeout=HANG)
    assert result.status == 69, result
    assert result.out == ""


def test_reading_a_file_needs_no_azure(azure: Sandbox, desktop: Program) -> None:
    desktop.ok("rotate", "demo")
    azure.forget_exchanges()
    desktop.ok("get", "demo", "--from", "disk")
    desktop.ok("get", "demo", "--from", "ci")
    desktop.ok("get", "demo", "--from", "laptop")
    desktop.ok("exec", "demo", "--", "true")
    assert azure.exchanges() == []


def test_the_tools_of_this_suite_are_the_real_ones() -> None:
    for tool in ("secret-tool", "gnome-keyring-daemon", "dbus-daemon", "gdbus"):
        assert shutil.which(tool), f"{tool} is missing: make deps"
