# SPDX-License-Identifier: GPL-3.0-or-later
"""A problem as a message for people and as keys for programs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem, summary
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.remedy import by_hand, sql

from tests.support.values.names import HOSTILE

ONE = Problem("The role is a superuser.", by_hand("Choose another name."))
TWO = Problem(f"The schema {HOSTILE} does not exist.")
FULL = Problem("m", by_hand("r"), "42501", "warehouse", HOSTILE, "GRANT")


@pytest.mark.parametrize(
    ("problems", "expected"),
    [
        pytest.param([], "0 problems:", id="none"),
        pytest.param([ONE], "The role is a superuser. Choose another name.", id="one, as it is"),
        pytest.param([TWO], f"The schema {HOSTILE} does not exist.", id="one without a remedy"),
        pytest.param(
            [ONE, TWO],
            f"2 problems:\n1. The role is a superuser. Choose another name.\n2. The schema {HOSTILE} does not exist.",
            id="two, numbered",
        ),
        pytest.param([Problem("")], "", id="one that says nothing"),
    ],
)
def test_summary(problems: list[Problem], expected: str) -> None:
    assert summary(problems) == expected


def test_a_problem_has_the_statements_of_what_fixes_it() -> None:
    remedy = sql("drop orphans", "SET ROLE bob;", "RESET ROLE;", database="warehouse")
    expected = Problem("m", (remedy,), "", "warehouse", HOSTILE, "SET ROLE bob; RESET ROLE;")
    assert Problem.fixed_by(remedy, "m", HOSTILE) == expected


def test_a_summary_lists_each_of_many() -> None:
    lines = summary([ONE] * 12).splitlines()
    assert [line.split(".")[0] for line in lines[1:]] == [str(number) for number in range(1, 13)]


@pytest.mark.parametrize(
    ("failure", "key", "expected"),
    [
        pytest.param(Failure([ONE]), "msg", str(ONE), id="message"),
        pytest.param(Failure([ONE]), "committed", [], id="nothing committed"),
        pytest.param(Failure([ONE]), "sqlstate", "", id="the server did not speak"),
        pytest.param(Failure([FULL, ONE]), "sqlstate", "42501", id="SQLSTATE of the first"),
        pytest.param(Failure([FULL, ONE]), "database", "warehouse", id="database of the first"),
        pytest.param(Failure([]), "sqlstate", "", id="no problem, no SQLSTATE"),
        pytest.param(
            Failure([ONE], ["the group", HOSTILE]),
            "msg",
            f"{ONE} Committed before this: the group; {HOSTILE}. Run again to complete it.",
            id="what was committed before",
        ),
        pytest.param(Failure([ONE], iter(["the group"])), "committed", ["the group"], id="committed, for programs"),
        pytest.param(
            Failure(iter([FULL])),
            "problems",
            [
                {
                    "message": "m",
                    "remedy": "r",
                    "remedies": [{"kind": "person", "text": "r", "role": "", "database": "", "is_alternative": False}],
                    "sqlstate": "42501",
                    "database": "warehouse",
                    "object": HOSTILE,
                    "statement": "GRANT",
                }
            ],
            id="every key of a problem",
        ),
    ],
)
def test_result_of_a_failure(failure: Failure, key: str, expected: Any) -> None:
    assert failure.as_result()[key] == expected


CONTROLS = "\x1b[31mred\x1b]0;title\x07\u202e"
SPELLED = "⟨U+001B⟩[31mred⟨U+001B⟩]0;title⟨U+0007⟩⟨U+202E⟩"


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        pytest.param(Failure([Problem(CONTROLS)]), SPELLED, id="message"),
        pytest.param(Failure([Problem("A", by_hand(CONTROLS))]), f"A {SPELLED}", id="remedy"),
        pytest.param(
            Failure([Problem("A\nB", by_hand("C\nD"))]),
            "A⟨U+000A⟩B C\nD",
            id="a remedy may have more lines",
        ),
        pytest.param(
            Failure([Problem("A")], [CONTROLS]),
            f"A Committed before this: {SPELLED}. Run again to complete it.",
            id="what was committed",
        ),
    ],
)
def test_nothing_in_a_message_controls_the_terminal(failure: Failure, message: str) -> None:
    assert failure.as_result()["msg"] == message


def test_keys_have_the_exact_text() -> None:
    (problem,) = Failure([Problem(CONTROLS, by_hand(CONTROLS), object=CONTROLS)]).as_result()["problems"]
    assert (problem["message"], problem["remedy"], problem["object"]) == (CONTROLS, CONTROLS, CONTROLS)
