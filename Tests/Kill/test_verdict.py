"""The verdict of the kill matrix can fail: each thing that it looks for, done on purpose, is found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import pytest
from flows import FLOWS
from interposer import Cut
from matrix import Bench
from verdict import Before, check_all, check_crashed, check_finished, check_retired
from world import LATER, Broken, World

FIRST, SECOND = FLOWS[0], FLOWS[1]


def remove_credential(world: World, key_id: str) -> None:
    """Remove a credential behind credferry's back."""
    graph = world.sandbox.info["graph"]
    answer = world.sandbox.request(
        "POST",
        f"{graph}/v1.0/applications(appId='{world.app_id}')/removePassword",
        token=world.sandbox.token(graph),
        json_body={"keyId": key_id},
    )
    assert answer.status == 204


def killed_after_add(world: World) -> Before:
    """A rotation that was killed with a credential added and its secret delivered nowhere."""
    SECOND.prepare(world)
    before = Before(world, SECOND)
    known = set(world.credentials())
    number = 0
    while set(world.credentials()) == known:
        number += 1
        assert world.run("rotate", world.name, cut=Cut(at=f"journal:{number}:after")).status == -9
    return before


def test_a_journal_that_is_lost(bench: Bench) -> None:
    with bench.world() as world:
        before = killed_after_add(world)
        shutil.rmtree(world.state)
        with pytest.raises(Broken, match="R4"):
            check_crashed(before)


def test_a_journal_whose_last_writes_are_lost(bench: Bench) -> None:
    with bench.world() as world:
        SECOND.prepare(world)
        before, disk = Before(world, SECOND), world.disk()
        result = world.run("rotate", world.name, cut=Cut(at="sink:1:after"))
        assert result.status == -9
        world.restart_from(disk)
        with pytest.raises(Broken, match="R4"):
            check_all(before)


def test_a_sink_that_holds_another_secret(bench: Bench) -> None:
    with bench.world() as world:
        before = Before(world, FIRST)
        world.json("rotate", world.name)
        check_finished(before)
        file = world.secrets / f"{world.name}.service-principal.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "password": "another"}))
        with pytest.raises(Broken, match="R1"):
            check_crashed(before)
        with pytest.raises(Broken, match="lost"):
            check_finished(before)


def test_a_cluster_with_a_dead_secret(bench: Bench) -> None:
    with bench.world() as world:
        before = Before(world, FIRST)
        world.json("rotate", world.name)
        remove_credential(world, world.key_id())
        with pytest.raises(Broken, match="R1"):
            check_crashed(before)
        assert world.violations()


@pytest.mark.parametrize(
    ("doing", "rule"),
    [
        (lambda world: remove_credential(world, world.foreign), "R4, R5"),
        (lambda world: world.json("retire", world.name, "--adopt", world.foreign, clock=LATER), "R5"),
    ],
    ids=["removed", "adopted"],
)
def test_a_credential_of_others_that_is_gone(
    bench: Bench, doing: Callable[[World], object], rule: str
) -> None:
    with bench.world() as world:
        before = Before(world, SECOND)
        world.json("rotate", world.name)
        doing(world)
        with pytest.raises(Broken, match=rule):
            check_retired(before)
