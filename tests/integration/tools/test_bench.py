# SPDX-License-Identifier: GPL-3.0-or-later
"""Every benchmark scenario runs, at a size that takes seconds, and yields a figure for each of its targets."""

from __future__ import annotations

import pytest

from tools.bench.__main__ import SCENARIOS
from tools.bench.figures import collected, section
from tools.bench.scenario import interleaved
from tools.bench.sizes import Sizes

pytestmark = [pytest.mark.majorless, pytest.mark.thorough]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_runs(name: str, major: str) -> None:
    tiny = Sizes(major=major, runs=1, schemas=(2,), relations=3, databases=1, servers=1, fleets=(1, 2))
    with SCENARIOS[name](tiny) as scenario:
        measured = collected(list(interleaved(scenario.turns, tiny.runs)))
    needs_psql = {goal.what for goal in scenario.goals if "guide" in f"{goal.of}{goal.beside}"}
    unmeasured = {goal.what for goal in scenario.goals if not goal.values(measured)}
    assert unmeasured <= needs_psql
    assert section(scenario.title, scenario.goals, measured).startswith(f"## {scenario.title}\n")
