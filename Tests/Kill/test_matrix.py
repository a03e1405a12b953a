"""The kill matrix: every flow, killed at every point, ends as if nothing had happened.

`KILL_POINTS` is how many points are tried, evenly chosen with `KILL_SEED`; `all` of them by `make kill`.
"""

from __future__ import annotations

import pytest
from conftest import SEED, limit
from flows import FLOWS
from matrix import Bench, Outcome, sample

FEWEST = 200
POINTS = limit("KILL_POINTS", 240)


@pytest.mark.timeout(3600)
def test_killed_anywhere_every_rotation_ends(bench: Bench, outcomes: list[Outcome]) -> None:
    points = [point for found in bench.each(bench.survey, list(FLOWS)) for point in found]
    outcomes += bench.each(bench.kill, sample(points, POINTS, SEED))

    broken = [outcome for outcome in outcomes if outcome.problem]
    assert not broken, f"{len(broken)} of {len(outcomes)}:\n" + "\n".join(map(str, broken))
    # Polling takes one exchange more or less from run to run, so the last points of a flow may not come.
    reached = sum(outcome.was_reached for outcome in outcomes)
    assert reached >= 0.95 * len(outcomes)
    assert reached >= min(FEWEST, POINTS or FEWEST)
