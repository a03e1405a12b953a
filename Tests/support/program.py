"""Runs credferry as a user would, with an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


def program() -> Path:
    """Find credferry: `$CREDFERRY`, else the one that the debug build made."""
    path = Path(os.environ.get("CREDFERRY") or ROOT / ".build" / "debug" / "credferry")
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is missing; build it with `swift build`")
    return path


@dataclass
class Result:
    """How a run ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on standard output."""
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"status {self.status}\n--- out\n{self.out}\n--- err\n{self.err}"


@dataclass
class Program:
    """credferry with a configuration and an environment."""

    home: Path
    configuration: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def variables(self) -> dict[str, str]:
        """All of the environment; nothing of the caller's but the search path comes through."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "CREDFERRY_CONFIG": str(self.configuration),
            **self.environment,
        }

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[bytes]:
        """Start it, and let it run."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([program(), *arguments], env=self.variables, **{**streams, **more})

    def run(self, *arguments: str, timeout: float = PATIENCE) -> Result:
        """Run it to its end."""
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            _, err = process.communicate()
            raise AssertionError(f"{arguments} did not end in {timeout} s: {err!r}") from None
        return Result(process.returncode, out.decode(), err.decode())

    def ok(self, *arguments: str) -> Result:
        """Run it, and expect that all is well."""
        result = self.run(*arguments)
        assert result.status == 0, f"{arguments}: {result}"
        return result

    def json(self, *arguments: str) -> Any:
        """Run it, expect that all is well, and give the document that it prints."""
        return self.ok(*arguments, "--output", "json").json

    def configure(self, change: Any) -> dict[str, Any]:
        """Change the configuration: `change` gets the document and may edit it."""
        document = yaml.safe_load(self.configuration.read_text("utf-8"))
        change(document)
        self.configuration.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
        return document
