# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the overview."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.overview import rows_of

from tests.support.values.findings import FAILED, HOSTILE, PASSED, Result, database, finding, report, result, schema


@pytest.mark.parametrize(
    ("servers", "rows"),
    [
        pytest.param({}, [], id="none"),
        pytest.param({"b": PASSED, "a": FAILED}, [("a", (1,)), ("b", (2,))], id="servers"),
        pytest.param({"a": FAILED}, [("a", (1,)), ("warehouse", (1, 1)), ("crm", (1, 2))], id="databases"),
        pytest.param({"a": None}, [("a", (1,))], id="a server that was not reached"),
    ],
)
def test_rows(servers: dict[str, Result | None], rows: list[tuple[str, tuple[int, ...]]]) -> None:
    assert [(row.name, row.place) for row in rows_of(report(**servers))] == rows


def test_a_database_has_the_answers_of_its_own_findings() -> None:
    found = [finding("missing", "failure", "r", database=HOSTILE), finding("excess", "warning", "r")]
    given = result([database(HOSTILE, [schema("s")]), database("ok", [])], found, message="f")
    whole, one, other = rows_of(report(a=given))
    statuses = {row.name: {each.name: each.status for each in row.aspects} for row in (whole, one, other)}
    assert (statuses["a"]["missing"], statuses["a"]["excess"]) == ("ok", "warning")
    assert (statuses[HOSTILE]["missing"], statuses[HOSTILE]["excess"]) == ("failure", "ok")
    assert set(statuses["ok"].values()) == {"ok"}
    assert (whole.counts.warnings, one.counts.failures, other.counts.failures) == (1, 1, 0)


def test_a_database_that_refused_the_login_has_no_other_answer() -> None:
    refused = finding("connection", "failure", "No CONNECT.", database="dropped out")
    whole = report(a=result([database("ok", [schema("s")])], [refused], message="failed"))
    (row,) = (row for row in rows_of(whole) if row.name == "dropped out")
    assert [each.status for each in row.aspects] == ["failure", *["unknown"] * 7]
    assert row.size == "not checked"


def test_what_was_not_compared_is_not_checked_in_any_row() -> None:
    given = result([database("d", [schema("s")])])
    given["summary"]["lost"] = {"status": "unknown"}
    answers = {each.status for row in rows_of(report(a=given)) for each in row.aspects if each.name == "lost"}
    assert answers == {"unknown"}
