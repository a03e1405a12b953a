"""The bridge: a secret is carried from one sink to another."""

from __future__ import annotations

import json

import pytest
from program import Program
from sandbox import Sandbox

DISK = "secrets/demo.service-principal.json"


@pytest.fixture
def rotated(credferry: Program) -> Program:
    """A cluster whose secret is in the vault alone."""
    credferry.configure(lambda document: document["clusters"][0].update(sinks=["vault"]))
    credferry.ok("rotate", "demo")
    return credferry


@pytest.mark.parametrize("sink", ["disk", "ci"])
def test_the_secret_and_whose_it_is_arrive(rotated: Program, azure: Sandbox, sink: str) -> None:
    report = rotated.json("copy", "demo", "--from", "vault", "--to", sink)
    assert (report["from"], report["to"]) == ("vault", sink)
    secret = azure.cluster()["secret"]
    assert rotated.ok("get", "demo", "--from", sink).out == secret
    assert rotated.ok("get", "demo", "--from", sink, "--field", "keyId").out.strip() == report["keyId"]


def test_what_is_not_current_is_refused(rotated: Program, azure: Sandbox) -> None:
    rotated.ok("copy", "demo", "--from", "vault", "--to", "disk")
    rotated.ok("rotate", "demo")
    before = len(azure.state()["vaults"]["ops"]["demo-service-principal"])
    result = rotated.run("copy", "demo", "--from", "disk", "--to", "vault")
    assert result.status == 1, result
    assert "applied last" in result.err
    assert len(azure.state()["vaults"]["ops"]["demo-service-principal"]) == before


def test_a_secret_without_its_metadata_is_not_copied(rotated: Program, azure: Sandbox) -> None:
    rotated.configure(lambda document: document["sinks"]["disk"].update(format="raw"))
    rotated.ok("copy", "demo", "--from", "vault", "--to", "disk")
    assert (azure.directory / DISK).read_text() == azure.cluster()["secret"]
    assert rotated.run("copy", "demo", "--from", "disk", "--to", "ci").status == 1


@pytest.mark.parametrize(
    "arguments",
    [("--from", "vault"), ("--from", "vault", "--to", "vault"), ("--from", "vault", "--to", "nowhere")],
    ids=" ".join,
)
def test_wrong_usage(rotated: Program, arguments: tuple[str, ...]) -> None:
    assert rotated.run("copy", "demo", *arguments).status == 64


def test_the_text_says_what_was_done(rotated: Program) -> None:
    text = rotated.ok("copy", "demo", "--from", "vault", "--to", "disk").out
    assert "from vault to disk" in text
    assert json.loads(rotated.ok("copy", "demo", "--from", "vault", "--to", "disk", "--output", "json").out)
