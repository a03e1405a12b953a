"""Bad input: a clear error with its place, the right exit status, and nothing changed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from program import Program
from sandbox import Sandbox

Change = Callable[[dict[str, Any]], None]


def untouched(azure: Sandbox) -> None:
    """Nothing was asked of Azure, and nothing was made here."""
    assert azure.exchanges() == []
    assert not (azure.directory / "state").exists()
    assert not (azure.directory / "secrets").exists()


def replaced(credferry: Program, old: str, new: str) -> int:
    """Replace a text of the configuration that stands there once; give its line."""
    text = credferry.configuration.read_text()
    assert text.count(old) == 1, f"{old!r} in\n{text}"
    credferry.configuration.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def refused(credferry: Program, *says: str) -> str:
    result = credferry.run("rotate", "demo")
    assert result.status == 78, result
    assert result.out == ""
    for text in says:
        assert text in result.err, result
    return result.err


class TestConfiguration:
    """Status 78, with file, line, column and what was expected."""

    def test_a_missing_file(self, credferry: Program, azure: Sandbox) -> None:
        credferry.configuration = Path("/nonexistent/credferry.yaml")
        refused(credferry, "/nonexistent/credferry.yaml")
        untouched(azure)

    def test_a_directory_for_a_file(self, credferry: Program, azure: Sandbox) -> None:
        credferry.configuration = azure.directory
        refused(credferry, str(azure.directory), "directory")
        untouched(azure)

    def test_an_unknown_key(self, credferry: Program, azure: Sandbox) -> None:
        line = replaced(credferry, "subscription:", "subscripton:")
        refused(credferry, f"credferry.yaml:{line}:", "subscripton", "subscription")
        untouched(azure)

    def test_a_bad_duration(self, credferry: Program, azure: Sandbox) -> None:
        credferry.configure(lambda document: document["defaults"]["policy"].update(overlap="2 days"))
        line = next(
            number
            for number, text in enumerate(credferry.configuration.read_text().splitlines(), 1)
            if "2 days" in text
        )
        refused(credferry, f"credferry.yaml:{line}:", "2 days", "24h")
        untouched(azure)

    def test_an_unset_variable(self, credferry: Program, azure: Sandbox) -> None:
        def change(document: dict[str, Any]) -> None:
            document["clusters"][0]["resourceGroup"] = "${NO_SUCH_VARIABLE}"

        credferry.configure(change)
        refused(credferry, "credferry.yaml:", "NO_SUCH_VARIABLE")
        untouched(azure)

    def test_a_variable_that_is_set(self, credferry: Program, azure: Sandbox) -> None:
        def change(document: dict[str, Any]) -> None:
            self.group = document["clusters"][0]["resourceGroup"]
            document["clusters"][0]["resourceGroup"] = "${GROUP}"

        credferry.configure(change)
        credferry.environment["GROUP"] = self.group
        credferry.ok("plan", "demo")

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda d: d["sinks"]["vault"].update(secret="{cluster}_{credential}"), "Key Vault"),
            (lambda d: d["clusters"].append(dict(d["clusters"][0])), "demo"),
            (lambda d: d.update(version=2), "version"),
            (lambda d: d["defaults"].update(sinks=["nowhere"]), "nowhere"),
            (lambda d: d["defaults"]["policy"].update(proofs="three"), "proofs"),
            (lambda d: d["clusters"][0].pop("subscription"), "subscription"),
            (lambda d: d["sinks"]["disk"].update(format="xml"), "json"),
            (lambda d: d["sinks"]["vault"].update(vault="https://ops.vault.evil.example"), "vault"),
            (lambda d: d["sinks"].update(other={"type": "fil"}), "file"),
        ],
        ids=[
            *("a name that Key Vault cannot hold", "two clusters of one name", "another version"),
            *("an unknown sink", "a wrong type", "a missing value", "an unknown format"),
            *("a vault of another cloud", "an unknown type of sink"),
        ],
    )
    def test_other_faults(
        self, credferry: Program, azure: Sandbox, change: Change, says: str
    ) -> None:
        credferry.configure(change)
        error = refused(credferry, says)
        assert "credferry.yaml:" in error
        untouched(azure)

    def test_text_that_is_no_yaml(self, credferry: Program, azure: Sandbox) -> None:
        credferry.configuration.write_text("version: 1\nsinks: {a: [}\n")
        refused(credferry, "credferry.yaml:2:")
        untouched(azure)

    def test_two_secrets_of_one_name(self, credferry: Program, azure: Sandbox) -> None:
        azure.add_cluster(name="second", kind="service-principal")

        def change(document: dict[str, Any]) -> None:
            document["sinks"]["disk"]["path"] = "secrets/one.json"
            document["clusters"].append({**document["clusters"][0], "name": "second", "cluster": "second"})

        credferry.configure(change)
        result = credferry.run("rotate", "--all")
        assert result.status == 78, result
        assert "demo" in result.err and "second" in result.err
        assert not (azure.directory / "secrets").exists()
        assert len(azure.application(azure.cluster()["clientId"])["credentials"]) == 1


class TestUsage:
    """Status 64."""

    @pytest.mark.parametrize(
        "arguments",
        [
            ("rotate",),
            ("rotate", "demo", "--all"),
            ("rotate", "nobody"),
            ("rotate", "demo/password"),
            ("rotate", "demo", "--overlap", "long"),
            ("retire",),
            ("get",),
            ("get", "demo", "--from", "nowhere"),
            ("get", "demo", "--field", "colour"),
            ("exec", "demo"),
            ("frobnicate",),
            ("status", "--frobnicate"),
            ("--output", "xml", "status"),
        ],
        ids=" ".join,
    )
    def test_wrong_usage(
        self, credferry: Program, azure: Sandbox, arguments: tuple[str, ...]
    ) -> None:
        result = credferry.run(*arguments)
        assert result.status == 64, result
        assert result.out == ""
        assert result.err
        untouched(azure)

    def test_the_nearest_name_is_offered(self, credferry: Program) -> None:
        assert "demo" in credferry.run("rotate", "dmeo").err

    def test_global_options_stand_anywhere(self, credferry: Program) -> None:
        configuration = str(credferry.configuration)
        credferry.environment["CREDFERRY_CONFIG"] = "/nonexistent"
        before = credferry.ok("--config", configuration, "--output", "json", "status")
        after = credferry.ok("status", "--config", configuration, "--output", "json")
        assert before.json["credentials"][0]["cluster"] == after.json["credentials"][0]["cluster"]

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--output", "json", "audit", "verify"),
            ("audit", "--output", "json", "verify"),
            ("audit", "verify", "--output", "json"),
            ("-q", "audit", "--output=json", "verify"),
        ],
        ids=" ".join,
    )
    def test_before_a_command_of_a_command(
        self, credferry: Program, arguments: tuple[str, ...]
    ) -> None:
        assert credferry.ok(*arguments).json["ok"] is True


    def test_a_secret_does_not_go_to_a_terminal(self, credferry: Program) -> None:
        credferry.ok("rotate", "demo")
        script = subprocess.run(
            ["script", "-qec", f"{credferry.start('--version').args[0]} get demo", "/dev/null"],
            env=credferry.variables,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert script.returncode == 64
        assert "--show" in script.stdout


class TestNoConfigurationAtAll:
    """A first run."""

    def test_says_where_it_looked(self, tmp_path: Path) -> None:
        program = Program(tmp_path, Path("/nonexistent"))
        del program.environment
        program.environment = {"CREDFERRY_CONFIG": ""}
        result = program.run("status")
        assert result.status == 78, result
        assert "credferry/config.yaml" in result.err


def test_the_sandbox_writes_a_configuration_of_the_contract(azure: Sandbox) -> None:
    document = yaml.safe_load(azure.configuration.read_text())
    assert set(document["sinks"]) == {"disk", "ci", "laptop", "vault"}
