"""The services' documents in `specs`, and the operations that they describe."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Iterator, Mapping

from jsonschema import Draft202012Validator

from .exchanges import Exchange
from .schemas import Direction, Schema, Translator

SPECS = Path(__file__).parents[1] / "specs"
METHODS = ("get", "put", "post", "patch", "delete")
KEYED = re.compile(r"\(appId='([^'/]*)'\)")  # Graph's alternate key: applications(appId='…')


@dataclass(frozen=True)
class Source:
    """One document: its service, what stands before its paths, the api-versions it is valid for."""

    file: str
    service: str
    prefix: str = ""
    versions: frozenset[str] = frozenset()


# A version is listed where its own document, or a recorded exchange, was compared with this one.
SOURCES = (
    Source("entra-token.json", "login"),
    Source("graph-v1.0.json", "graph", prefix="/v1.0"),
    Source("containerservice-2026-06-01.json", "arm", versions=frozenset({"2026-06-01"})),
    Source(
        "containerservice-2021-05-01.json", "arm", versions=frozenset({"2021-05-01", "2024-07-01"})
    ),
    Source("arm-async-operations.json", "arm", versions=frozenset({"2016-03-30", "2017-08-31"})),
    Source("resources-subscriptions.json", "arm", versions=frozenset({"2022-12-01", "2020-01-01"})),
    Source(
        "authorization-roleAssignments-2022-04-01.json", "arm", versions=frozenset({"2022-04-01"})
    ),
    Source("authorization-permissions-2022-04-01.json", "arm", versions=frozenset({"2022-04-01"})),
    Source(
        "authorization-roleDefinitions-2022-04-01.json",
        "arm",
        versions=frozenset({"2022-04-01", "2022-05-01-preview"}),
    ),
    Source(
        "keyvault-secrets-2026-04-01.json",
        "vault",
        versions=frozenset({"7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"}),
    ),
)


@dataclass(frozen=True)
class Parameter:
    """A parameter in the path or in the query."""

    name: str
    required: bool
    is_list: bool
    validator: Draft202012Validator


@dataclass(frozen=True, eq=False)
class Operation:
    """One method of one path: what a request must look like, and what may come back."""

    id: str
    service: str
    method: str
    path: re.Pattern[str]
    literals: int
    versions: frozenset[str]
    path_parameters: Mapping[str, Parameter]
    query_parameters: Mapping[str, Parameter]
    body: Draft202012Validator | None
    body_type: str
    answers: Mapping[str, Draft202012Validator | None]
    is_pageable: bool = False
    is_long_running: bool = False
    groups: Mapping[str, str] = field(default_factory=dict)

    def match(self, exchange: Exchange) -> re.Match[str] | None:
        """Tell whether the exchange is one of this operation, whatever its api-version."""
        if (exchange.service, exchange.method) != (self.service, self.method):
            return None
        return self.path.fullmatch(KEYED.sub(r"/\1", exchange.path))


@cache
def operations() -> tuple[Operation, ...]:
    """Load every document."""
    return tuple(operation for source in SOURCES for operation in load(source))


def load(source: Source) -> Iterator[Operation]:
    """Read the operations of one document."""
    document = json.loads((SPECS / source.file).read_text("utf-8"))
    requests = Translator(document, Direction.REQUEST)
    answers = Translator(document, Direction.ANSWER)
    for template, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield operation(source, template, method, item[method], requests, answers)


def operation(
    source: Source,
    template: str,
    method: str,
    node: Mapping[str, Any],
    requests: Translator,
    answers: Translator,
) -> Operation:
    """Read one operation."""
    nodes = [requests.resolve(p["$ref"]) if "$ref" in p else p for p in node.get("parameters", ())]
    kind, body = request_body(node, nodes)
    names: dict[str, str] = {}
    return Operation(
        id=node["operationId"],
        service=source.service,
        method=method.upper(),
        path=pattern(source.prefix + template, source.service, names),
        literals=sum("{" not in piece for piece in template.split("/")),
        versions=source.versions,
        path_parameters={p["name"]: parameter(p, requests) for p in nodes if p["in"] == "path"},
        query_parameters={p["name"]: parameter(p, requests) for p in nodes if p["in"] == "query"},
        body=None if body is None else requests.validator(body),
        body_type=kind,
        answers={status: answer(value, answers) for status, value in node["responses"].items()},
        is_pageable="x-ms-pageable" in node,
        is_long_running=bool(node.get("x-ms-long-running-operation")),
        groups=names,
    )


def pattern(template: str, service: str, names: dict[str, str]) -> re.Pattern[str]:
    """Turn a path's template into a pattern; `names` gets the parameter of each group."""
    text = ""
    for segment in template.removeprefix("/").split("/"):
        if not segment.startswith("{"):
            # Graph's document gives bound actions their full name; the service takes both.
            bare = segment.removeprefix("microsoft.graph.")
            text += "/" + ("" if bare == segment else r"(?:microsoft\.graph\.)?") + re.escape(bare)
            continue
        name = segment.strip("{}")
        group = f"p{len(names)}"
        names[group] = name
        if name == "secret-version":  # without one, it is the current version that is meant
            text += f"(?:/(?P<{group}>[^/]*))?"
        else:
            text += f"/(?P<{group}>{'.+' if name == 'scope' else '[^/]+'})"
    return re.compile(text, re.IGNORECASE if service == "arm" else 0)


def parameter(node: Mapping[str, Any], translator: Translator) -> Parameter:
    """Read a parameter; in Swagger 2.0 its schema stands beside its name."""
    schema: Mapping[str, Any] = node.get("schema", node)
    is_list = schema.get("type") == "array"
    keys = {k: v for k, v in schema.items() if k not in ("name", "in", "required")}
    return Parameter(node["name"], bool(node.get("required")), is_list, translator.validator(keys))


def request_body(node: Mapping[str, Any], parameters: list[Any]) -> tuple[str, Schema | None]:
    """Find the body's media type and schema; no schema where the operation takes no body."""
    for kind, content in node.get("requestBody", {}).get("content", {}).items():
        return kind, content["schema"]
    body = next((p["schema"] for p in parameters if p["in"] == "body"), None)
    return "application/json", body


def answer(node: Mapping[str, Any], translator: Translator) -> Draft202012Validator | None:
    """Read one answer's schema; None where the document gives none."""
    if "$ref" in node:
        node = translator.resolve(node["$ref"])
    schema = node.get("schema") or next(
        (c["schema"] for c in node.get("content", {}).values()), None
    )
    return None if schema is None else translator.validator(schema)
