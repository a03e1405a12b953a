"""Rules of the services that their documents leave unsaid; `openapi` lists them."""

from __future__ import annotations

import re
from typing import Any, Iterable, Iterator, Mapping
from urllib.parse import unquote, urlsplit

from .documents import Operation
from .exchanges import Exchange

# Requests that no document describes, with the reason why each may happen.
METADATA = "public, and asked by `az cloud register` to learn a cloud's endpoints"
PUBLIC = {("arm", "/metadata/endpoints"): METADATA}
# The headers by which each service's support finds a request.
IDS = {
    "login": ("x-ms-request-id",),
    "graph": ("request-id", "client-request-id"),
    "arm": ("x-ms-request-id", "x-ms-correlation-request-id", "x-ms-routing-request-id"),
    "vault": ("x-ms-request-id",),
}
SECRET_NAMES = frozenset(
    ("client_assertion", "client_secret", "secret", "secretText", "serverAppSecret", "value")
)
SHORTEST_SECRET = 8
FOLLOWED = ("location", "azure-asyncoperation")
RETRY_AFTER = re.compile(r"\d+|[A-Z][a-z]{2}, .+ GMT")
CHALLENGE = re.compile(
    r'Bearer (?=.*\bauthorization(?:_uri)?="https://[^"]+/[^"]+")'
    r'(?=.*\b(?:resource|scope)="https://[^"]+")'
)
AKS = "/providers/microsoft.containerservice/"


def is_public(exchange: Exchange) -> bool:
    """Tell whether the exchange is on the list of requests without a document."""
    return exchange.method == "GET" and (exchange.service, exchange.path) in PUBLIC


def authorized(exchange: Exchange) -> Iterator[str]:
    """A request carries a bearer token, or is refused."""
    token = exchange.request_headers.get("authorization", "")
    if exchange.service == "login":
        if token:
            yield "a token where none is asked for"
    elif not token.startswith("Bearer ") and exchange.status and not exchange.is_error:
        yield f"a request without a token was answered with {exchange.status}"


def answered(operation: Operation, exchange: Exchange) -> Iterator[str]:
    """Headers that every answer, or every answer of its kind, carries; secrets that Graph keeps."""
    headers = exchange.answer_headers
    if not exchange.is_error:
        missing = [name for name in IDS.get(operation.service, ()) if name not in headers]
        yield from (f"the answer lacks the header {name}" for name in missing)
    if (exchange.service, exchange.status) == ("vault", 401):
        if not CHALLENGE.match(headers.get("www-authenticate", "")):
            yield "a refusal without a challenge that names authority and resource"
    if operation.is_long_running and exchange.status == 202:
        missing = [name for name in FOLLOWED if not headers.get(name, "").startswith("https://")]
        yield from (f"an operation was accepted without {name}" for name in missing)
    if not RETRY_AFTER.fullmatch(headers.get("retry-after", "0")):
        yield "Retry-After is neither seconds nor a date"
    if operation.service == "graph" and not operation.id.endswith("addPassword"):
        if any(named(exchange.answer_json, ("secretText",))):
            yield "secretText is shown where Graph shows null"


def has_other_shape(exchange: Exchange) -> bool:
    """Tell whether the documents' error type does not hold.

    It is wrapped in `error`. The AKS provider's errors come bare, and whatever fails or throttles
    on the way (gateways, proxies) has a shape of its own.
    """
    return is_bare(exchange) or (exchange.status or 0) >= 429


def is_bare(exchange: Exchange) -> bool:
    """Tell whether an error comes from the AKS provider, not from Resource Manager before it."""
    return (
        exchange.service == "arm"
        and AKS in exchange.path.lower()
        and "x-ms-failure-cause" not in exchange.answer_headers
    )


def error_body(operation: Operation, exchange: Exchange) -> Iterator[str]:
    """An error says a code and a message, where its service puts them."""
    body = exchange.answer_json
    if (exchange.status or 0) >= 429:
        if body is None and not exchange.answer_headers.get("content-type", "").startswith(
            "text/html"
        ):
            yield "the error has no body, or one that is neither JSON nor HTML"
        return
    if operation.service == "login":
        yield from token_error(body)
        return
    if not isinstance(body, dict):
        yield "the error has no body"
        return
    if is_bare(exchange) and "error" in body:
        yield "an error of the AKS provider is wrapped in `error`, without x-ms-failure-cause"
        return
    error = body if is_bare(exchange) else body.get("error")
    if not isinstance(error, dict) or not all(
        isinstance(error.get(key), str) for key in ("code", "message")
    ):
        yield "the error lacks its code or message"
        return
    if operation.service == "graph":
        inner = error.get("innerError", {})
        yield from (
            f"innerError lacks {key}"
            for key in ("date", "request-id", "client-request-id")
            if key not in inner
        )


def token_error(body: Any) -> Iterator[str]:
    """The code in the description of a token's refusal is the first of its codes."""
    if isinstance(body, dict) and body.get("error_codes"):
        if not str(body.get("error_description")).startswith(f"AADSTS{body['error_codes'][0]}:"):
            yield "error_description and error_codes disagree"


def across(exchanges: list[Exchange]) -> Iterator[tuple[Exchange, str]]:
    """Rules between exchanges: no secret in a URL or header; operations are followed verbatim."""
    secrets = {secret for exchange in exchanges for secret in secrets_of(exchange)}
    handed_out: dict[str, set[str]] = {}
    for exchange in exchanges:
        url = urlsplit(exchange.url)
        if url.query not in handed_out.get(url.path, {url.query}) and not exchange.is_error:
            yield exchange, "the operation's URL is not the one that was given"
        for name in FOLLOWED:
            if name in exchange.answer_headers:
                url = urlsplit(exchange.answer_headers[name])
                handed_out.setdefault(url.path, set()).add(url.query)
        places = [exchange.url, unquote(exchange.url)]
        places += [*exchange.request_headers.values(), *exchange.answer_headers.values()]
        if any(secret in place for secret in secrets for place in places):
            yield exchange, "a secret is in the URL or in a header"


def secrets_of(exchange: Exchange) -> Iterator[str]:
    """Find the secrets that an exchange carries in its bodies, and in its query by their names."""
    fields = [exchange.request_json, exchange.answer_json, dict(exchange.query)]
    for value in named(fields, SECRET_NAMES):
        if isinstance(value, str) and len(value) >= SHORTEST_SECRET:
            yield value


def named(node: Any, names: Iterable[str]) -> Iterator[Any]:
    """Give the values of the properties called `names`, at any depth."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in names:
                yield value
            yield from named(value, names)
    elif isinstance(node, list):
        for value in node:
            yield from named(value, names)
