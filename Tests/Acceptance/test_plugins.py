"""Plugins: which there are, which run, and which do not."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest
import yaml
from program import Program

# A store that gives everyone the same secret.
SCRIPT = """#!/usr/bin/python3 -IS
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    result = {
        "initialize": {"protocol": 1, "plugin": {"name": "shelf", "version": "1"}, "can": ["put", "get"]},
        "put": {"version": None},
        "get": {"secret": {"base64": "c2hlbHZlZA=="}, "metadata": None, "version": None},
    }.get(request.get("method"), {})
    if "id" in request:
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
    if request.get("method") == "shutdown":
        break
"""
MANIFEST = {
    "name": "shelf", "version": "1.0.0", "protocol": "credferry/1", "executable": "shelf", "network": True,
    "environment": ["HOME"], "reads": ["${HOME}/\x1b[2Jshelf"],
}
READ = ("get", "demo", "--from", "team")


@pytest.fixture
def credferry(tmp_path: Path) -> Program:
    """A program with a sink that is a plugin; it needs no Azure."""
    program = Program(tmp_path / "home", tmp_path / "config.yaml")
    zero = "00000000-0000-0000-0000-000000000000"
    program.configuration.write_text(
        yaml.safe_dump({
            "version": 1,
            "sinks": {"team": {"type": "plugin", "plugin": "shelf"}},
            "defaults": {"sinks": ["team"]},
            "clusters": [{
                "name": "demo", "subscription": zero, "resourceGroup": "rg",
                "credentials": ["service-principal"],
            }],
        }))
    return program


@pytest.fixture
def shelf(credferry: Program) -> Path:
    """The plugin's folder, where a person would put it."""
    folder = credferry.home / ".local/share/credferry/plugins/shelf"
    folder.mkdir(parents=True, mode=0o755)
    (folder / "plugin.json").write_text(json.dumps(MANIFEST))
    (folder / "shelf").write_text(SCRIPT)
    (folder / "shelf").chmod(0o755)
    return folder


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def entry(credferry: Program) -> dict:
    return next(one for one in credferry.json("plugins", "list")["plugins"] if one["name"] == "shelf")


def test_a_plugin_runs_once_it_is_trusted(credferry: Program, shelf: Path) -> None:
    refused = credferry.run(*READ)
    assert refused.status == 69, refused
    assert refused.out == ""
    assert "is not trusted yet" in refused.err
    assert "credferry plugins trust shelf" in refused.err
    assert entry(credferry)["trust"] == "untrusted"

    report = credferry.json("plugins", "trust", "shelf")
    pins = credferry.home / ".config/credferry/trusted-plugins.json"
    assert report == {
        "name": "shelf", "folder": str(shelf), "file": str(pins),
        "executable": digest(shelf / "shelf"), "manifest": digest(shelf / "plugin.json"),
    }
    assert stat.S_IMODE(pins.stat().st_mode) == 0o600
    assert credferry.ok(*READ).out == "shelved"
    assert entry(credferry)["trust"] == "pinned"


@pytest.mark.parametrize("name", ["shelf", "plugin.json"])
def test_a_changed_plugin_is_refused_with_both_hashes(credferry: Program, shelf: Path, name: str) -> None:
    credferry.ok("plugins", "trust", "shelf")
    before = digest(shelf / name)
    with (shelf / name).open("a") as file:
        file.write("\n")
    refused = credferry.run(*READ)
    assert refused.status == 69, refused
    assert before in refused.err
    assert digest(shelf / name) in refused.err
    assert entry(credferry)["trust"] == "changed"
    credferry.ok("plugins", "trust", "shelf")
    assert credferry.ok(*READ).out == "shelved"


def test_a_plugin_that_others_can_write_is_refused(credferry: Program, shelf: Path) -> None:
    credferry.ok("plugins", "trust", "shelf")
    shelf.parent.chmod(0o777)
    refused = credferry.run(*READ)
    assert refused.status == 69, refused
    assert f"{shelf.parent} can be written by others" in refused.err
    listed = credferry.json("plugins", "list")["plugins"]
    assert [one["trust"] for one in listed if one.get("fault")] == ["unusable"]


def test_the_list_tells_what_each_asks_for(credferry: Program, shelf: Path) -> None:
    found = entry(credferry)
    assert (found["network"], found["reads"], found["writes"]) == (True, MANIFEST["reads"], [])
    assert (found["environment"], found["folder"]) == (["HOME"], str(shelf))
    text = credferry.ok("plugins", "list").out
    assert "untrusted" in text
    assert "\x1b" not in text, "a manifest's text moves nobody's cursor"


def test_what_ships_needs_no_pin(credferry: Program) -> None:
    listed = {one["name"]: one["trust"] for one in credferry.json("plugins", "list")["plugins"]}
    assert listed == {"keyring": "shipped"}
    refused = credferry.run("plugins", "trust", "keyring")
    assert refused.status == 64, refused
    assert "came with credferry" in refused.err


def test_a_plugin_of_a_shipped_ones_name_needs_a_pin(credferry: Program, shelf: Path) -> None:
    impostor = shelf.with_name("keyring")
    shelf.rename(impostor)
    (impostor / "plugin.json").write_text(json.dumps({**MANIFEST, "name": "keyring"}))
    listed = {one["name"]: one["trust"] for one in credferry.json("plugins", "list")["plugins"]}
    assert listed == {"keyring": "untrusted"}


def test_an_unknown_plugin_is_an_error(credferry: Program) -> None:
    refused = credferry.run("plugins", "trust", "nothing")
    assert refused.status == 69, refused
    assert 'there is no plugin "nothing"' in refused.err
