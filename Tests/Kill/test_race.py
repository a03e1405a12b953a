"""Two at once: one rotation of an identity at a time, whoever comes first (R6).

`KILL_RACES` is how often two rotations are started together; 200 times by `make kill`.
"""

from __future__ import annotations

import pytest
from flows import FLOWS
from interposer import Cut
from limits import limit
from matrix import Bench
from verdict import Before, check_all, check_finished, check_retired
from world import Broken, World, finish, hold

RACES = limit("KILL_RACES", 40) or 200
ROTATE = next(flow for flow in FLOWS if flow.name == "second rotation")
INTERRUPTED = ("resumed at add", "resumed at put", "resumed at reset")
LOCKED = 75


def together(world: World, *commands: tuple[str, ...], cut: Cut = Cut()) -> list[int]:
    """Start commands at the same time, wait for all, and give their statuses in order."""
    processes = [world.start(*command, cut=cut) for command in commands]
    results = [finish(process, command) for process, command in zip(processes, commands)]
    hold(
        all(result.status in (0, LOCKED) for result in results),
        "\n".join(f"{command}: {result}" for command, result in zip(commands, results)),
    )
    for result in results:
        hold(
            result.status == 0 or "another rotator holds identity" in result.out + result.err,
            f"it does not say why it did not begin: {result}",
        )
    return [result.status for result in results]


def passed(world: World) -> list[str]:
    """The calls that add a credential or give one to a cluster, in the order in which they came."""
    calls = {"/addPassword": "add", "/resetServicePrincipalProfile": "reset"}
    return [
        name
        for exchange in world.sandbox.exchanges()
        for path, name in calls.items()
        if path in exchange["url"] and exchange["method"] == "POST"
    ]


def race_to_rotate(world: World, cut: Cut = Cut()) -> int:
    """Start two rotations of one identity, see that one was over before the other began, and count them."""
    before = Before(world, ROTATE)
    world.sandbox.forget_exchanges()
    statuses = together(world, *[("rotate", world.name)] * 2, cut=cut)
    rotated = statuses.count(0)
    hold(rotated >= 1, "nobody rotated")
    hold(passed(world) == ["add", "reset"] * rotated, f"R6: {passed(world)} with {statuses}")
    added = set(world.credentials()) - before.credentials
    hold(len(added) == rotated, f"R6: {len(added)} credentials were added with {statuses}")
    check_finished(before)
    return rotated


@pytest.mark.timeout(1800)
def test_two_rotations_of_one_identity(bench: Bench) -> None:
    def race(_: int) -> list[int]:
        """Race twice: for the first time, the journal has to be made, too."""
        with bench.world() as world:
            rotated = [race_to_rotate(world), race_to_rotate(world)]
            check_retired(Before(world, ROTATE))
            return rotated

    rotated = [one for pair in bench.each(race, list(range((RACES + 1) // 2))) for one in pair]
    print(f"{len(rotated)} races; in {rotated.count(1)} the second gave way, in {rotated.count(2)} it waited")
    assert len(rotated) >= RACES
    assert rotated.count(1) > 0, "no two ran at once: nothing was tested"


@pytest.mark.timeout(1800)
def test_two_first_runs_make_one_journal(bench: Bench) -> None:
    def race(_: int) -> None:
        with bench.world(clusters=2, shares=False) as world:
            statuses = together(world, *[("rotate", name) for name in world.names])
            hold(statuses == [0, 0], f"the statuses are {statuses}")
            hold(world.begun() == 2, f"the journal knows {world.begun()} rotations")
            held, stored = world.held(), world.stored()
            for sink, secret in stored.items():
                hold(secret == held[sink.rpartition(" ")[2]], f"{sink} differs from the cluster")
            hold(len(stored) == 2 * len(world.sinks), f"only {sorted(stored)} hold a secret")

    bench.each(race, list(range(max(RACES // 8, 5))))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", INTERRUPTED)
def test_two_that_resume_what_was_killed(bench: Bench, name: str) -> None:
    (flow,) = [flow for flow in FLOWS if flow.name == name]

    def race(_: int) -> None:
        with bench.world(flow.sinks) as world:
            flow.prepare(world)
            before = Before(world, flow)
            statuses = together(world, ("resume",), ("resume",))
            hold(0 in statuses, f"nobody resumed: {statuses}")
            check_all(before)

    bench.each(race, list(range(max(RACES // 8, 5))))


def test_without_locks_the_race_is_lost(bench: Bench) -> None:
    """The race can fail: where no lock keeps the second rotation out, it is found."""
    with bench.world() as world:
        world.json("rotate", world.name)
        with pytest.raises(Broken):
            for _ in range(5):
                race_to_rotate(world, Cut(locks=False))
