"""HTTPS to names below `localhost`, without asking a resolver.

The sandbox serves every name on 127.0.0.1 and tells its services apart by the Host header. Not
every resolver knows that `*.localhost` is the loopback, so the connection goes to the address, and
the name goes into the Host header, the TLS greeting and the check of the certificate.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Mapping
from urllib.parse import urlencode, urlsplit

TIMEOUT = 30.0


class LoopbackConnection(http.client.HTTPSConnection):
    """A connection to a name below `localhost`."""

    def __init__(self, host: str, port: int, trust: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=TIMEOUT, context=trust)
        self.trust = trust

    def connect(self) -> None:
        """Connect to the loopback, and greet by the name."""
        if self.host != "localhost" and not self.host.endswith(".localhost"):
            raise ValueError(f"{self.host} is not below localhost")
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=self.timeout)
        self.sock = self.trust.wrap_socket(plain, server_hostname=self.host)


@dataclass(frozen=True)
class Answer:
    """An answer; its headers' names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Give the body as JSON."""
        return json.loads(self.body)


@cache
def trust(authorities: Path) -> ssl.SSLContext:
    """Trust the certificate authorities in a PEM file, and no others."""
    return ssl.create_default_context(cafile=str(authorities))


def request(
    method: str,
    url: str,
    authorities: Path,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Make one request on a connection of its own."""
    parts = urlsplit(url)
    if parts.hostname is None or parts.port is None:
        raise ValueError(f"not a URL of the sandbox: {url}")
    connection = LoopbackConnection(parts.hostname, parts.port, trust(authorities))
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target or "/", body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, names, answer.read())
    finally:
        connection.close()


def form(**fields: str) -> bytes:
    """Encode the fields of a form."""
    return urlencode(fields).encode("ascii")
