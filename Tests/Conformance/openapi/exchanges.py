"""One recorded exchange, taken apart."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

HOSTS = {
    "login": re.compile(r"login\."),
    "graph": re.compile(r"graph\."),
    "arm": re.compile(r"management\."),
    "vault": re.compile(r"[a-z0-9-]+\.vault\."),
}


def service_of(host: str) -> str | None:
    """Name the service that answers at `host`, or None for an unknown one."""
    return next((name for name, pattern in HOSTS.items() if pattern.match(host.lower())), None)


def lowered(headers: Mapping[str, Any] | None) -> dict[str, str]:
    """Give headers by their names in lower case; several values of one name are joined."""
    return {
        name.lower(): value if isinstance(value, str) else ", ".join(value)
        for name, value in (headers or {}).items()
    }


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, as the sandbox records them."""

    number: int
    service: str | None
    method: str
    url: str
    path: str
    query: tuple[tuple[str, str], ...]
    request_headers: dict[str, str]
    request_body: str
    status: int | None
    answer_headers: dict[str, str]
    answer_body: str

    @classmethod
    def parse(cls, record: Mapping[str, Any], number: int) -> Exchange:
        """Read one element of the sandbox's list; `number` is used where it has none."""
        parts = urlsplit(record["url"])
        return cls(
            number=record.get("n", number),
            service=service_of(parts.netloc),
            method=record["method"].upper(),
            url=record["url"],
            path=unquote(parts.path),
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            request_headers=lowered(record.get("requestHeaders")),
            request_body=record.get("requestBody") or "",
            status=record.get("status") or None,
            answer_headers=lowered(record.get("responseHeaders")),
            answer_body=record.get("responseBody") or "",
        )

    @property
    def is_error(self) -> bool:
        """Tell whether the service refused or failed."""
        return self.status is not None and self.status >= 400

    @cached_property
    def request_json(self) -> Any:
        """Give the request's body as JSON or as form fields; None where it is neither."""
        kind = self.request_headers.get("content-type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(self.request_body, keep_blank_values=True))
        return parsed(self.request_body)

    @cached_property
    def answer_json(self) -> Any:
        """Give the answer's body as JSON; None where it is none."""
        return parsed(self.answer_body)


def parsed(text: str) -> Any:
    """Parse JSON; None where there is none, since no service sends a bare null."""
    try:
        return json.loads(text) if text else None
    except json.JSONDecodeError:
        return None
