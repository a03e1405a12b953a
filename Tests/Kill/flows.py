"""What is interrupted: commands of credferry, each in a state of the world that it has work to do in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from interposer import Cut
from world import LATER, World, finish, hold, log_end, wait_for_hang

MOST = ("disk", "ci", "vault")


def nothing(world: World) -> None:
    """Leave the world as it is."""


def rotate(world: World) -> tuple[str, ...]:
    return ("rotate", world.name)


def resume(_: World) -> tuple[str, ...]:
    return ("resume",)


def adopt(world: World) -> tuple[str, ...]:
    """Retire, and take in the credential that was there before credferry."""
    return ("retire", world.name, "--adopt", world.foreign)


def apply(world: World) -> tuple[str, ...]:
    return ("apply", world.name)


def once(world: World) -> None:
    """One rotation is over, and its overlap is not."""
    world.json("rotate", world.name)


def twice(world: World) -> None:
    """Two rotations are over, and the first one's credential waits to be retired."""
    once(world)
    once(world)


def slowly(world: World) -> None:
    """Entra refuses the new secret at first, and AKS a little longer."""
    once(world)
    world.sandbox.settings(propagation=0.3, aksPropagation=0.5)


def failing_operation(world: World) -> None:
    """The cluster's next operation fails."""
    world.sandbox.settings(operationFails=1)


def lost_answer(world: World) -> None:
    """The next credential is added, and nobody hears of it."""
    world.sandbox.fault(
        service="graph", method="POST", pathContains="addPassword", effect={"drop": "after"}
    )


def lost_answer_and_lag(world: World) -> None:
    """The same, and what is read from the directory is old."""
    lost_answer(world)
    world.sandbox.settings(directoryLag=0.5)


def refused_characters(world: World) -> None:
    """The next secret has a character that AKS refuses."""
    world.sandbox.settings(badCharacters=1)


def killed_at(service: str, method: str, path: str) -> Callable[[World], None]:
    """A second rotation was killed when the answer to a request was on its way."""

    def prepare(world: World) -> None:
        once(world)
        mark = log_end(world.sandbox)
        world.sandbox.fault(
            service=service, method=method, pathContains=path, effect={"hang": "after"}
        )
        process = world.start("rotate", world.name)
        hold(wait_for_hang(world.sandbox, mark, process), f"{path} was not asked for")
        process.kill()
        finish(process)

    return prepare


def killed_while_putting(world: World) -> None:
    """A first rotation was killed when a file had its new content, and not yet its name."""
    result = world.run("rotate", world.name, cut=Cut(at="sink:1:after"))
    hold(result.status == -9, f"no sink was synced: {result}")


@dataclass(frozen=True)
class Flow:
    """A command, and the world that it is given in."""

    name: str
    command: Callable[[World], tuple[str, ...]]
    prepare: Callable[[World], None] = nothing
    """Done before, and never interrupted."""
    trouble: Callable[[World], None] = nothing
    """What Azure is told to do to the command."""
    sinks: tuple[str, ...] = MOST
    clusters: int = 1
    clock: int = 0
    """By how many seconds the command's wall clock is ahead: after an overlap."""
    rotates: bool = True
    """Whether the clusters get a new secret."""
    adopts: bool = False
    """Whether the credential that was there before credferry goes, too."""

    @property
    def needs_keyring(self) -> bool:
        return "laptop" in self.sinks


RESET = "resetServicePrincipalProfile"

FLOWS = (
    Flow("first rotation", rotate),
    Flow("second rotation", rotate, once),
    Flow("slow propagation", rotate, slowly),
    Flow("two clusters", rotate, once, clusters=2),
    Flow("operation fails once", rotate, once, failing_operation),
    Flow("characters refused", rotate, once, refused_characters),
    Flow("add answer lost", rotate, once, lost_answer),
    Flow("add answer lost, lag", rotate, nothing, lost_answer_and_lag),
    Flow("resumed at add", resume, killed_at("graph", "POST", "addPassword")),
    Flow("resumed at put", resume, killed_while_putting),
    Flow("resumed at reset", resume, killed_at("arm", "POST", RESET)),
    Flow("retire", resume, twice, clock=LATER, rotates=False),
    Flow("retire --adopt", adopt, twice, clock=LATER, rotates=False, adopts=True),
    Flow("keyring", rotate, once, sinks=("disk", "laptop")),
    Flow("apply", apply, once, rotates=False),
)
