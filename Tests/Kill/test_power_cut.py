"""A power cut: what was written and not yet synced is gone.

While a flow runs, a copy is made of each file of the journal at the moment at which it is synced, and of
the file sinks' folder likewise. The flow is killed, and `resume` has to do with these copies alone.

`KILL_CUTS` is how many points are tried; `all` of them by `make kill`.
"""

from __future__ import annotations

import pytest
from flows import FLOWS
from limits import SEED, limit
from matrix import Bench, judge, sample

INTERRUPTED = ("first rotation", "second rotation", "resumed at put", "retire")
CUTS = limit("KILL_CUTS", 40)


@pytest.mark.timeout(1800)
def test_what_was_synced_is_enough_to_resume(bench: Bench) -> None:
    flows = [flow for flow in FLOWS if flow.name in INTERRUPTED]
    points = [point for found in bench.each(bench.survey, flows) for point in found]
    judge(bench.each(bench.cut_power, sample(points, CUTS, SEED)))
