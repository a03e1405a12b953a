"""Resolves the sandbox's names for Microsoft's clients, which run unchanged.

Python loads this module by itself when its folder is on PYTHONPATH. RFC 6761 gives `localhost` and
every name below it to the loopback, but not every resolver does.
"""

import socket

_getaddrinfo = socket.getaddrinfo


def _loopback(host, *arguments, **options):
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if isinstance(name, str) and name.rstrip(".").lower().endswith(".localhost"):
        host = "127.0.0.1"
    return _getaddrinfo(host, *arguments, **options)


socket.getaddrinfo = _loopback
