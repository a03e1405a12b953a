"""Every way in which a keyring cannot be used: its own error with the mend, in time, and nothing written elsewhere."""

import base64
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from jeepney import message_bus
from jeepney.io.blocking import open_dbus_connection

from keyring_plugin import HANG_GUARD_SECONDS, LOCKED, REFUSED, UNAVAILABLE, Plugin, PluginError, metadata
from keyring_session import Session
from secret_service import SecretService

NAME = "demo/service-principal"
CANARY = b"canary-9f1c2e7ab3"
PUT = {"name": NAME, "secret": {"base64": base64.b64encode(CANARY).decode()}, "metadata": metadata()}
CALLS = {"put": PUT, "get": {"name": NAME}, "delete": {"name": NAME}, "list": {"prefix": ""}}


def failure(environment, options=None):
    """The error of each of the four calls, made at the same time: it has to be the same."""
    with Plugin(environment, options) as plugin:
        start = time.monotonic()
        calls = {plugin.send(method, params): method for method, params in CALLS.items()}
        errors = {}
        for _ in CALLS:
            answer = plugin.receive()
            errors[calls[answer["id"]]] = PluginError(answer["error"])
        assert time.monotonic() - start < HANG_GUARD_SECONDS
    assert errors.keys() == CALLS.keys()
    assert len({(error.code, error.message, error.hint) for error in errors.values()}) == 1, errors
    home = environment.get("HOME")
    for path in Path(home).rglob("*") if home else []:
        if path.is_file():
            assert CANARY not in path.read_bytes(), f"{path} holds the secret"
    return errors["put"]


def gdbus(session, path, method, *arguments, destination="org.freedesktop.secrets"):
    done = session.run(
        "gdbus", "call", "--session", "--dest", destination, "--object-path", path, "--method", method, *arguments)
    assert done.returncode == 0
    return done.stdout.decode()


def lock(session):
    gdbus(session, "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock",
          "['/org/freedesktop/secrets/collection/login']")


def daemon(session):
    """The process id of the keyring daemon."""
    answer = gdbus(session, "/org/freedesktop/DBus", "org.freedesktop.DBus.GetConnectionUnixProcessID",
                   "org.freedesktop.secrets", destination="org.freedesktop.DBus")
    return int(answer.split()[1].strip(",)"))


@contextmanager
def stopped(pid):
    """A process that is there and does not answer."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def owned(environment, name):
    """A name on the bus whose owner answers nothing."""
    connection = open_dbus_connection(environment["DBUS_SESSION_BUS_ADDRESS"])
    try:
        reply = connection.send_and_get_reply(message_bus.RequestName(name))
        assert reply.body == (1,)
        yield
    finally:
        connection.close()


# No bus

def test_no_bus(folder):
    error = failure({"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)})
    assert error.code == UNAVAILABLE
    assert error.message == (
        "there is no D-Bus session: DBUS_SESSION_BUS_ADDRESS is not set, and XDG_RUNTIME_DIR holds no bus")
    assert "dbus-run-session" in error.hint


def test_a_bus_that_is_gone(folder):
    error = failure({"DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/gone", "HOME": str(folder)})
    assert error.code == UNAVAILABLE
    assert error.message.startswith("the D-Bus session bus cannot be reached: ")
    assert "dbus-run-session" in error.hint


def test_a_bus_that_does_not_answer(folder):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/bus")
        listener.listen()
        # The socket is where systemd puts it, and no variable names it.
        error = failure({"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)})
    assert error.code == UNAVAILABLE
    assert error.message == "the D-Bus session bus does not answer"


# No secret service

def test_no_secret_service(bare_bus):
    error = failure(bare_bus)
    assert error.code == UNAVAILABLE
    assert error.message == "no secret service runs in this D-Bus session, and none is installed"
    assert "gnome-keyring" in error.hint


@pytest.mark.parametrize("program, message", [
    ("/bin/false", "no secret service runs, and the one that is installed cannot be started: "),
    ("/bin/sleep 100", "no secret service runs, and the one that is installed did not start in time"),
])
def test_a_secret_service_that_cannot_start(bare_bus, folder, program, message):
    (folder / "services/secrets.service").write_text(
        f"[D-BUS Service]\nName=org.freedesktop.secrets\nExec={program}\n")
    subprocess.run(
        ["gdbus", "call", "--session", "--dest", "org.freedesktop.DBus", "--object-path", "/", "--method",
         "org.freedesktop.DBus.ReloadConfig"], env=bare_bus, check=True, stdout=subprocess.DEVNULL)
    error = failure(bare_bus)
    assert error.code == UNAVAILABLE
    assert error.message.startswith(message)
    assert "gnome-keyring-daemon --start --foreground" in error.hint


def test_a_secret_service_that_never_answers(bare_bus):
    with owned(bare_bus, "org.freedesktop.secrets"):
        error = failure(bare_bus)
    assert error.code == UNAVAILABLE
    assert error.message == "the secret service does not answer"
    assert "restart the keyring daemon" in error.hint


def test_a_keyring_daemon_that_hangs(session):
    with stopped(daemon(session)):
        error = failure(session.environment)
    assert error.code == UNAVAILABLE
    assert error.message == "the secret service does not answer"


def test_a_hanging_call_can_be_given_up(session):
    with stopped(daemon(session)), Plugin(session.environment) as plugin:
        number = plugin.send("get", {"name": NAME})
        plugin.process.stdin.write(b'{"jsonrpc":"2.0","method":"cancel","params":{"id":%d}}\n' % number)
        plugin.process.stdin.flush()
        answer = plugin.receive()
    assert answer["id"] == number
    assert answer["error"]["message"].endswith("the call was given up")


def test_a_restarted_keyring_daemon_is_found_again(session):
    with Plugin(session.environment) as plugin:
        plugin.put(NAME, b"kept")
        os.kill(daemon(session), signal.SIGKILL)
        session.run("gdbus", "wait", "--session", "--timeout", "1", "org.freedesktop.secrets")
        restart = ["gnome-keyring-daemon", "--replace", "--unlock", "--components=secrets"]
        session.run(*restart, input=b"\n")
        assert plugin.get(NAME)["secret"] == b"kept"


# No collection

def test_no_default_collection(folder, monkeypatch):
    for name in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"]:
        monkeypatch.setenv(name, str(folder))
    session = Session(["dbus-run-session", "--"])
    try:
        session.run("gnome-keyring-daemon", "--start", "--components=secrets")
        error = failure(session.environment)
    finally:
        session.close()
    assert error.code == REFUSED
    assert error.message == 'there is no keyring "default"'
    assert "Seahorse" in error.hint


def test_an_unknown_collection(session):
    error = failure(session.environment, {"collection": "nope"})
    assert error.code == REFUSED
    assert error.message == 'there is no keyring "nope"'
    assert "Login" in error.hint


# Locked

def test_a_locked_keyring_without_a_screen(session):
    lock(session)
    error = failure(session.environment)
    assert error.code == LOCKED
    assert error.message == (
        'the keyring "default" is locked, and there is no screen to ask for its password on')
    assert "gnome-keyring-daemon --replace --unlock reads" in error.hint


@pytest.mark.parametrize("screen", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_dismissed_prompt(session, screen):
    lock(session)
    # gnome-keyring's prompter finds no such screen and ends, which dismisses the prompt.
    error = failure({**session.environment, screen: ":99"})
    assert error.code == LOCKED
    assert error.message == 'the keyring "default" is locked, and its prompt was dismissed'
    assert "unlock it" in error.hint


def test_a_prompt_that_nobody_answers(session):
    lock(session)
    with owned(session.environment, "org.gnome.keyring.SystemPrompter"):
        error = failure({**session.environment, "DISPLAY": ":99"})
    assert error.code == LOCKED
    assert error.message == 'the keyring "default" is locked, and nobody answered its prompt in time'


def test_a_prompt_that_is_answered(bare_bus):
    service = SecretService(bare_bus, "unlock")
    with Plugin(bare_bus | {"DISPLAY": ":99"}) as plugin:
        assert plugin.list() == []
        assert plugin.list() == []
    assert service.prompts == 1


@pytest.mark.parametrize("answer", ["dismiss", "unlock-nothing"])
def test_a_person_is_asked_once_for_calls_that_wait(bare_bus, answer):
    service = SecretService(bare_bus, answer, waiting=len(CALLS))
    error = failure(bare_bus | {"DISPLAY": ":99"})
    assert error.code == LOCKED
    assert error.message == 'the keyring "default" is locked, and its prompt was dismissed'
    assert service.prompts == 1


def test_an_unlocked_keyring_works_again(session):
    with Plugin(session.environment) as plugin:
        plugin.put(NAME, b"s")
        lock(session)
        with pytest.raises(PluginError):
            plugin.get(NAME)
        session.run("gnome-keyring-daemon", "--replace", "--unlock", input=b"\n")
        assert plugin.get(NAME)["secret"] == b"s"
