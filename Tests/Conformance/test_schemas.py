"""The translation of OpenAPI's schemas, point by point."""

from __future__ import annotations

from typing import Any

import pytest

from openapi.schemas import Direction, Translator

CAT = {"allOf": [{"$ref": "#/definitions/Animal"}], "properties": {"lives": {"type": "integer"}}}
DOCUMENT: dict[str, Any] = {
    "definitions": {
        "Animal": {
            "type": "object",
            "discriminator": "kind",
            "required": ["kind"],
            "properties": {"kind": {"type": "string"}, "name": {"type": "string", "minLength": 1}},
        },
        "Cat": CAT,
        "Dog": {
            **CAT,
            "properties": {"barks": {"type": "boolean"}},
            "x-ms-discriminator-value": "hound",
        },
        "Node": {
            "type": "object",
            "properties": {"next": {"$ref": "#/definitions/Node"}, "n": {"type": "integer"}},
        },
        "Stamp": {"type": "string", "readOnly": True},
        "Thing": {
            "required": ["id", "name"],
            "properties": {
                "id": {"type": "string", "readOnly": True},
                "made": {"$ref": "#/definitions/Stamp"},
                "name": {"type": "string"},
                "note": {"type": "string", "x-nullable": True},
                "secret": {"type": "string", "x-ms-secret": True},
                "tags": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        },
    }
}


def accepts(schema: dict[str, Any], value: Any, direction: Direction = Direction.ANSWER) -> bool:
    """Tell whether the translated schema accepts a value."""
    return Translator(DOCUMENT, direction).validator(schema).is_valid(value)


def a(name: str) -> dict[str, str]:
    """Refer to a definition."""
    return {"$ref": f"#/definitions/{name}"}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string", "format": "uuid"}, "0b1f6471-1bf0-4dda-aec3-111122223333", "0b1f6471"),
        (
            {"type": "string", "format": "date-time"},
            "2026-11-25T10:00:00.1234567Z",
            "2026-11-25 10:00:00",
        ),
        (
            {"type": "string", "format": "date-time"},
            "2026-11-25T10:00:00+01:00",
            "2026-13-25T10:00:00Z",
        ),
        ({"type": "string", "format": "uri"}, "https://example.com/x", "/x"),
        ({"type": "string", "format": "base64url"}, "AQID", "A*"),
        ({"type": "integer", "format": "int32"}, 2**31 - 1, 2**31),
        ({"type": "integer", "format": "unixtime"}, 1_790_000_000, -1),
        ({"type": "integer"}, 1, "1"),
        ({"type": "array", "items": {"type": "string"}}, ["x"], [1]),
        ({"type": "string", "nullable": True}, None, 1),
        ({"type": "string"}, "x", None),
        ({"enum": ["On", "Off"], "x-ms-enum": {"modelAsString": False}}, "On", "Else"),
        ({"type": "string", "enum": ["On"], "x-ms-enum": {"modelAsString": True}}, "Else", 1),
        ({"type": "string", "pattern": "^[a-z]+$"}, "abc", "ABC"),
        ({"type": "integer", "minimum": 1, "maximum": 25}, 25, 26),
    ],
)
def test_a_schema_accepts_the_good_and_refuses_the_bad(
    schema: dict[str, Any], good: Any, bad: Any
) -> None:
    assert accepts(schema, good)
    assert not accepts(schema, bad)


def test_read_only_properties_may_not_be_sent_and_are_not_asked_for() -> None:
    assert accepts(a("Thing"), {"name": "x"}, Direction.REQUEST)
    assert not accepts(a("Thing"), {"name": "x", "id": "1"}, Direction.REQUEST)
    assert not accepts(a("Thing"), {"name": "x", "made": "now"}, Direction.REQUEST)
    assert accepts(a("Thing"), {"name": "x", "id": "1", "made": "now"})
    assert not accepts(a("Thing"), {"name": "x"})


def test_a_secret_is_sent_and_never_answered() -> None:
    assert accepts(a("Thing"), {"name": "x", "secret": "s"}, Direction.REQUEST)
    assert not accepts(a("Thing"), {"id": "1", "name": "x", "secret": "s"})


def test_requests_are_closed_and_answers_are_open() -> None:
    assert not accepts(a("Thing"), {"name": "x", "nmae": "y"}, Direction.REQUEST)
    assert accepts(a("Thing"), {"id": "1", "name": "x", "new": "y"})
    assert accepts(a("Thing"), {"name": "x", "tags": {"any": "thing"}}, Direction.REQUEST)
    assert not accepts(a("Thing"), {"name": "x", "tags": {"any": 1}}, Direction.REQUEST)


def test_null_is_refused_unless_the_schema_says_so() -> None:
    assert accepts(a("Thing"), {"id": "1", "name": "x", "note": None})
    assert not accepts(a("Thing"), {"id": "1", "name": None})


def test_all_of_is_inheritance_and_stays_closed() -> None:
    cat = {"kind": "Cat", "name": "Tom", "lives": 9}
    assert accepts(a("Cat"), cat, Direction.REQUEST)
    assert not accepts(a("Cat"), {**cat, "barks": True}, Direction.REQUEST)
    assert not accepts(a("Cat"), {**cat, "name": ""}, Direction.REQUEST)


@pytest.mark.parametrize("direction", list(Direction))
def test_the_discriminator_chooses_the_type(direction: Direction) -> None:
    assert accepts(a("Animal"), {"kind": "hound", "barks": True}, direction)
    assert not accepts(a("Animal"), {"kind": "hound", "barks": "loudly"}, direction)
    assert not accepts(a("Animal"), {"kind": "Cat", "lives": "nine"}, direction)
    assert not accepts(a("Animal"), {"name": "Tom"}, direction)
    assert not accepts(a("Animal"), {"kind": "Cat", "barks": True}, Direction.REQUEST)


def test_a_type_may_contain_itself() -> None:
    assert accepts(a("Node"), {"next": {"next": {"n": 1}}})
    assert not accepts(a("Node"), {"next": {"next": {"n": "one"}}})
