"""`apply`: a cluster gets the secret that a sink holds, and nothing is added."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from program import Program
from sandbox import Sandbox

FILE = "secrets/demo.service-principal.json"


def key_ids(azure: Sandbox) -> list[str]:
    application = azure.application(azure.cluster()["clientId"])
    return [credential["keyId"] for credential in application["credentials"]]


def calls(azure: Sandbox, text: str) -> list[str]:
    return [e["url"] for e in azure.exchanges() if e["method"] == "POST" and text in e["url"]]


@pytest.fixture
def delivered(credferry: Program) -> Program:
    """A cluster that a pipeline applies to; its new secret is in the sinks."""
    credferry.configure(lambda document: document["clusters"][0].update(apply=False))
    (report,) = credferry.json("rotate", "demo")["rotations"]
    assert [line["outcome"] for line in report["consumers"]] == ["delivered-only"]
    return credferry


@pytest.mark.parametrize("sink", ["disk", "ci", "vault"])
def test_what_was_delivered(delivered: Program, azure: Sandbox, sink: str) -> None:
    born = azure.cluster()["secret"]
    before = key_ids(azure)
    azure.forget_exchanges()
    (report,) = delivered.json("apply", "demo", "--from", sink)["rotations"]
    assert report["outcome"] == "rotated"
    assert [line["outcome"] for line in report["consumers"]] == ["applied"]
    assert [line["sink"] for line in report["sinks"]] == [sink]
    assert azure.cluster()["secret"] == delivered.ok("get", "demo").out != born
    assert key_ids(azure) == before and not calls(azure, "addPassword")
    (line,) = delivered.json("status")["credentials"]
    assert line["keyId"] == report["keyId"] in before


def test_the_first_that_can_be_read(delivered: Program, azure: Sandbox) -> None:
    text = delivered.ok("apply", "demo").out
    assert "disk" in text
    assert azure.cluster()["secret"] == delivered.ok("get", "demo").out


def test_the_overlap_begins_with_the_apply(delivered: Program) -> None:
    first = delivered.json("status")["credentials"][0]["keyId"]
    (rotated,) = delivered.json("rotate", "demo", "--overlap", "1h")["rotations"]
    (applied,) = delivered.json("apply", "demo")["rotations"]
    assert applied["keyId"] == rotated["keyId"]
    assert applied["retire"]["keyIds"] == rotated["retire"]["keyIds"] == [first]
    assert applied["retire"]["notBefore"] >= rotated["retire"]["notBefore"]
    (other,) = [
        other
        for other in delivered.json("status")["credentials"][0]["others"]
        if other["state"] == "superseded"
    ]
    assert other["keyId"] == first


def test_a_dead_secret_is_refused(delivered: Program, azure: Sandbox) -> None:
    born = azure.cluster()["secret"]
    path = azure.directory / FILE
    new = delivered.ok("get", "demo").out
    path.write_text(path.read_text("utf-8").replace(new, "nobody~accepts~this"), "utf-8")
    azure.forget_exchanges()
    result = delivered.run("apply", "demo", "--from", "disk")
    assert result.status == 1, result
    assert "Entra does not accept the secret that sink disk holds" in result.out + result.err
    assert azure.cluster()["secret"] == born
    assert not calls(azure, "reset")


def test_one_that_is_to_be_retired_is_refused(credferry: Program, azure: Sandbox) -> None:
    credferry.ok("rotate", "demo")
    shutil.copy(azure.directory / FILE, azure.directory / "kept")
    credferry.ok("rotate", "demo")
    current = azure.cluster()["secret"]
    shutil.copy(azure.directory / "kept", azure.directory / FILE)
    result = credferry.run("apply", "demo", "--from", "disk")
    assert result.status == 1, result
    assert "is to be retired" in result.out
    assert azure.cluster()["secret"] == current


def test_what_is_unfinished_is_resumed_instead(credferry: Program, azure: Sandbox) -> None:
    azure.fault(
        method="POST",
        pathContains="resetServicePrincipalProfile",
        effect={"status": 400, "body": {"code": "BadRequest", "message": "no"}},
    )
    assert credferry.run("rotate", "demo").status == 2
    result = credferry.run("apply", "demo")
    assert result.status == 1, result
    assert "credferry resume" in result.out


def test_on_another_machine(credferry: Program, azure: Sandbox) -> None:
    """A pipeline that has the vault and no journal."""
    (rotated,) = credferry.json("rotate", "demo")["rotations"]
    shutil.rmtree(azure.directory / "state")
    (report,) = credferry.json("apply", "demo", "--from", "vault")["rotations"]
    assert (report["outcome"], report["keyId"]) == ("rotated", rotated["keyId"])
    (line,) = credferry.json("status")["credentials"]
    assert line["keyId"] == rotated["keyId"]


def test_a_secret_of_somebody_else(credferry: Program, azure: Sandbox) -> None:
    """It is applied, and stays somebody else's: nothing of credferry's ever removes it (R5)."""
    credferry.configure(lambda document: document["sinks"]["disk"].update(format="raw"))
    born = azure.cluster()["secret"]
    path = azure.directory / FILE
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(born, "ascii")
    path.chmod(0o600)
    (before,) = key_ids(azure)
    (report,) = credferry.json("apply", "demo", "--from", "disk")["rotations"]
    assert (report["outcome"], report["keyId"]) == ("rotated", None)
    assert len(calls(azure, "resetServicePrincipalProfile")) == 1
    entries: list[dict[str, Any]] = credferry.json("history")["entries"]
    assert {"reset", "reset accepted"} <= {entry["what"] for entry in entries}
    assert credferry.json("audit", "verify")["ok"] is True
    (line,) = credferry.json("status")["credentials"]
    assert line["keyId"] is None
    (rotated,) = credferry.json("rotate", "demo", "--overlap", "0s")["rotations"]
    credferry.ok("resume")
    assert before in key_ids(azure) and rotated["keyId"] in key_ids(azure)


def test_a_crash_is_resumed(delivered: Program, azure: Sandbox) -> None:
    azure.fault(method="POST", pathContains="resetServicePrincipalProfile", effect={"hang": "after"})
    process = delivered.start("apply", "demo")
    try:
        while not calls(azure, "resetServicePrincipalProfile"):
            assert process.poll() is None, process.communicate()
    finally:
        process.kill()
        process.communicate()
    (report,) = delivered.json("resume")["rotations"]
    assert report["outcome"] == "rotated"
    assert azure.cluster()["secret"] == delivered.ok("get", "demo").out


def test_characters_that_aks_refuses(delivered: Program, azure: Sandbox) -> None:
    """Another credential would help, and apply adds none."""
    before = key_ids(azure)
    azure.fault(
        method="POST",
        pathContains="resetServicePrincipalProfile",
        times=None,
        effect={
            "status": 400,
            "body": {"code": "BadRequest", "message": "Service principal client secret has invalid characters: `"},
        },
    )
    (report,) = delivered.run("apply", "demo", "--output", "json").json["rotations"]
    assert report["outcome"] == "failed"
    assert key_ids(azure) == before


@pytest.mark.parametrize(
    "arguments", [("demo", "--from", "nowhere"), ("nobody",), (), ("demo", "demo")], ids=" ".join
)
def test_wrong_usage(delivered: Program, arguments: tuple[str, ...]) -> None:
    assert delivered.run("apply", *arguments).status == 64
