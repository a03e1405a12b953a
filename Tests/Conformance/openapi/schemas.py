"""OpenAPI's dialect of schemas, translated to JSON Schema 2020-12.

Swagger 2.0 (Resource Manager, Key Vault) and OpenAPI 3.0 (Microsoft Graph) differ from JSON Schema
in ways that matter here:

* `x-nullable` and `nullable` stand for the type `null`;
* `readOnly` properties may not be sent, and are then not required either;
* an `enum` with `modelAsString` is a hint: the service may answer with a value that is not listed;
* `allOf` is inheritance: its members are merged, so that a type can be closed to what is unknown;
* a `discriminator` names the property whose value chooses the derived type;
* a property marked `x-ms-secret` is written and never read back.

A client that sends a property that the document does not know has a typing error, so requests are
closed to unknown properties. Answers stay open, since services grow, unless the document closes a
type itself.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from enum import Enum
from typing import Any, Mapping
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker

Schema = dict[str, Any]

REQUEST_ONLY = "x-ms-secret"
KEPT = (
    *(
        "additionalProperties",
        "const",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "maxItems",
        "maxLength",
    ),
    *("maximum", "minItems", "minLength", "minimum", "multipleOf", "not", "oneOf", "pattern"),
    *("patternProperties", "uniqueItems"),
)
INTEGERS = {"int32": 2**31, "int64": 2**63}

formats = FormatChecker(formats=())


class Direction(Enum):
    """Which way a body goes; the rules for read-only and secret properties depend on it."""

    REQUEST = "request"
    ANSWER = "answer"


@formats.checks("uuid")
def is_uuid(value: object) -> bool:
    """Accept a GUID in its usual form, and whatever is no string."""
    return not isinstance(value, str) or bool(
        re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value)
    )


@formats.checks("date-time", raises=ValueError)
def is_date_time(value: object) -> bool:
    """Accept RFC 3339 with any number of digits in the fraction of a second."""
    if not isinstance(value, str):
        return True
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", value)
    return match is not None and bool(datetime.fromisoformat(f"{match[1]}T{match[2]}"))


@formats.checks("uri", raises=ValueError)
def is_uri(value: object) -> bool:
    """Accept an absolute URL."""
    return not isinstance(value, str) or bool(urlsplit(value).scheme and urlsplit(value).netloc)


@formats.checks("base64url", raises=binascii.Error)
def is_base64url(value: object) -> bool:
    """Accept base64 in either alphabet; Graph answers with the ordinary one."""
    if isinstance(value, str):
        text = "".join(value.split()).rstrip("=").replace("-", "+").replace("_", "/")
        base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    return True


class Translator:
    """Translates the schemas of one document for one direction."""

    def __init__(self, document: Mapping[str, Any], direction: Direction) -> None:
        self.document = document
        self.direction = direction
        self.definitions: dict[str, Schema] = {}

    def validator(self, node: Mapping[str, Any]) -> Draft202012Validator:
        """Make a validator of the schema `node`, with every definition that it reaches."""
        schema = self.schema(node)
        return Draft202012Validator({**schema, "$defs": self.definitions}, format_checker=formats)

    def schema(self, node: Mapping[str, Any]) -> Schema:
        """Translate one schema; a reference becomes a reference into `$defs`."""
        if "$ref" in node:
            schema = {"$ref": "#/$defs/" + self.define(node["$ref"])}
            return nullable(schema) if is_nullable(node) else schema
        if "discriminator" in node:
            return self.derived(node)
        return self.plain(node)

    def define(self, reference: str) -> str:
        """Translate the definition that `reference` names, once, and give its name in `$defs`."""
        name = reference.rsplit("/", 1)[-1]
        if name not in self.definitions:
            self.definitions[name] = {}  # stands in while a type that contains itself is translated
            self.definitions[name].update(self.schema(self.resolve(reference)))
        return name

    def resolve(self, reference: str) -> Mapping[str, Any]:
        """Follow a reference within the document."""
        node: Any = self.document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        return node

    def plain(self, node: Mapping[str, Any]) -> Schema:
        """Translate a schema that is neither a reference nor a base type."""
        node = self.flat(node)
        result: Schema = {key: node[key] for key in KEPT if key in node}
        if "conditions" in node:
            result["allOf"] = node["conditions"]
        if isinstance(node.get("additionalProperties"), dict):
            result["additionalProperties"] = self.schema(node["additionalProperties"])
        self.add_type(result, node)
        if "properties" in node:
            self.add_properties(result, node)
        if "items" in node:
            result["items"] = self.schema(node["items"])
        return nullable(result) if is_nullable(node) else result

    def flat(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Merge the members of `allOf` into the schema that inherits from them."""
        if "$ref" in node:
            return self.flat(self.resolve(node["$ref"]))
        merged: dict[str, Any] = {}
        for member in [*node.get("allOf", ()), {key: node[key] for key in node if key != "allOf"}]:
            if "if" in member:
                merged.setdefault("conditions", []).append(member)
                continue
            part = self.flat(member) if "allOf" in member or "$ref" in member else dict(member)
            part["properties"] = {**merged.get("properties", {}), **part.get("properties", {})}
            part["required"] = [*merged.get("required", ()), *part.get("required", ())]
            merged.update({key: value for key, value in part.items() if value not in ({}, [])})
        return merged

    def add_type(self, result: Schema, node: Mapping[str, Any]) -> None:
        """Add the type, the range that its format implies, and the values that it is limited to."""
        if "type" in node:
            result["type"] = node["type"]
        elif "properties" in node:
            result["type"] = "object"
        form = node.get("format")
        if form in INTEGERS:
            result.setdefault("minimum", -INTEGERS[form])
            result.setdefault("maximum", INTEGERS[form] - 1)
        elif form == "unixtime":
            result.setdefault("minimum", 0)
        elif form is not None:
            result["format"] = form
        if "enum" in node and not node.get("x-ms-enum", {}).get("modelAsString"):
            result["enum"] = list(node["enum"])

    def add_properties(self, result: Schema, node: Mapping[str, Any]) -> None:
        """Add the properties; in a request, close the type."""
        refused = {name for name, value in node["properties"].items() if self.is_refused(value)}
        result["properties"] = {
            name: {"not": {}} if name in refused else self.schema(value)
            for name, value in node["properties"].items()
        }
        required = [name for name in node.get("required", ()) if name not in refused]
        if required:
            result["required"] = required
        if self.direction is Direction.REQUEST:
            result.setdefault("additionalProperties", False)

    def is_refused(self, node: Mapping[str, Any]) -> bool:
        """Tell whether a property may not stand in a body that goes this way."""
        if self.direction is Direction.ANSWER:
            return bool(node.get(REQUEST_ONLY))
        target = self.resolve(node["$ref"]) if "$ref" in node else {}
        return bool(node.get("readOnly") or target.get("readOnly"))

    def derived(self, node: Mapping[str, Any]) -> Schema:
        """Translate a base type: the discriminator's value chooses the type derived from it."""
        mark = node["discriminator"]
        name = mark["propertyName"] if isinstance(mark, dict) else mark
        base = self.plain({key: value for key, value in node.items() if key != "discriminator"})
        base.pop("additionalProperties", None)  # the derived type knows what else there may be
        base["required"] = sorted({*base.get("required", ()), name})
        base["allOf"] = [
            {
                "if": {"properties": {name: {"const": value}}},
                "then": {"$ref": "#/$defs/" + self.define(reference)},
            }
            for value, reference in self.subtypes(node).items()
        ]
        return base

    def subtypes(self, base: Mapping[str, Any]) -> dict[str, str]:
        """Find the definitions that inherit from `base`, by the value that stands for each."""
        location = "#/definitions/" if "definitions" in self.document else "#/components/schemas/"
        found = {}
        for name, node in self.resolve(location.rstrip("/")).items():
            parents = [
                self.resolve(member["$ref"]) for member in node.get("allOf", ()) if "$ref" in member
            ]
            if any(parent is base for parent in parents):
                found[node.get("x-ms-discriminator-value", name)] = location + name
        return found


def is_nullable(node: Mapping[str, Any]) -> bool:
    """Tell whether a schema also accepts null, in either dialect."""
    return bool(node.get("nullable") or node.get("x-nullable"))


def nullable(schema: Schema) -> Schema:
    """Let a schema also accept null."""
    return {"anyOf": [schema, {"type": "null"}]}
