"""A sandbox, a keyring and the built program, for every test that asks for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "Conformance")]

from desktop import Keyring  # noqa: E402
from openapi import check  # noqa: E402
from program import Program  # noqa: E402
from sandbox import Sandbox  # noqa: E402


@pytest.fixture(scope="session")
def keyring() -> Iterator[Keyring]:
    """One unlocked keyring for all tests."""
    with Keyring() as session:
        yield session


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Sandbox]:
    """An Azure of its own for each test, in a hurry.

    Whatever a test is about, no cluster ever holds a dead secret, and all that went to and fro is as the
    services' own documents have it.
    """
    with Sandbox(tmp_path / "azure", "--propagation", "0.4", "--operation-time", "0.6") as sandbox:
        yield sandbox
        assert sandbox.violations() == [], "a cluster held a secret that Entra refuses (R3)"
        problems = check(sandbox.exchanges())
        assert problems == [], "\n".join(map(str, problems))


@pytest.fixture
def credferry(tmp_path: Path, azure: Sandbox) -> Program:
    """The program with the sandbox's own configuration, but for the sink that needs a keyring."""
    program = Program(tmp_path / "home", azure.configuration)
    program.configure(lambda document: document["defaults"].update(sinks=["disk", "ci", "vault"]))
    return program


@pytest.fixture
def desktop(tmp_path: Path, azure: Sandbox, keyring: Keyring) -> Program:
    """The program with all four sinks, on a desktop with an unlocked keyring."""
    return Program(tmp_path / "home", azure.configuration, keyring.environment)
