"""Waiting for the sandbox's Entra, as every client of Entra has to."""

from __future__ import annotations

import time

from sandbox import Sandbox

PATIENCE = 30.0


def until_accepted(sandbox: Sandbox, client: str, secret: str) -> None:
    """Wait until Entra accepts a secret that was just added."""
    deadline = time.monotonic() + PATIENCE
    while sandbox.token_answer(client, secret, sandbox.info["management"]).status != 200:
        if time.monotonic() > deadline:
            raise AssertionError(f"Entra does not accept the new secret of {client}")
        time.sleep(0.1)
