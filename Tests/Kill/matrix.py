"""The points at which a flow is interrupted, and what becomes of each."""

from __future__ import annotations

import itertools
import queue
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from desktop import Keyring
from flows import FLOWS, MOST, Flow
from interposer import Cut, count
from sandbox import Sandbox
from verdict import Before, check_all
from world import Broken, World, finish, hold, log_end, wait_for_hang

WORKERS = 4
MOMENTS = {"journal": ("before", "torn", "after"), "sink": ("before", "after"), "http": ("before", "after")}

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Point:
    """One place to kill at."""

    flow: Flow
    kind: str
    number: int
    moment: str

    @property
    def at(self) -> str:
        """The point as the interposer calls it."""
        return f"{self.kind}:{self.number}:{self.moment}"

    def __str__(self) -> str:
        return f"{self.flow.name}, {self.kind} {self.number} {self.moment}"


@dataclass
class Outcome:
    """What became of a point."""

    point: Point
    was_reached: bool
    place: str = ""
    problem: str | None = None

    def __str__(self) -> str:
        return f"{self.point} {self.place}: {self.problem}"


@dataclass
class Bench:
    """Sandboxes, as many as are worked in side by side."""

    folder: Path
    library: Path
    keyring: Keyring | None = None
    _idle: queue.SimpleQueue[Sandbox] = field(default_factory=queue.SimpleQueue)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Bench:
        options = ("--propagation", "0", "--operation-time", "0.2", "--verbose")
        for number in range(WORKERS):
            sandbox = Sandbox(self.folder / f"azure-{number}", *options)
            self._idle.put(self._stack.enter_context(sandbox))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def world(self, sinks: tuple[str, ...] = MOST, clusters: int = 1, **more: Any) -> Iterator[World]:
        """A new world in a sandbox that nobody else uses meanwhile."""
        sandbox = self._idle.get()
        name = f"c{next(self._numbers)}"
        keyring = self.keyring if "laptop" in sinks else None
        try:
            folder = self.folder / name
            with World(
                sandbox, folder, self.library, name, [*sinks], clusters, keyring=keyring, **more
            ) as world:
                yield world
        finally:
            self._idle.put(sandbox)

    def each(self, body: Callable[[Item], Value], items: list[Item]) -> list[Value]:
        """Do `body` for every item, some of them side by side."""
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(body, items))

    # The points

    def survey(self, flow: Flow) -> list[Point]:
        """Run a flow without an interruption, and list its points."""
        with self.world(flow.sinks, flow.clusters) as world:
            flow.prepare(world)
            before = Before(world, flow)
            flow.trouble(world)
            world.sandbox.forget_exchanges()
            steps = world.folder / "steps"
            result = world.run(*flow.command(world), cut=Cut(steps=steps, clock=flow.clock))
            if result.status != 0:
                raise Broken(f"{flow.name}, without an interruption: {result}")
            counts = count(steps)
            counts["http"] = len(world.sandbox.exchanges())
            check_all(before)
        return [
            Point(flow, kind, number, moment)
            for kind, moments in MOMENTS.items()
            for number in range(1, counts[kind] + 1)
            for moment in moments
        ]

    def kill(self, point: Point, *, loses_power: bool = False) -> Outcome:
        """Kill a flow at a point, and see what `resume` makes of it."""
        flow = point.flow
        with self.world(flow.sinks, flow.clusters) as world:
            outcome = Outcome(point, was_reached=False)
            try:
                flow.prepare(world)
                before = Before(world, flow)
                disk = world.disk() if loses_power else None
                if point.kind == "http":
                    self._kill_at_exchange(world, outcome, disk)
                else:
                    self._kill_at_step(world, outcome, disk)
                world.sandbox.clear_faults()
                if disk and outcome.was_reached:
                    world.restart_from(disk)
                check_all(before)
            except Exception as error:  # A point that breaks must not hide the others.
                outcome.problem = f"{type(error).__name__}: {error}"
            return outcome

    def cut_power(self, point: Point) -> Outcome:
        """The same, but what was not synced is lost, too."""
        return self.kill(point, loses_power=True)

    @staticmethod
    def _kill_at_step(world: World, outcome: Outcome, disk: Path | None) -> None:
        point, flow = outcome.point, outcome.point.flow
        flow.trouble(world)
        cut = Cut(at=point.at, clock=flow.clock, disk=disk)
        outcome.was_reached = world.run(*flow.command(world), cut=cut).status == -9

    @staticmethod
    def _kill_at_exchange(world: World, outcome: Outcome, disk: Path | None) -> None:
        point, flow = outcome.point, outcome.point.flow
        effect = {"hang": True if point.moment == "before" else "after"}
        world.sandbox.fault(after=point.number - 1, effect=effect)
        flow.trouble(world)
        mark = log_end(world.sandbox)
        process = world.start(*flow.command(world), cut=Cut(clock=flow.clock, disk=disk))
        place = wait_for_hang(world.sandbox, mark, process)
        process.kill()
        finish(process)
        outcome.was_reached, outcome.place = place is not None, f"({place})" if place else ""


def sample(points: list[Point], wanted: int | None, seed: int) -> list[Point]:
    """An even choice among the points; all where `wanted` is None."""
    if wanted is None or wanted >= len(points):
        return points
    shift = random.Random(seed).random()
    return [points[int((index + shift) * len(points) / wanted)] for index in range(wanted)]


def judge(outcomes: list[Outcome]) -> None:
    """Complain of the points at which something broke, and where too few were reached.

    Polling takes one exchange more or less from run to run, so the last points of a flow may not come.
    """
    broken = [outcome for outcome in outcomes if outcome.problem]
    hold(not broken, f"{len(broken)} of {len(outcomes)}:\n" + "\n".join(map(str, broken)))
    missed = [outcome.point for outcome in outcomes if not outcome.was_reached]
    hold(
        len(missed) <= max(3, 0.05 * len(outcomes)),
        f"{len(missed)} of {len(outcomes)} points did not come: {', '.join(map(str, missed))}",
    )


def table(outcomes: list[Outcome]) -> list[str]:
    """How many points were killed at: a line a flow, a column a kind and moment."""
    columns = [(kind, moment) for kind, moments in MOMENTS.items() for moment in moments]
    names = [flow.name for flow in FLOWS]
    width = max(map(len, names))
    heads = [f"{kind} {moment}" for kind, moment in columns]
    lines = ["  ".join(["flow".ljust(width), *heads, "all"])]
    reached = [outcome.point for outcome in outcomes if outcome.was_reached]
    for name in [*names, "all"]:
        own = [point for point in reached if name in (point.flow.name, "all")]
        cells = [sum((p.kind, p.moment) == column for p in own) for column in columns]
        numbers = [str(cell).rjust(len(head)) for cell, head in zip(cells, heads)]
        lines.append("  ".join([name.ljust(width), *numbers, str(len(own)).rjust(3)]))
    return lines
