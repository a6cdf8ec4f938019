# SPDX-License-Identifier: GPL-3.0-or-later
"""Console output: each problem with its remedy, and statements unchanged on lines of their own."""

from __future__ import annotations

from typing import Any

import pytest
from ansible import constants
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._console import (
    is_for_people,
    problem_lines,
    short_message,
)

from tests.support.values.names import HOSTILE

QUOTED = '"we""ird.näme\\\'; --"'
GRANT = f"GRANT SELECT ON TABLE {QUOTED} TO readers;"


def problem(message: str, *remedies: dict[str, Any], database: str = "") -> dict[str, Any]:
    """Return a problem as a module returns it."""
    return {"message": message, "remedies": remedies, "database": database}


def sql(text: str, **more: Any) -> dict[str, Any]:
    """Return a remedy that is SQL."""
    return {"kind": "sql", "text": text, **more}


ASK = {"kind": "person", "text": "Ask."}
OR_LEAVE_OUT = {"kind": "variable", "text": "schemas: [hr]", "is_alternative": True}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(problem("No."), [], id="no remedy"),
        pytest.param(problem(HOSTILE, ASK), [], id="sentence"),
        pytest.param(
            problem(HOSTILE, sql(GRANT), database="d"),
            ["db: 1 problem", f"  1. {HOSTILE}", "     SQL in database d:", f"       {GRANT}"],
            id="a statement",
        ),
        pytest.param(
            problem("No.", sql(f"{GRANT}\n{GRANT}", by="a superuser"), ASK, OR_LEAVE_OUT),
            [
                "db: 1 problem",
                "  1. No.",
                "     SQL, as a superuser:",
                f"       {GRANT}",
                f"       {GRANT}",
                "     Ask.",
                "     Or variable:",
                "       schemas: [hr]",
            ],
            id="several",
        ),
    ],
)
def test_a_problem(given: dict[str, Any], expected: list[str]) -> None:
    assert problem_lines("db", [given]) == expected


def test_nothing_controls_the_terminal() -> None:
    given = problem("a\x1b[31mb", {"kind": "person", "text": "c\u202ed"})
    assert problem_lines("db", [given, given])[1:3] == ["  1. a⟨U+001B⟩[31mb", "     c⟨U+202E⟩d"]


def test_problems_are_numbered() -> None:
    lines = problem_lines("db\x1b", [problem(f"No {number}.") for number in range(1, 11)])
    assert [lines[0], lines[1], lines[10]] == ["db⟨U+001B⟩: 10 problems", "  1. No 1.", " 10. No 10."]


@pytest.mark.parametrize(
    ("problems", "committed", "expected"),
    [
        pytest.param([problem("No.", ASK)], [], "as it was", id="one"),
        pytest.param([problem("No."), problem("Nor.")], [], "No. And 1 more problem, in the key problems.", id="two"),
        pytest.param(
            [problem("No.")] * 3,
            ["roles"],
            "No. And 2 more problems, in the key problems. Committed before this: roles. Run again to complete it.",
            id="after commits",
        ),
    ],
)
def test_a_short_message(problems: list[dict[str, Any]], committed: list[str], expected: str) -> None:
    assert short_message({"msg": "as it was", "problems": problems, "committed": committed}) == expected


@pytest.mark.parametrize(
    ("callback", "expected"),
    [("default", True), ("ansible.builtin.default", True), ("ansible.posix.json", False), ("awx_display", False)],
)
def test_only_the_default_callback_gets_lines(monkeypatch: pytest.MonkeyPatch, callback: str, expected: bool) -> None:
    monkeypatch.setattr(constants, "DEFAULT_STDOUT_CALLBACK", callback)
    assert is_for_people() is expected
