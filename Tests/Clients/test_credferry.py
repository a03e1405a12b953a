"""What credferry put in the vault is what Microsoft's clients read from it.

The program is `$CREDFERRY`, else the one that the debug build made.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure.keyvault.secrets import SecretClient

from azcli import Az
from libraries import credential
from openapi import check
from sandbox import ROOT, Sandbox

TIMEOUT = 300.0
SINKS = ("disk", "ci", "vault")  # the laptop's keyring needs a desktop
SECRET = "demo-service-principal"


@dataclass
class Rotation:
    """A finished run of `credferry rotate demo`."""

    before: dict[str, Any]
    after: dict[str, Any]
    outcome: dict[str, Any]


def configure(sandbox: Sandbox) -> Path:
    """Write the sandbox's own configuration, narrowed to the sinks that need no desktop."""
    configuration = yaml.safe_load(sandbox.configuration.read_text("utf-8"))
    sinks = configuration["sinks"]
    configuration["sinks"] = {name: sinks[name] for name in SINKS}
    configuration["defaults"]["sinks"] = list(SINKS)
    path = sandbox.directory / "clients.yaml"
    path.write_text(yaml.safe_dump(configuration), "utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def rotation(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rotation]:
    """Rotate the demonstration cluster's service principal."""
    program = Path(os.environ.get("CREDFERRY") or ROOT / ".build" / "debug" / "credferry")
    assert os.access(program, os.X_OK), f"{program} is missing; build it with `swift build`"
    before = sandbox.cluster("demo")
    sandbox.forget_exchanges()
    run = subprocess.run(
        [str(program), "rotate", "demo", "--output", "json"],
        env={
            "CREDFERRY_CONFIG": str(configure(sandbox)),
            "HOME": str(tmp_path_factory.mktemp("home")),
            "PATH": os.environ["PATH"],
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    (outcome,) = json.loads(run.stdout)["rotations"]
    yield Rotation(before, sandbox.cluster("demo"), outcome)


def test_credferry_rotates(rotation: Rotation, sandbox: Sandbox) -> None:
    assert rotation.outcome["outcome"] == "rotated"
    assert {sink["sink"]: sink["outcome"] for sink in rotation.outcome["sinks"]} == dict.fromkeys(
        SINKS, "delivered"
    )
    assert rotation.after["secret"] != rotation.before["secret"]
    assert rotation.after["secretIsAccepted"]
    assert sandbox.violations() == []


def test_credferry_conforms_to_the_documents(rotation: Rotation, sandbox: Sandbox) -> None:
    exchanges = sandbox.exchanges()
    assert any(exchange["url"].endswith("/addPassword") for exchange in exchanges)
    assert [str(problem) for problem in check(exchanges)] == []


def test_az_reads_the_secret_that_credferry_put_in_the_vault(rotation: Rotation, az: Az) -> None:
    read = az("keyvault", "secret", "show", "--vault-name", "ops", "--name", SECRET)
    assert read["value"] == rotation.after["secret"]
    assert read["contentType"] == "application/x-credferry"
    assert read["tags"]["keyId"] == rotation.outcome["keyId"]
    assert read["tags"]["appId"] == rotation.outcome["appId"] == rotation.after["clientId"]


def test_the_library_reads_the_secret_that_credferry_put_in_the_vault(
    rotation: Rotation, trusted: Sandbox
) -> None:
    with SecretClient(trusted.vault(), credential(trusted)) as client:
        read = client.get_secret(SECRET)
    assert read.value == rotation.after["secret"]
    assert read.properties.version == next(
        sink["version"] for sink in rotation.outcome["sinks"] if sink["sink"] == "vault"
    )
    expiry = read.properties.expires_on
    assert expiry is not None
    assert expiry.strftime("%Y-%m-%dT%H:%M:%S") == rotation.outcome["notAfter"][:19]


def test_azure_identity_signs_in_with_the_secret_that_credferry_delivered(
    rotation: Rotation, trusted: Sandbox
) -> None:
    client = credential(trusted, rotation.outcome["appId"], rotation.after["secret"])
    assert client.get_token(f"{trusted.info['management']}/.default").token
