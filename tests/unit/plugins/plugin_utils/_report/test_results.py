# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's result as values of the report."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.remedy import Remedy
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import (
    server_of,
    version_text,
)

from tests.support.values.findings import (
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

STOPPED = "the play stopped for this host before. Its own message says why."


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        pytest.param(PASSED, "ok", "", id="passed"),
        pytest.param(WARNED, "warning", "", id="warning is no success"),
        pytest.param(FAILED, "failure", "1 finding fails", id="failed"),
        pytest.param(None, "failure", f"Not verified: {STOPPED}", id="lost"),
        pytest.param({"unreachable": True, "msg": "timed out"}, "failure", "Not verified: timed out", id="unreachable"),
        pytest.param({"exception": "…"}, "failure", "Not verified: the module ended without a result.", id="crashed"),
        pytest.param({}, "failure", "Not verified: the module ended without a result.", id="empty"),
    ],
)
def test_status_of_a_server(given: Result | None, status: str, message: str) -> None:
    server = server_of("db", given)
    assert (server.status, server.message) == (status, message)


def test_a_server_that_was_not_reached_has_only_one_answer() -> None:
    server = server_of("db", None)
    assert [aspect.status for aspect in server.summary] == ["failure", *["unknown"] * 7]


def test_where_no_login_works_nothing_found_is_no_good_answer() -> None:
    refused = result([], [finding("connection", "failure", "Refused.")], message="1 finding fails")
    server = server_of("db", {**refused, "connection": {"works": False}})
    assert [aspect.status for aspect in server.summary] == ["failure", *["unknown"] * 7]


def test_findings_stand_worst_first() -> None:
    assert [each.severity for each in server_of("db", FAILED).findings] == ["failure", "warning", "information"]


def test_schemas_and_databases_stand_worst_first() -> None:
    warehouse, crm = server_of("db", FAILED).databases
    names = [(each.name, each.status) for each in warehouse.schemas]
    assert (names, crm.status) == ([(HOSTILE, "failure"), ("sales", "ok")], "ok")


def test_servers_stand_worst_first() -> None:
    names = [server.name for server in report(b=PASSED, a=PASSED, w=WARNED, f=FAILED).servers]
    assert names == ["f", "w", "a", "b"]


@pytest.mark.parametrize(
    ("part", "status"),
    [
        pytest.param(schema("s"), "ok", id="all visible"),
        pytest.param(schema("s", expected=0, visible=0), "ok", id="empty"),
        pytest.param(schema("s", visible=11), "warning", id="short, though nobody found anything"),
        pytest.param(schema("s", future=False), "warning", id="future not covered"),
        pytest.param({**schema("s"), "future_covered": None}, "ok", id="future not known"),
        pytest.param({"name": "s"}, "ok", id="nothing known"),
    ],
)
def test_status_of_a_schema(part: Result, status: str) -> None:
    (whole,) = server_of("db", result([database("d", [part])])).databases
    assert (whole.schemas[0].status, whole.status) == (status, status)


@pytest.mark.parametrize(
    ("version", "text"),
    [
        pytest.param(None, "", id="unknown"),
        pytest.param("17.10", "17.10", id="text"),
        pytest.param(170010, "17.10", id="number"),
        pytest.param(90624, "9.6.24", id="number before 10"),
        pytest.param("18", "18", id="major"),
        pytest.param("²", "²", id="a digit that is no number"),
    ],
)
def test_version_text(version: Any, text: str) -> None:
    assert version_text(version) == text


def test_a_server_that_was_lost_has_the_cause() -> None:
    server = server_of("db", None, cause={"failed": True, "msg": "Cannot grant.\nAsk."})
    assert (server.message, server.findings[0].reason) == ("Not verified: Cannot grant.\nAsk.",) * 2


def test_each_problem_of_a_lost_server_is_a_failure_with_its_remedy() -> None:
    sql = {"kind": "sql", "text": "GRANT a TO b;"}
    problems = [{"message": "No.", "remedy": sql, "database": HOSTILE}, {"message": "Nor.", "remedy": ""}]
    server = server_of("db", None, cause={"failed": True, "msg": "2 problems", "problems": problems})
    assert [(each.severity, each.reason) for each in server.findings] == [
        ("failure", "Not verified: No."),
        ("failure", "Not verified: Nor."),
    ]
    (first, second) = (each.remedy for each in server.findings)
    assert first == Remedy("sql", "GRANT a TO b;", database=HOSTILE)
    assert second == Remedy("person", "Fix what is said here, and verify again.")


def test_a_database_that_only_findings_know_is_among_the_others() -> None:
    found = finding("connection", "failure", "No CONNECT.", database=HOSTILE)
    databases = server_of("db", result([database("d", [schema("s")])], [found], message="f")).databases
    assert [(each.name, each.status, each.is_checked) for each in databases] == [
        (HOSTILE, "failure", False),
        ("d", "ok", True),
    ]


def test_an_aspect_that_this_release_does_not_know_is_kept() -> None:
    server = server_of("db", result([], [finding("beauty", "warning", "r"), finding("overlap", "warning", "r")]))
    assert [(each.name, each.counts.warnings) for each in server.summary if each.counts.warnings] == [
        ("overlap", 1),
        ("beauty", 1),
    ]
