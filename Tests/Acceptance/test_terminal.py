"""What a person sees on a terminal."""

from __future__ import annotations

import re

import pexpect
from program import Program, program
from sandbox import Sandbox

ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def watch(credferry: Program, *arguments: str, **more: str) -> tuple[int, str]:
    """Run on a terminal; give the exit status and all that was written."""
    child = pexpect.spawn(
        str(program()),
        list(arguments),
        env={**credferry.variables, "TERM": "xterm-256color", **more},
        dimensions=(40, 200),
        encoding="utf-8",
        timeout=60,
    )
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before


def test_a_line_a_step_and_one_that_moves(credferry: Program, azure: Sandbox) -> None:
    azure.settings(operationTime=2)
    status, raw = watch(credferry, "rotate", "demo")
    assert status == 0, raw
    assert "updating demo, 1 s" in raw, "the elapsed time is shown while the cluster updates"
    text = ESCAPE.sub("", raw)
    steps = [
        match.group(1)
        for match in re.finditer(r"demo/service-principal  (\w+) {2,}", text)
        if match.group(1) in {"plan", "add", "prove", "deliver", "apply"}
    ]
    assert list(dict.fromkeys(steps)) == ["plan", "add", "prove", "deliver", "apply"]
    assert azure.cluster()["secret"] not in raw


def test_no_colour_where_none_is_wanted(credferry: Program) -> None:
    status, raw = watch(credferry, "status", NO_COLOR="1")
    assert status == 0
    assert "\x1b[3" not in raw


def test_a_pipe_gets_plain_lines(credferry: Program, azure: Sandbox) -> None:
    result = credferry.ok("rotate", "demo")
    assert "\x1b" not in result.out + result.err
    assert "\r" not in result.err
    assert azure.cluster()["secret"] not in result.out + result.err


def test_quiet_says_nothing_but_the_result(credferry: Program) -> None:
    assert credferry.ok("rotate", "demo", "--quiet").err == ""


def test_help_and_version(credferry: Program) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", credferry.ok("--version").out)
    for command in ("status", "plan", "rotate", "resume", "retire", "get", "exec"):
        assert command in credferry.ok("--help").out
        assert "USAGE" in credferry.ok(command, "--help").out
