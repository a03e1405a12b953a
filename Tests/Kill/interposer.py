"""Builds the interposer (interposer.c), and puts it between credferry and the C library."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("interposer.c")
FLAGS = ("-std=gnu17", "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared")


def build(folder: Path) -> Path:
    """Compile it."""
    library = folder / "interposer.so"
    subprocess.run(["cc", *FLAGS, "-o", library, SOURCE], check=True, timeout=60)
    return library


@dataclass(frozen=True)
class Cut:
    """What the interposer does in one run of the program."""

    at: str | None = None
    """Where it raises SIGKILL: `KIND:NUMBER:MOMENT`."""
    steps: Path | None = None
    """Where it writes down the steps that it sees."""
    disk: Path | None = None
    """Where it keeps what a power cut would leave."""
    clock: int = 0
    """By how many seconds the wall clock is ahead."""
    locks: bool = True
    """Whether locks of files keep anybody out."""

    def variables(self, library: Path, state: Path, sinks: Path) -> dict[str, str]:
        """The environment that tells it so."""
        wanted = {
            "LD_PRELOAD": str(library),
            "CUT_STATE": str(state.resolve()),
            "CUT_SINKS": str(sinks.resolve()),
            "CUT_AT": self.at,
            "CUT_STEPS": self.steps and str(self.steps),
            "CUT_DISK": self.disk and str(self.disk),
            "CUT_CLOCK": str(self.clock) if self.clock else None,
            "CUT_LOCKS": None if self.locks else "free",
        }
        return {name: value for name, value in wanted.items() if value}


def count(steps: Path) -> Counter[str]:
    """How many steps of each kind were seen; a program that takes none writes nothing down."""
    if not steps.exists():
        return Counter()
    return Counter(line.split()[0] for line in steps.read_text("ascii").splitlines())
