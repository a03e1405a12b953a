"""Answers that Azure has really given, replayed to the built program in the middle of a rotation.

Each gives the right outcome: it is asked again, waited for, or an end with words that an operator can act on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from program import Program
from sandbox import Sandbox

ANSWERS: list[dict[str, Any]] = json.loads(
    (Path(__file__).resolve().parents[1] / "Answers" / "answers.json").read_text("utf-8")
)


def effect(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer as the sandbox gives it."""
    kind = answer["headers"].get("content-type", "application/json")
    headers = {**answer["headers"], "content-type": kind}
    return {"status": answer["status"], "headers": headers, "body": answer["body"] or ""}


def said(answer: dict[str, Any]) -> tuple[str | None, str | None]:
    """Azure's code, and the beginning of what it says."""
    try:
        body = json.loads(answer["body"])
    except ValueError:
        return None, None
    fault = body["error"] if isinstance(body.get("error"), dict) else body
    code = fault.get("code") or fault.get("Code")
    if "error_codes" in body:
        code = f"AADSTS{body['error_codes'][0]}"
    message = fault.get("message") or fault.get("Message") or body.get("error_description") or ""
    return code, message.splitlines()[0][:80] if message else None


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Sandbox]:
    """Azure, in whose exchanges there are answers that its documents of today do not have."""
    with Sandbox(tmp_path / "azure", "--propagation", "0.4", "--operation-time", "0.6") as sandbox:
        yield sandbox
        assert sandbox.violations() == []


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["name"])
def test_a_rotation_that_meets_it(
    answer: dict[str, Any], credferry: Program, azure: Sandbox
) -> None:
    born = azure.cluster()["secret"]
    azure.fault(
        service=answer["service"],
        method=answer["at"]["method"],
        pathContains=answer["at"]["path"],
        times=answer["times"],
        effect=effect(answer),
    )
    result = credferry.run("rotate", "demo", "--output", "json")
    assert result.status == answer["exit"], result
    everything = result.out + result.err
    reports = json.loads(result.out)["rotations"] if result.out else []
    if answer["outcome"] == "accepted":
        return
    if answer["outcome"] == "rotated":
        assert [report["outcome"] for report in reports] == ["rotated"], result
        assert azure.cluster()["secret"] == credferry.ok("get", "demo").out != born
        return
    code, message = said(answer)
    if answer["name"] == "keyvault-401-challenge":
        assert "gets no token: it asks for a token for https://vault.azure.net" in everything
        vault = [e for e in azure.exchanges() if "vault" in e["url"].split("/")[2]]
        assert vault and not [e for e in vault if "authorization" in json.dumps(e["requestHeaders"]).lower()]
    else:
        assert code is None or code in everything, result
        assert message is None or json.dumps(message)[1:-1] in everything or message in everything, result
    for name in ("request-id", "x-ms-request-id"):
        if name in answer["headers"]:
            assert answer["headers"][name] in everything, result
    assert azure.operator_secret not in everything and born not in everything
    azure.clear_faults()
    if answer["outcome"] == "unfinished":
        assert [report["outcome"] for report in credferry.json("resume")["rotations"]] == ["rotated"]
    else:
        assert azure.cluster()["secret"] == born
        assert len(azure.application(azure.cluster()["clientId"])["credentials"]) == 1
        credferry.ok("rotate", "demo")
    assert azure.cluster()["secret"] == credferry.ok("get", "demo").out != born
