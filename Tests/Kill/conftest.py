"""The interposer, the sandboxes and the keyring that the runs share; and the table of what was killed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(Path(__file__).resolve().parent)]

import interposer  # noqa: E402
from desktop import Keyring  # noqa: E402
from matrix import Bench, Outcome, table  # noqa: E402

OUTCOMES = pytest.StashKey[list[Outcome]]()


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interposer, built."""
    return interposer.build(tmp_path_factory.mktemp("interposer"))


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, library: Path) -> Iterator[Bench]:
    """Sandboxes to work in."""
    with Keyring() as keyring, Bench(tmp_path_factory.mktemp("kill"), library, keyring) as bench:
        yield bench


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest) -> list[Outcome]:
    """What becomes of the points; printed at the end."""
    return request.config.stash.setdefault(OUTCOMES, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print how many points were killed at."""
    if outcomes := config.stash.get(OUTCOMES, None):
        terminalreporter.section("killed at")
        for line in table(outcomes):
            terminalreporter.write_line(line)
