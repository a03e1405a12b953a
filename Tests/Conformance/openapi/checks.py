"""The check of exchanges against the documents; see the package's own words."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping

from jsonschema import Draft202012Validator

from . import rules
from .documents import Operation, Parameter, operations
from .exchanges import Exchange


FAULTY = (400, 401, 404, 405)  # 401: Key Vault is asked without a body first


@dataclass(frozen=True)
class Problem:
    """One thing in one exchange that the documents do not allow."""

    exchange: int
    operation: str
    what: str

    def __str__(self) -> str:
        return f"exchange {self.exchange}, {self.operation}: {self.what}"


def check(records: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Check exchanges as the sandbox lists them; an empty list means that all conform."""
    exchanges = [Exchange.parse(record, number) for number, record in enumerate(records)]
    problems = [problem for exchange in exchanges for problem in check_one(exchange)]
    problems += [
        Problem(exchange.number, exchange.path, what) for exchange, what in rules.across(exchanges)
    ]
    return sorted(problems, key=lambda problem: problem.exchange)


def check_one(exchange: Exchange) -> Iterator[Problem]:
    """Check one exchange by itself."""
    if rules.is_public(exchange):
        return
    operation, what = find(exchange)
    if what is not None:
        yield Problem(exchange.number, f"{exchange.method} {exchange.path}", what)
    if operation is None:
        return
    texts = [*request(operation, exchange), *rules.authorized(exchange)]
    if exchange.status is not None:  # without one, a fault cut the connection before an answer
        texts += [*answer(operation, exchange), *rules.answered(operation, exchange)]
    for text in texts:
        yield Problem(exchange.number, operation.id, text)


def find(exchange: Exchange) -> tuple[Operation | None, str | None]:
    """Find the operation of an exchange, and say what is wrong when there is none."""
    fits = [operation for operation in operations() if operation.match(exchange)]
    if not fits:
        return None, "no document describes this request"
    exact = max(operation.literals for operation in fits)  # /versions before /{secret-version}
    fits = [operation for operation in fits if operation.literals == exact]
    version = dict(exchange.query).get("api-version")
    for operation in fits:
        if not operation.versions or version in operation.versions:
            return operation, None
    if exchange.is_error:  # the service noticed too
        return fits[0], None
    return fits[0], f"api-version {version!r} is not one that the documents cover"


def request(operation: Operation, exchange: Exchange) -> Iterator[str]:
    """Check path, query and body, unless the service has found a fault in the request itself."""
    if exchange.status in FAULTY:
        return
    match = operation.match(exchange)
    for group, name in operation.groups.items():
        value = match.group(group) if match else None
        if value:
            yield from values(operation.path_parameters[name], value, "path")
    yield from query(operation, exchange)
    yield from request_body(operation, exchange)


def query(operation: Operation, exchange: Exchange) -> Iterator[str]:
    """Check the query: nothing unknown, nothing twice, nothing missing, each value as described."""
    given = dict(exchange.query)
    if len(given) != len(exchange.query):
        yield "a parameter stands twice in the query"
    for name, value in given.items():
        known = operation.query_parameters.get(name)
        if known is not None:
            yield from values(known, value, "query")
        elif not (operation.is_pageable and name.lower() == "$skiptoken"):
            yield f"unknown parameter in the query: {name}"
    for name, known in operation.query_parameters.items():
        if known.required and name not in given:
            yield f"the query lacks {name}"
    if given.get("$filter", "").count("'") % 2:
        yield "a quote in $filter is not doubled"


def values(parameter: Parameter, text: str, place: str) -> Iterator[str]:
    """Check the text of one parameter, read as the type that its schema wants."""
    value: Any = text.split(",") if parameter.is_list else text
    if not parameter.is_list and not parameter.validator.is_valid(text):
        with suppress(ValueError):  # a text that is no JSON stays a text
            value = json.loads(text)
    yield from (
        f"{place} {parameter.name}: {error}" for error in errors(parameter.validator, value)
    )


def request_body(operation: Operation, exchange: Exchange) -> Iterator[str]:
    """Check the request's body."""
    if operation.body is None:
        if exchange.request_body:
            yield "a body where the operation takes none"
        return
    kind = exchange.request_headers.get("content-type", "")
    if not kind.lower().startswith(operation.body_type):
        yield f"the request's content type is {kind!r} and not {operation.body_type}"
    if exchange.request_json is None:
        yield "the request's body cannot be parsed"
        return
    yield from (f"request {text}" for text in errors(operation.body, exchange.request_json))


def answer(operation: Operation, exchange: Exchange) -> Iterator[str]:
    """Check the answer's status and body."""
    status = str(exchange.status)
    if status not in operation.answers and not exchange.is_error:
        yield f"status {status} is not described"
        return
    if exchange.is_error:
        yield from rules.error_body(operation, exchange)
    if status in operation.answers or not rules.has_other_shape(exchange):
        yield from answer_body(
            operation.answers.get(status, operation.answers.get("default")), exchange
        )


def answer_body(schema: Draft202012Validator | None, exchange: Exchange) -> Iterator[str]:
    """Check the answer's body; where the document describes none, there may be JSON of any kind."""
    if exchange.answer_body:
        kind = exchange.answer_headers.get("content-type", "")
        if exchange.status == 204:
            yield "a body with status 204"
        elif not kind.lower().startswith("application/json"):
            yield f"the answer's content type is {kind!r}"
        elif exchange.answer_json is None:
            yield "the answer's body is not JSON"
    if schema is not None:
        if exchange.answer_json is None:
            yield "the answer lacks its body"
        else:
            yield from (f"answer {text}" for text in errors(schema, exchange.answer_json))


def errors(validator: Draft202012Validator, value: Any) -> Iterator[str]:
    """Give the deepest errors of a value, each with its place."""
    for error in validator.iter_errors(value):
        while error.context:
            error = max(error.context, key=lambda inner: len(inner.absolute_path))
        place = "/".join(str(part) for part in error.absolute_path) or "(whole)"
        yield f"{place}: {describe(error)}"


def describe(error: Any) -> str:
    """Say what an error is without the value itself, which may be a secret."""
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"lacks {', '.join(missing)}"
    if error.validator == "additionalProperties":
        return f"unknown: {', '.join(sorted(unknown(error.instance, error.schema)))}"
    if error.validator == "not" and error.validator_value == {}:
        return "may not be here"
    return f"{type(error.instance).__name__} breaks {error.validator} {error.validator_value!r}"


def unknown(value: Mapping[str, Any], schema: Mapping[str, Any]) -> set[str]:
    """Give the properties of a value that its closed type does not know."""
    patterns = schema.get("patternProperties", ())
    names = set(value) - set(schema.get("properties", ()))
    return {name for name in names if not any(re.search(pattern, name) for pattern in patterns)}
