# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of the bench: what is collected, compared and shown."""

from __future__ import annotations

from typing import Any, Callable, Iterable

import pytest

from tools.bench.figures import (
    Figure,
    Goal,
    Series,
    amount,
    collected,
    fastest,
    figures_table,
    goals_table,
    more,
    number,
    ratio,
    row,
    section,
    spread,
)
from tools.bench.scenario import interleaved
from tools.bench.sizes import Sizes, sizes_from

GUIDE, OURS, MEMORY = ("part", "guide"), ("part", "ours"), ("part", "memory")
MEASURED = {
    GUIDE: Series("s", (4.0, 8.0, 6.0)),
    OURS: Series("s", (1.0, 4.0, 1.5)),
    MEMORY: Series("MB", (40.0, 40.0, 40.0)),
}


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param([Figure("p", "a", 1.0)], {("p", "a"): Series("s", (1.0,))}, id="one"),
        pytest.param(
            [Figure("p", "a", 1.0), Figure("p", "b", 3.0, "MB"), Figure("p", "a", 2.0), Figure("q", "a", 4.0)],
            {
                ("p", "a"): Series("s", (1.0, 2.0)),
                ("p", "b"): Series("MB", (3.0,)),
                ("q", "a"): Series("s", (4.0,)),
            },
            id="by part and candidate",
        ),
    ],
)
def test_collected(figures: list[Figure], expected: dict[Any, Series]) -> None:
    assert collected(figures) == expected
    assert list(collected(figures)) == list(expected)


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        pytest.param(Goal("", ratio, OURS, GUIDE, 1), (0.25, 0.5, 0.25), id="run by run, not median by median"),
        pytest.param(Goal("", more, GUIDE, OURS, 1), (3.0, 4.0, 4.5), id="how much more"),
        pytest.param(amount("", MEMORY, 150, "MB"), (40.0, 40.0, 40.0), id="one alone"),
        pytest.param(Goal("", ratio, OURS, ("part", "not run"), 1), (), id="a candidate that did not run"),
    ],
)
def test_values_of_a_goal(goal: Goal, expected: tuple[float, ...]) -> None:
    assert goal.values(MEASURED) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (0.1234, "0.123"),
        (-0.5, "-0.5"),
        (1.234, "1.23"),
        (99.999, "100.00"),
        (123.4, "123"),
        (12345, "12,345"),
    ],
)
def test_number(value: float, expected: str) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(
    ("values", "unit", "expected"),
    [
        pytest.param([2.0], "", "2.00", id="one run"),
        pytest.param([3.0, 1.0, 2.0], "s", "2.00 s (1.00 to 3.00)", id="median and extremes"),
        pytest.param([40.001, 40.0], "MB", "40.00 MB", id="no spread that shows"),
    ],
)
def test_spread(values: list[float], unit: str, expected: str) -> None:
    assert spread(values, unit) == expected


def test_a_scenario_has_one_table_with_a_column_for_each_part() -> None:
    elsewhere = {("other part", "ours"): Series("s", (2.0,)), ("other part", "theirs"): Series("s", (3.0,))}
    assert figures_table({**MEASURED, **elsewhere}) == [
        "|  | part | other part |",
        "|---|---|---|",
        "| guide | 6.00 s (4.00 to 8.00) |  |",
        "| ours | 1.50 s (1.00 to 4.00) | 2.00 s |",
        "| memory | 40.00 MB |  |",
        "| theirs |  | 3.00 s |",
    ]


def test_the_fastest_stands_first() -> None:
    assert fastest({GUIDE: MEASURED[GUIDE], OURS: MEASURED[OURS]}) == ["* part: ours 1.50 s; guide 6.00 s."]


def test_a_bar_in_a_name_is_no_border() -> None:
    assert row("access | we\"ird.näme'; --", "1") == "| access \\| we\"ird.näme'; -- | 1 |"


@pytest.mark.parametrize(
    ("goal", "cells"),
    [
        pytest.param(Goal("a", ratio, OURS, GUIDE, 0.25), "at most 0.25 | yes", id="just reached"),
        pytest.param(Goal("a", ratio, OURS, GUIDE, 0.2), "at most 0.2 | **no**", id="missed"),
    ],
)
def test_a_goal_is_judged_by_the_median(goal: Goal, cells: str) -> None:
    assert goals_table([goal], MEASURED)[2:] == [f"| a | 0.25 (0.25 to 0.5) | {cells} |"]


def test_without_a_figure_or_a_goal_there_is_no_table() -> None:
    assert goals_table([Goal("a", ratio, OURS, GUIDE, 1)], {}) == []
    assert goals_table([Goal("a", ratio, OURS, GUIDE, None)], MEASURED) == []
    assert section("Title", [], {}) == "## Title"


def test_a_note_stands_between_the_goals_and_the_figures() -> None:
    text = section("Title", [Goal("a", ratio, OURS, GUIDE, 0.2)], MEASURED, "Why it is missed.")
    goals, note, figures = (text.index(part) for part in ("**no**", "Why it is missed.", "|  | part |"))
    assert goals < note < figures


def test_each_run_begins_with_another_turn() -> None:
    def turn(name: str) -> Callable[[], Iterable[Figure]]:
        return lambda: [Figure("p", name, 0.0)]

    order = [figure.name for figure in interleaved([turn("a"), turn("b"), turn("c")], 3)]
    assert order == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]


@pytest.mark.parametrize(
    ("environment", "sizes", "command"),
    [
        pytest.param({"SCHEMAS": "", "PG": ""}, Sizes(), "make bench SCENARIO=first", id="nothing said"),
        pytest.param(
            {"SCHEMAS": "100 1000", "TABLES": "5", "RUNS": "1", "PG": "18"},
            Sizes(major="18", runs=1, schemas=(100, 1000), relations=5),
            'make bench SCENARIO=first SCHEMAS="100 1000" TABLES=5 RUNS=1 PG=18',
            id="sizes",
        ),
        pytest.param(
            {"DATABASES": "3", "SERVERS": "2"},
            Sizes(databases=3, servers=2),
            "make bench SCENARIO=first DATABASES=3 SERVERS=2",
            id="databases and servers",
        ),
    ],
)
def test_sizes(environment: dict[str, str], sizes: Sizes, command: str) -> None:
    assert sizes_from(environment) == sizes
    assert sizes.command("first") == command
