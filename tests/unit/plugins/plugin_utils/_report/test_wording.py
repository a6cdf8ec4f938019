# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences and numbers that all formats share."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Finding, Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.remedy import Remedy
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of, server_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.text import text_lines
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import (
    absence,
    consequence,
    extent,
    remedy_label,
)

from tests.support.values.findings import (
    CREATED,
    FAILED,
    HOSTILE,
    PASSED,
    WARNED,
    Result,
    database,
    finding,
    report,
    result,
    schema,
)

SEEN = "All configured schemas are visible to Metamapper"
FAILED_BY_ONE = "Verification failed: 1 failure"


@pytest.mark.parametrize(
    ("databases", "text"),
    [
        pytest.param([], "", id="no database"),
        pytest.param([database("d", [])], "1 database, schemas not checked", id="not looked at"),
        pytest.param(
            [database("d", [schema("s", expected=0, visible=0)])],
            "1 database, 1 schema: no relations, no columns visible",
            id="empty schema",
        ),
        pytest.param(
            [database("d", [schema("s", expected=2000, visible=1999)])],
            "1 database, 1 schema: 1,999 of 2,000 relations, 19,990 of 20,000 columns visible",
            id="one missing",
        ),
    ],
)
def test_extent(databases: list[Result], text: str) -> None:
    assert extent(server_of("db", result(databases))) == text


def test_a_database_that_dropped_out_was_not_verified() -> None:
    given = result(
        [database("d", [schema("s", visible=11)])],
        [
            finding("missing", "failure", "No SELECT.", database="d", schema="s", relation="t"),
            finding("missing", "failure", "No such database.", database="closed"),
        ],
        message="failed",
    )
    whole = report_of({"a": given}, created=CREATED, dropped={"a": ["gone"]})
    assert text_lines(whole)[0] == f"Verification failed: 2 failures in 2 of 2 databases ({CREATED})"
    assert extent(whole.servers[0]).startswith("2 databases, 1 schema: ")
    assert "gone: Metamapper saw this database earlier" in "\n".join(text_lines(whole))


@pytest.mark.parametrize(
    ("whole", "status", "line"),
    [
        pytest.param(report(), "unknown", "No server was verified", id="none"),
        pytest.param(report(a=PASSED), "ok", SEEN, id="ok"),
        pytest.param(report(a=WARNED), "warning", f"{SEEN}, with 1 warning", id="warning"),
        pytest.param(report(a=FAILED), "failure", f"{FAILED_BY_ONE} in 1 of 2 databases", id="one failed"),
        pytest.param(
            report(a=FAILED, b=PASSED),
            "failure",
            f"{FAILED_BY_ONE} on 1 of 2 servers, in 1 of 3 databases",
            id="of two",
        ),
        pytest.param(
            report_of({"a": PASSED}, created=CREATED, pending=["b"]),
            "unknown",
            "1 server verified, 1 still to come",
            id="unfinished",
        ),
    ],
)
def test_verdict(whole: Report, status: str, line: str) -> None:
    assert (whole.status, text_lines(whole)[0]) == (status, f"{line} ({CREATED})")


def hidden(number: int, severity: str = "failure", name: str = "d") -> list[Result]:
    """Return findings of tables that were visible before."""
    return [finding("lost", severity, "r", database=name, schema="s", relation=f"t{each}") for each in range(number)]


@pytest.mark.parametrize(
    ("databases", "findings", "told"),
    [
        pytest.param([database("d", [schema("s")])], [], "", id="all is well"),
        pytest.param([database("d", [schema("s", visible=11)])], [], "it does not see 1 table", id="short"),
        pytest.param(
            [database("d", [schema("s", visible=9)])],
            hidden(2),
            "it hides the documentation of 2 tables and does not see 1 other table",
            id="hidden and short",
        ),
        pytest.param([], hidden(1, "warning"), "it hides the documentation of 1 table", id="dropped"),
        pytest.param(
            [database("d", [schema("s", visible=9)]), database("e", [schema("s", visible=11)])],
            [*hidden(2), finding("breaks_scan", "failure", "r", database="d")],
            "it fails in 1 database and does not see 1 table",
            id="a scan that fails hides nothing",
        ),
    ],
)
def test_consequence(databases: list[Result], findings: list[Result], told: str) -> None:
    sentence = f"If Metamapper scans now, {told}." if told else ""
    assert consequence(report(db=result(databases, findings))) == sentence


def test_consequence_of_a_refused_login() -> None:
    refused = {**result([], [finding("connection", "failure", "r")], message="f"), "connection": {"works": False}}
    assert consequence(report(a=refused, b=PASSED)) == "If Metamapper scans now, it cannot log in to 1 server."


def test_absence() -> None:
    whole = report_of({"a": PASSED}, created=CREATED, pending=["b"], absent=[HOSTILE, "c"])
    assert absence(whole) == f"Still to come: b. Not in this run: {HOSTILE}, c."


@pytest.mark.parametrize(
    ("remedy", "databases", "label"),
    [
        pytest.param(Remedy("sql", "x"), [""], "SQL", id="server"),
        pytest.param(Remedy("sql", "x"), ["d"], "SQL in database d", id="database"),
        pytest.param(Remedy("sql", "x", "r", "e"), ["d"], "SQL in database e, as role r", id="role"),
        pytest.param(Remedy("sql", "x"), ["d", "e"], "SQL in each of these databases", id="databases"),
        pytest.param(Remedy("line", "x", file="pg_hba.conf"), [""], "Line of pg_hba.conf", id="line"),
        pytest.param(Remedy("variable", "x"), [""], "Variable", id="variable"),
        pytest.param(Remedy("person", "x"), [""], "To do", id="person"),
    ],
)
def test_remedy_label(remedy: Remedy, databases: list[str], label: str) -> None:
    assert remedy_label(remedy, [Finding("missing", "failure", database=name) for name in databases]) == label
