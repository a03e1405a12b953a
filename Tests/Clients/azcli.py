"""Runs the Azure CLI, in a configuration of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sandbox import Sandbox

TIMEOUT = 180.0
SITE = Path(__file__).with_name("site")

# No discovery of Microsoft's own authorities, no telemetry, no questions, no updates.
CONFIGURATION = """\
[core]
instance_discovery = false
collect_telemetry = false
survey_message = false
only_show_errors = true
no_color = true
output = json
[auto-upgrade]
enable = no
[extension]
use_dynamic_install = no
[clients]
show_secrets_warning = no
"""
KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")


class AzError(Exception):
    """A command of the CLI failed; `status` is its exit status, the text is what it said."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Az:
    """The CLI, pointed at one sandbox."""

    def __init__(self, sandbox: Sandbox, directory: Path) -> None:
        self.sandbox = sandbox
        self.directory = directory
        directory.mkdir(mode=0o700)
        (directory / "config").write_text(CONFIGURATION, "utf-8")

    def __call__(self, *arguments: str) -> Any:
        """Run a command, and give what it printed: JSON, or None."""
        run = subprocess.run(
            [sys.executable, "-m", "azure.cli", *arguments],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        if run.returncode != 0:
            raise AzError(run.returncode, run.stderr or run.stdout)
        return json.loads(run.stdout) if run.stdout.strip() else None

    def environment(self) -> dict[str, str]:
        """The environment of the CLI: the sandbox's authority, nothing of the caller's."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return {
            **kept,
            "AZURE_CONFIG_DIR": str(self.directory),
            "NO_PROXY": "*",
            "PYTHONPATH": str(SITE),
            "REQUESTS_CA_BUNDLE": str(self.sandbox.authorities),
        }

    def register(self) -> None:
        """Make the sandbox the CLI's cloud."""
        info = self.sandbox.info
        endpoints = {
            "active-directory": info["login"],
            "active-directory-graph-resource-id": info["graph"],
            "active-directory-resource-id": info["management"],
            "management": info["management"],
            "microsoft-graph-resource-id": info["graph"],
            "resource-manager": info["management"],
        }
        options = [f"--endpoint-{name}={url}" for name, url in endpoints.items()]
        options += [f"--suffix-keyvault-dns=.{info['vaultSuffix']}", "--skip-endpoint-discovery"]
        self("cloud", "register", "--name=sandbox", *options)
        self("cloud", "set", "--name=sandbox")

    def sign_in(self) -> Any:
        """Sign in as the sandbox's operator; the CLI takes the secret in its arguments only."""
        who = ["--username", self.sandbox.operator, "--tenant", self.sandbox.info["tenant"]]
        password = f"--password={self.sandbox.operator_secret}"
        return self("login", "--service-principal", *who, password)
