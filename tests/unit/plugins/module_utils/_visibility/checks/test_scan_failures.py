# SPDX-License-Identifier: GPL-3.0-or-later
"""Which failures of a scan are predicted from the catalog, and the finding for one that is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.unquoted_names import UnquotedNameParser
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import (
    DatabaseFacts,
    QueryFailure,
    ScanResult,
    TimeLimit,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.scan_failures import (
    confirmed,
    scan_failures,
)

from tests.support.values.database_facts import DENIED, FACTS, SESSION, detail


def severities(facts: DatabaseFacts) -> list[tuple[str, str]]:
    return [(one.severity, one.schema) for one in scan_failures(facts)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"scan": ScanResult(None, DENIED)}, False, id="a failure that nothing predicted"),
        pytest.param({"details": (detail("no_usage", schema="nous"),)}, False, id="a failure that did not come"),
        pytest.param(
            {"details": (detail("no_usage", schema="nous"),), "scan": ScanResult(None, DENIED)},
            True,
            id="as predicted",
        ),
        pytest.param({"scan": ScanResult({}, misread=(("sales", "t"),))}, False, id="misread without a reason"),
        pytest.param({"details": (detail("needs_quotes", relation="T"),)}, False, id="an odd name that was read well"),
        pytest.param(
            {"details": (detail("needs_quotes", relation="T"),), "scan": ScanResult({}, misread=(("sales", "T"),))},
            True,
            id="an odd name that was misread",
        ),
    ],
)
def test_whether_the_queries_did_what_was_foretold(changes: dict[str, Any], expected: bool) -> None:
    assert confirmed(replace(FACTS, **changes)) is expected


def test_what_nothing_foretold_is_a_finding() -> None:
    answer = ScanResult(None, DENIED, QueryFailure("XX000", "cache lookup failed"))
    assert [(one.severity, one.schema) for one in scan_failures(replace(FACTS, scan=answer))] == [
        ("failure", ""),
        ("warning", ""),
    ]
    misread = ScanResult({}, misread=(("sales", "t"),), misread_schemas=("sales",))
    assert [(one.severity, one.relation) for one in scan_failures(replace(FACTS, scan=misread))] == [
        ("failure", "t"),
        ("warning", ""),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, ["hide the relation", "rename"], id="through the group"),
        pytest.param({"through": (FACTS.group, FACTS.user)}, ["hide the relation", "rename"], id="group and user"),
        pytest.param({"through": (FACTS.group, "")}, ["rename"], id="through PUBLIC, which others need"),
        pytest.param({"through": ("auditors",)}, ["rename"], id="through another role"),
        pytest.param({"owner": "etl"}, ["rename"], id="through its owner"),
    ],
)
def test_a_relation_that_breaks_the_scan_is_hidden_before_it_is_renamed(
    changes: dict[str, Any], expected: list[str]
) -> None:
    twin = detail("needs_quotes", relation="T", **{"through": (FACTS.group,), **changes})
    (finding,) = scan_failures(replace(FACTS, details=(twin,), namesakes=frozenset({("sales", "t")})))
    assert [one.situation for one in finding.remedies] == expected
    assert [one.is_alternative for one in finding.remedies] == [False, True][: len(expected)]


@pytest.mark.parametrize(("version", "severity"), [(150010, "failure"), (160004, "warning"), (180000, "warning")])
def test_a_relation_without_an_id_is_a_warning_from_16_on(version: int, severity: str) -> None:
    session = replace(SESSION, version=version)
    facts = replace(
        FACTS,
        session=session,
        reader=UnquotedNameParser(version, "wh"),
        details=(detail("needs_quotes", relation="T"),),
    )
    assert severities(facts) == [(severity, "sales")]
    twin = replace(facts, namesakes=frozenset({("sales", "t")}))
    assert severities(twin) == [("failure", "sales")]


@pytest.mark.parametrize(
    ("limit", "milliseconds", "expected"),
    [
        pytest.param(None, 10_000.0, [], id="none"),
        pytest.param(TimeLimit("statement_timeout", 0), 5.0, ["failure"], id="ends everything"),
        pytest.param(TimeLimit("statement_timeout", 100), 100.0, ["failure"], id="reached"),
        pytest.param(TimeLimit("transaction_timeout", 100), 50.0, ["warning"], id="near"),
        pytest.param(TimeLimit("statement_timeout", 1000), 50.0, [], id="far"),
    ],
)
def test_a_time_limit_of_the_login(limit: TimeLimit | None, milliseconds: float, expected: list[str]) -> None:
    scan = replace(FACTS.scan, time_limit=limit, milliseconds=milliseconds)
    findings = scan_failures(replace(FACTS, scan=scan))
    assert [one.severity for one in findings] == expected
    for one in findings:
        assert all("IN DATABASE" in statement for remedy in one.remedies for statement in remedy.statements)
