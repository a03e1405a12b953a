"""The kill matrix: every flow, killed at every point, ends as if nothing had happened.

`KILL_POINTS` is how many points are tried, evenly chosen with `KILL_SEED`; `all` of them by `make kill`.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
from flows import FLOWS
from interposer import Cut
from limits import SEED, limit
from matrix import Bench, Outcome, Point, judge, sample
from verdict import Before, check_all

FEWEST = 200
TIMES = 6
DEEP = range(1, 15)
"""Journal writes that come before the cluster has the secret: many of them undo what the run before did."""
POINTS = limit("KILL_POINTS", 240)


@pytest.mark.timeout(3600)
def test_killed_anywhere_every_rotation_ends(bench: Bench, outcomes: list[Outcome]) -> None:
    points = [point for found in bench.each(bench.survey, list(FLOWS)) for point in found]
    outcomes += bench.each(bench.kill, sample(points, POINTS, SEED))
    judge(outcomes)
    reached = sum(outcome.was_reached for outcome in outcomes)
    assert reached >= FEWEST or (POINTS is not None and POINTS < FEWEST)
    assert not left_running(bench), "a plugin outlives the program that was killed"


@pytest.mark.timeout(1800)
def test_killed_again_and_again(bench: Bench) -> None:
    """Every `resume` is killed at the same step as the one before, until one may finish."""

    def tire(point: Point) -> Outcome:
        with bench.world(point.flow.sinks) as world:
            outcome, cut = Outcome(point, was_reached=True), Cut(at=point.at)
            try:
                before = Before(world, point.flow)
                world.run(*point.flow.command(world), cut=cut)
                for _ in range(TIMES):
                    world.run("resume", cut=cut)
                check_all(before)
            except Exception as error:  # A point that breaks must not hide the others.
                outcome.problem = f"{type(error).__name__}: {error}"
            return outcome

    points = [
        Point(FLOWS[0], "journal", number, moment) for number in DEEP for moment in ("before", "after")
    ]
    judge(bench.each(tire, points))


def left_running(bench: Bench) -> list[str]:
    """The plugins that still run in the keyring's session after a moment to end in."""
    assert bench.keyring is not None
    address = bench.keyring.environment["DBUS_SESSION_BUS_ADDRESS"].encode()
    for _ in range(50):
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                is_plugin = os.readlink(process / "exe").endswith("/credferry-keyring")
                if is_plugin and address in (process / "environ").read_bytes():
                    found.append(process.name)
        if not found:
            return []
        time.sleep(0.1)
    return found
