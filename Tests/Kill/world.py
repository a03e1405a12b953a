"""A small world for one rotation: a cluster of its own in a sandbox, and credferry with a state of its own.

Several worlds share a sandbox, one after the other; so a sandbox is started once for hundreds of them.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from desktop import Keyring
from interposer import Cut
from program import Program, Result
from sandbox import Sandbox

OVERLAP = 3600
PATIENCE = 60.0
LATER = OVERLAP + 1800
"""A moment at which every overlap is over, and a lost name has had its time to turn up (15 minutes)."""


class Broken(AssertionError):
    """Something that must always hold does not."""


def hold(condition: object, what: str) -> None:
    """Complain where `condition` does not hold."""
    if not condition:
        raise Broken(what)


@dataclass
class World:
    """One or more clusters, and credferry beside them."""

    sandbox: Sandbox
    folder: Path
    library: Path
    name: str
    sinks: list[str]
    clusters: int = 1
    shares: bool = True
    """Whether its clusters are under one identity, or each under its own."""
    keyring: Keyring | None = None
    before: dict[str, Any] = field(default_factory=dict)
    """The first cluster as it was at the start."""
    foreign: str = ""
    """The key id of the credential that was there before credferry."""

    def __enter__(self) -> World:
        self.before = self.sandbox.add_cluster(name=self.name, kind="service-principal")
        for name in self.names[1:]:
            shared = {"clientId": self.before["clientId"]} if self.shares else {}
            self.sandbox.add_cluster(name=name, kind="service-principal", **shared)
        (self.foreign,) = self.credentials()
        self.secrets.mkdir(parents=True, mode=0o700)
        self._configure()
        return self

    def __exit__(self, *_: object) -> None:
        self.sandbox.clear_faults()
        self.sandbox.settings(
            propagation=0, aksPropagation=0, directoryLag=0, operationFails=0, badCharacters=0
        )
        for name in self.names:
            self.sandbox.remove_cluster(name)
        shutil.rmtree(self.folder)

    def _configure(self) -> None:
        document = yaml.safe_load(self.sandbox.configuration.read_text("utf-8"))
        document["cloud"]["certificateAuthorities"] = str(self.sandbox.authorities)
        document["auth"]["secretFile"] = str(self.sandbox.directory / "operator-secret")
        document["state"] = str(self.state)
        for sink, ending in (("disk", "json"), ("ci", "env")):
            document["sinks"][sink]["path"] = f"{self.secrets}/{{cluster}}.{{credential}}.{ending}"
        document["defaults"]["sinks"] = self.sinks
        document["defaults"]["policy"]["overlap"] = f"{OVERLAP}s"
        template = document["clusters"][0]
        document["clusters"] = [{**template, "name": name, "cluster": name} for name in self.names]
        self.configuration.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")

    # What is where

    @property
    def names(self) -> list[str]:
        """The names of its clusters."""
        return [self.name, *(f"{self.name}-{number}" for number in range(2, self.clusters + 1))]

    @property
    def configuration(self) -> Path:
        return self.folder / "credferry.yaml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def app_id(self) -> str:
        return self.before["clientId"]

    # The program

    def start(self, *arguments: str, cut: Cut = Cut()) -> subprocess.Popen[bytes]:
        """Start credferry, with the interposer."""
        variables = self.keyring.environment if self.keyring else {}
        variables = variables | cut.variables(self.library, self.state, self.secrets)
        return Program(self.folder / "home", self.configuration, variables).start(*arguments)

    def run(self, *arguments: str, cut: Cut = Cut()) -> Result:
        """Run credferry to its end."""
        return finish(self.start(*arguments, cut=cut), arguments)

    def json(self, *arguments: str, clock: int = 0) -> Any:
        """Run credferry, expect that all is well, and give the document that it prints."""
        result = self.run(*arguments, "--output", "json", cut=Cut(clock=clock))
        hold(result.status == 0, f"{' '.join(arguments)}: {result}")
        return result.json

    # Power cuts

    def disk(self) -> Path:
        """A folder that holds what is on the disk, for the interposer to keep up to date."""
        disk = self.folder / "disk"
        for folder in (self.state, self.secrets):
            folder.mkdir(mode=0o700, exist_ok=True)
            shutil.copytree(folder, disk / folder.name)
        return disk

    def restart_from(self, disk: Path) -> None:
        """Go on with what a power cut has left."""
        for folder in (self.state, self.secrets):
            shutil.rmtree(folder)
            shutil.move(disk / folder.name, folder)
            # A copy that the interposer was making is no file of credferry's.
            (folder / ".part").unlink(missing_ok=True)

    # What there is to see

    def credentials(self) -> dict[str, dict[str, Any]]:
        """The identity's credentials, by their key ids, as Entra knows them."""
        application = self.sandbox.application(self.app_id)
        return {credential["keyId"]: credential for credential in application["credentials"]}

    def held(self) -> dict[str, str]:
        """The secret that each cluster holds."""
        clusters = {cluster["name"]: cluster for cluster in self.sandbox.state()["clusters"]}
        return {name: clusters[name]["secret"] for name in self.names}

    def stored(self) -> dict[str, str]:
        """The secret that each sink hands out for each cluster, read without credferry."""
        vault = self.sandbox.state()["vaults"]["ops"] if "vault" in self.sinks else {}
        found: dict[str, str] = {}
        for name in self.names:
            file = self.secrets / f"{name}.service-principal.json"
            if "disk" in self.sinks and file.exists():
                found[f"disk of {name}"] = json.loads(file.read_text("utf-8"))["password"]
            file = self.secrets / f"{name}.service-principal.env"
            if "ci" in self.sinks and file.exists():
                found[f"ci of {name}"] = sourced(file)
            if versions := vault.get(f"{name}-service-principal"):
                found[f"vault of {name}"] = versions[-1]["value"]
            if self.keyring and (secret := self.keyring.lookup(name)):
                found[f"laptop of {name}"] = secret
        return found

    def key_id(self) -> str:
        """Which credential the first sink, a JSON file, says that it holds."""
        file = self.secrets / f"{self.name}.service-principal.json"
        return json.loads(file.read_text("utf-8"))["keyId"]

    def accepts(self, secret: str) -> bool:
        """Whether Entra accepts a secret of the identity now."""
        answer = self.sandbox.token_answer(self.app_id, secret, self.sandbox.info["management"])
        return answer.status == 200

    def begun(self) -> int:
        """How many rotations stand in the journal, read from a copy of it."""
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        if not (self.state / "journal.sqlite").exists():
            return 0
        shutil.copytree(self.state, copy)
        connection = sqlite3.connect(copy / "journal.sqlite")
        try:
            tables = connection.execute("SELECT name FROM sqlite_schema WHERE name = 'rotation'")
            if not tables.fetchall():
                return 0
            return connection.execute("SELECT count(*) FROM rotation").fetchone()[0]
        finally:
            connection.close()

    def violations(self) -> list[dict[str, Any]]:
        """The moments at which one of its clusters held a secret that Entra refuses."""
        return [one for one in self.sandbox.violations() if one["cluster"] in self.names]


def sourced(file: Path) -> str:
    """The secret in a file that a shell sources."""
    for line in file.read_text("utf-8").splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        if name == "SP_SECRET":
            return value.strip("'")
    raise Broken(f"{file.name} holds no SP_SECRET")


def finish(process: subprocess.Popen[bytes], arguments: tuple[str, ...] = ()) -> Result:
    """Wait for a run's end."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        _, err = process.communicate()
        raise Broken(f"{' '.join(arguments)} did not end in {PATIENCE} s: {err!r}") from None
    return Result(process.returncode, out.decode(), err.decode())


def wait_for_hang(sandbox: Sandbox, mark: int, process: subprocess.Popen[bytes]) -> str | None:
    """Wait until an exchange hangs; give it, or None where the program ends without."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        with open(sandbox.log, "rb") as log:
            log.seek(mark)
            for line in log.read().decode("utf-8", "replace").splitlines():
                if line.endswith(": hangs"):
                    return line.removesuffix(": hangs").partition("?")[0]
        if ended:
            return None
        time.sleep(0.005)
    raise Broken(f"neither an exchange nor an end in {PATIENCE} s")


def log_end(sandbox: Sandbox) -> int:
    """Where the sandbox's log ends now."""
    return os.stat(sandbox.log).st_size
