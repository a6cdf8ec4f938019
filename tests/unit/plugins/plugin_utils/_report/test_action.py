# SPDX-License-Identifier: GPL-3.0-or-later
"""The recommended action, and the findings that need a person's decision."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.action import COMMAND, action_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of

from tests.support.values.findings import CREATED, HOSTILE, PASSED, Result, database, finding, report, result, schema

FIXED = finding("missing", "failure", "No SELECT.", 'GRANT SELECT ON "s"."t" TO g;', database="d")
DECIDED = finding("breaks_scan", "failure", "Odd name.", 'ALTER SCHEMA "S2" RENAME TO s2;', database="d")
WARNING = finding("future", "warning", "w", database="d")
NOTE = finding("limits", "information", "n", database="d")


def failed(*findings: Result) -> Result:
    """Return a failed result with these findings."""
    return result([database("d", [schema("s")])], findings, message="failed")


@pytest.mark.parametrize(
    ("given", "sentence", "decisions"),
    [
        pytest.param(PASSED, "No action required.", 0, id="ok"),
        pytest.param(result([], [WARNING, NOTE]), "No action required. 1 warning to review.", 0, id="warning"),
        pytest.param(failed(FIXED), "Run grant_metamapper: it fixes the failure.", 0, id="fixed"),
        pytest.param(failed(FIXED, FIXED), "Run grant_metamapper: it fixes all 2 failures.", 0, id="all fixed"),
        pytest.param(
            failed(FIXED, FIXED, DECIDED),
            "Run grant_metamapper: it fixes 2 of 3 failures. 1 needs a decision",
            1,
            id="one decision",
        ),
        pytest.param(
            failed(FIXED, DECIDED, DECIDED, finding("connection", "failure", "c", "Ask.")),
            "Run grant_metamapper: it fixes 1 of 4 failures. 3 need a decision",
            2,
            id="decisions, equal ones once",
        ),
        pytest.param(failed(DECIDED), "1 failure needs a decision", 1, id="only a decision"),
        pytest.param(None, "1 failure needs a decision", 1, id="server not reached"),
    ],
)
def test_action(given: Result | None, sentence: str, decisions: int) -> None:
    action = action_of(report(db=given))
    assert (action.sentence, len(action.decisions)) == (sentence, decisions)
    assert bool(action.command) == sentence.startswith("Run")


@pytest.mark.parametrize("aspect", ["exposed", "excess", "connection", "limits"])
def test_a_grant_that_is_not_on_what_is_configured_is_a_decision(aspect: str) -> None:
    found = finding(aspect, "failure", "r", "GRANT a TO b;", database="d")
    assert action_of(report(db=failed(found))).sentence == "1 failure needs a decision"


def test_where_servers_are_still_to_come_nothing_is_said_to_be_done() -> None:
    assert action_of(report_of({"a": PASSED}, created=CREATED, pending=["b"])).sentence == ""


@pytest.mark.parametrize(
    ("names", "absent", "command"),
    [
        pytest.param(["a"], [], COMMAND, id="all"),
        pytest.param(["a.example.org", "b"], ["c"], f"{COMMAND} --limit a.example.org,b", id="not all in the run"),
        pytest.param(["a; rm -rf /"], ["c"], COMMAND, id="no name for a shell"),
        pytest.param([HOSTILE], ["c"], COMMAND, id="hostile"),
        pytest.param([f"db{number}" for number in range(21)], ["c"], COMMAND, id="too many to name"),
    ],
)
def test_command(names: list[str], absent: list[str], command: str) -> None:
    results: dict[str, Any] = {name: failed(FIXED) for name in names}
    assert action_of(report_of(results, created=CREATED, absent=absent)).command == command


def test_the_command_leaves_out_servers_that_need_nothing() -> None:
    assert action_of(report(a=failed(FIXED), b=PASSED, c=failed(DECIDED))).command == f"{COMMAND} --limit a"
