import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from keyring_plugin import PROGRAM, ROOT, Plugin
from keyring_session import Session


@pytest.fixture(scope="session", autouse=True)
def program():
    if not PROGRAM.exists():
        pytest.exit(f"{PROGRAM} is not built: swift build --product credferry-keyring", 1)


@pytest.fixture
def session():
    """A D-Bus session with an unlocked gnome-keyring."""
    session = Session([ROOT / "scripts/with-keyring"])
    yield session
    session.close()


@pytest.fixture
def folder():
    """A short path, since a socket's may have 107 bytes."""
    path = tempfile.mkdtemp(prefix="cf-")
    yield Path(path)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def bare_bus(folder):
    """A D-Bus session whose bus knows no services; its environment."""
    config = folder / "bus.conf"
    config.write_text(f"""<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
        "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig><type>session</type><listen>unix:path={folder}/bus</listen>
        <servicedir>{folder}/services</servicedir>
        <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
        <allow own="*"/></policy></busconfig>""")
    (folder / "services").mkdir()
    bus = subprocess.Popen(
        ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"], stdout=subprocess.PIPE)
    address = bus.stdout.readline().decode().strip()
    assert address, "the bus did not start"
    yield {"DBUS_SESSION_BUS_ADDRESS": address, "HOME": str(folder), "PATH": os.environ["PATH"]}
    bus.terminate()
    bus.wait(30)
    bus.stdout.close()


@pytest.fixture
def keyring(session):
    with Plugin(session.environment) as plugin:
        yield plugin
