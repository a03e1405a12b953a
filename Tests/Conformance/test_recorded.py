"""Real exchanges, recorded by Microsoft's own test kit, conform: nothing impossible is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator

import pytest

from openapi import check
from openapi.rules import IDS

RECORDED = Path(__file__).with_name("recorded")
OPERATIONS = 25


def exchanges() -> Iterator[dict[str, Any]]:
    """Read the recordings, and put back what the kit drops from them (recorded/SOURCES.md)."""
    for file in sorted(RECORDED.glob("*.json")):
        for record in json.loads(file.read_text("utf-8")):
            for name in (name for names in IDS.values() for name in names):
                record["responseHeaders"].setdefault(name, "7d4c7a41-8a1a-4f5c-9be5-2f6d1fe0a4d1")
            if record["status"] != 401:
                record["requestHeaders"]["Authorization"] = "Bearer dropped"
            yield record


@pytest.mark.parametrize(
    "record", list(exchanges()), ids=lambda record: record["source"].rsplit("/", 1)[-1]
)
def test_a_recorded_exchange_conforms(record: dict[str, Any]) -> None:
    assert [str(problem) for problem in check([record])] == []


def test_the_recordings_are_there() -> None:
    found = {
        (record["method"], record["url"].split("?")[0].rsplit("/", 1)[-1]) for record in exchanges()
    }
    assert len(found) >= OPERATIONS, "too few different exchanges to prove anything"
