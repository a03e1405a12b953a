"""A D-Bus session of its own with a real, unlocked gnome-keyring (scripts/with-keyring)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
VARIABLES = ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")
REPORT = "import json, os, sys; print(json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"


class Keyring:
    """A running session; a context manager that starts and ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._all: dict[str, str] = {}

    def __enter__(self) -> Keyring:
        self._process = subprocess.Popen(
            [ROOT / "scripts" / "with-keyring", sys.executable, "-c", REPORT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "no keyring could be started"
        self._all = json.loads(line)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.communicate("", timeout=20)

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to find it."""
        return {name: self._all[name] for name in VARIABLES}

    def tool(self, *arguments: str, check: bool = True) -> str:
        """Run one of Debian's programs in the session."""
        environment = {**os.environ, **self._all}
        done = subprocess.run(
            arguments, env=environment, capture_output=True, text=True, timeout=30, check=False
        )
        assert not check or done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def lookup(self, cluster: str, credential: str = "service-principal") -> str:
        """Look a secret up as a user does."""
        attributes = ("application", "credferry", "cluster", cluster, "credential", credential)
        return self.tool("secret-tool", "lookup", *attributes)

    def lock(self) -> None:
        """Lock the collection that secrets are stored in."""
        self.tool(
            *("gdbus", "call", "--session", "--dest", "org.freedesktop.secrets"),
            *("--object-path", "/org/freedesktop/secrets"),
            *("--method", "org.freedesktop.Secret.Service.Lock"),
            "[objectpath '/org/freedesktop/secrets/collection/login']",
        )
