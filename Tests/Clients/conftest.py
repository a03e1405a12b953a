"""Fixtures: a sandbox for each module, the CLI signed in, the libraries told to trust it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "Conformance")]

from azcli import Az  # noqa: E402
from sandbox import Sandbox  # noqa: E402

TIMES = ("--propagation", "0.5", "--operation-time", "1")


def pytest_configure(config: pytest.Config) -> None:
    """Markers of these tests."""
    config.addinivalue_line("markers", "cluster(**shape): what the test's own cluster is like")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that is quick to propagate and to finish operations."""
    with Sandbox(tmp_path_factory.mktemp("azure") / "sandbox", *TIMES) as sandbox:
        sandbox.settings(retryAfter=1)  # the CLI looks at operations every 30 s otherwise
        yield sandbox


@pytest.fixture(scope="module")
def az(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Az:
    """The Azure CLI, signed in."""
    az = Az(sandbox, tmp_path_factory.mktemp("az") / "configuration")
    az.register()
    az.sign_in()
    return az


@pytest.fixture
def trusted(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, trusted by the libraries in this process."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(sandbox.authorities))
    monkeypatch.setenv("NO_PROXY", "*")
    return sandbox
