"""How much is run, by the environment."""

from __future__ import annotations

import os

SEED = int(os.environ.get("KILL_SEED", "1"))
"""Which of the points are chosen, where not all are."""


def limit(variable: str, default: int) -> int | None:
    """How many are run: the variable's number, or None where it says `all`."""
    value = os.environ.get(variable) or str(default)
    return None if value == "all" else int(value)
