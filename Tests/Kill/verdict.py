"""What must hold after a crash, after `resume`, and after the overlap (R1 to R5 and R8 of the design)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from flows import Flow
from interposer import Cut
from world import LATER, World, hold

MOST_RESUMES = 5
OURS = "credferry-"
LAG = 2.0
"""Reads of the directory may be older than what the sandbox tells of itself; here, by less than this."""


@dataclass
class Before:
    """The world at the moment at which a flow's command starts."""

    world: World
    flow: Flow
    held: dict[str, str] = field(init=False)
    stored: dict[str, str] = field(init=False)
    credentials: set[str] = field(init=False)
    current: str | None = field(init=False)
    begun: int = field(init=False)

    def __post_init__(self) -> None:
        self.held, self.stored = self.world.held(), self.world.stored()
        self.credentials = set(self.world.credentials())
        self.current = status(self.world)["keyId"]
        self.begun = self.world.begun()


def status(world: World, clock: int = 0) -> dict[str, Any]:
    """The line of `status` for the first cluster."""
    return world.json("status", world.name, clock=clock)["credentials"][0]


def check_crashed(before: Before) -> None:
    """After a crash: nothing is lost from sight, and nothing that can be read is dead."""
    check_readable(before)
    check_delivered(before)
    check_listed(before)
    hold(not before.world.violations(), f"R3: a cluster held a dead secret: {before.world.violations()}")


def check_readable(before: Before) -> None:
    """R1: what a sink hands out, Entra accepts; and what it handed out before is not gone."""
    stored = before.world.stored()
    hold(stored.keys() >= before.stored.keys(), f"R1: only {sorted(stored)} hand out a secret")
    for sink, secret in stored.items():
        hold(before.world.accepts(secret), f"R1: {sink} hands out a secret that Entra refuses")


def check_delivered(before: Before) -> None:
    """R2: what a cluster was given, every sink had been given before.

    Where another credential was added since, the sinks may hold that one's secret already.
    """
    world = before.world
    given = set(world.held().values()) - set(before.held.values())
    if not given or len(set(world.credentials()) - before.credentials) > 1:
        return
    stored = world.stored()
    places = len(world.sinks) * len(world.names)
    hold(len(stored) == places and {*stored.values()} == given, "R2: applied before it was delivered")


def check_listed(before: Before, clock: int = 0) -> dict[str, Any]:
    """R4: every credential of the identity is the current one, or stands in `status`, rightly attributed.

    Gives the line of `status`.
    """
    deadline = time.monotonic() + LAG
    while True:
        line = status(before.world, clock)
        wrong = misattributed(before, line)
        if not wrong or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    hold(not wrong, f"R4: status does not list rightly {wrong}")
    return line


def misattributed(before: Before, line: dict[str, Any]) -> list[str]:
    """The credentials that a line of `status` does not tell of, or attributes to somebody else."""
    listed = {other["keyId"]: other["added"] for other in line["others"]}
    if line["keyId"]:
        listed[line["keyId"]] = "credferry"
    problems = []
    for key_id, credential in before.world.credentials().items():
        name = credential["displayName"] or ""
        wanted = "credferry" if name.startswith(OURS) else "other"
        if listed.get(key_id) != wanted:
            problems.append(f"{key_id} ({name}): {listed.get(key_id)}")
    return problems


def resume(before: Before, clock: int = 0) -> None:
    """R8: `resume` finishes what was begun, without a human."""
    for _ in range(MOST_RESUMES):
        result = before.world.run("resume", cut=Cut(clock=clock))
        if result.status == 0:
            return
    hold(False, f"R8: resume does not come to an end: {result}")


def finish(before: Before) -> None:
    """Go on after a crash.

    Where the crash came before anything was written down, nothing may have been done either; then the
    operator, who saw no result, gives the command again.
    """
    world, flow = before.world, before.flow
    begun = world.begun() > before.begun
    resume(before, flow.clock)
    if flow.rotates and flow.command(world)[0] == "rotate" and not begun:
        hold(set(world.credentials()) == before.credentials, "R4: a credential without a journal")
        hold(world.held() == before.held, "R2: a cluster was changed without a journal")
        hold(world.stored() == before.stored, "R2: a sink was changed without a journal")
        world.json(*flow.command(world))
    if flow.adopts and before.world.foreign in world.credentials():
        world.json(*flow.command(world), clock=flow.clock)


def check_finished(before: Before) -> None:
    """After `resume`: sinks and clusters hold one secret that Entra accepts, and nothing is forgotten."""
    world = before.world
    held, stored = world.held(), world.stored()
    places = len(world.sinks) * len(world.names)
    hold(len(stored) == places, f"lost: only {sorted(stored)} hold a secret")
    hold(len({*held.values(), *stored.values()}) == 1, "lost: sinks and clusters hold different secrets")
    secret = held[world.name]
    hold(world.accepts(secret), "R3: Entra refuses what the cluster holds")
    line = check_listed(before, before.flow.clock)
    hold(line["keyId"] == world.key_id(), "lost: the secret is not that of the credential in use")
    hold((line["keyId"] != before.current) == before.flow.rotates, "R8: the rotation did not end")
    if before.flow.clock == 0:
        kept = {before.world.foreign, before.current} - {None}
        hold(kept <= set(world.credentials()), "a credential was retired before the overlap was over")
        hold(line["state"] == "ok", f"R8: after resume the state is {line['state']}")


def check_retired(before: Before) -> None:
    """After the overlap `resume` leaves the current credential, and those of others (R5)."""
    world = before.world
    resume(before, LATER)
    line = status(world, LATER)
    expected = {line["keyId"]} | (set() if before.flow.adopts else {before.world.foreign})
    left = set(world.credentials())
    hold(left == expected, f"R4, R5: after the overlap there are {left}, and not {expected}")
    hold(line["state"] == "ok", f"R8: after the overlap the state is {line['state']}")
    secrets = {*world.held().values(), *world.stored().values()}
    hold(len(secrets) == 1, "lost: after the overlap sinks and clusters hold different secrets")
    left_over = [path.name for path in world.secrets.iterdir() if path.name.startswith(".")]
    hold(not left_over, f"R7: half-written secrets were left: {left_over}")
    hold(all(map(world.accepts, secrets)), "R3: Entra refuses what the cluster holds")
    hold(not world.violations(), f"R3: a cluster held a dead secret: {world.violations()}")


def check_all(before: Before) -> None:
    """Everything, from the crash to after the overlap."""
    check_crashed(before)
    finish(before)
    check_finished(before)
    check_retired(before)
