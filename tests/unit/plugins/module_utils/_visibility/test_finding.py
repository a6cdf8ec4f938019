# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: their location and severity, and the status, summary and message that follow from them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.remedy import by_hand
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import quoted
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.finding import (
    ASPECTS,
    Aspect,
    Finding,
    Severity,
    Status,
    failure_message,
    qualified,
    status,
    summary,
    weighed,
)

HOSTILE = "we\"ird.näme'; --"
MISSING = Finding("missing", "failure", "It is not there.", by_hand("GRANT it;"), "wh", "sales", "orders")


@pytest.mark.parametrize(
    ("name", "text"),
    [("sales", '"sales"'), (HOSTILE, '"we""ird.näme\'; --"'), ('"', '""""'), ("", '""')],
)
def test_a_name_is_quoted(name: str, text: str) -> None:
    assert quoted(name) == text
    assert qualified(name, name) == f"{text}.{text}"


@pytest.mark.parametrize(
    ("found", "place"),
    [
        pytest.param(MISSING, 'database "wh" "sales"."orders"', id="relation"),
        pytest.param(replace(MISSING, relation=""), 'database "wh" "sales"', id="schema"),
        pytest.param(replace(MISSING, relation="", schema=""), 'database "wh"', id="database"),
        pytest.param(replace(MISSING, relation="", schema="", database=""), "", id="server"),
    ],
)
def test_the_place_of_a_finding(found: Finding, place: str) -> None:
    assert found.place == place


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ([], "ok"),
        (["information"], "ok"),
        (["information", "warning"], "warning"),
        (["warning", "failure", "information"], "failure"),
    ],
)
def test_the_worst_severity_is_the_status(severities: list[Severity], expected: Status) -> None:
    assert status([replace(MISSING, severity=severity) for severity in severities]) == expected


@pytest.mark.parametrize(
    ("aspect", "severity", "fail_on", "expected"),
    [
        pytest.param("missing", "failure", {"missing"}, "failure", id="asked for"),
        pytest.param("missing", "failure", set(), "warning", id="not asked for"),
        pytest.param("missing", "warning", {"missing"}, "warning", id="a warning stays one"),
        pytest.param("missing", "information", {"missing"}, "information", id="information stays so"),
        pytest.param("connection", "failure", set(), "failure", id="a failed connection always fails"),
    ],
)
def test_what_fails(aspect: Aspect, severity: Severity, fail_on: set[str], expected: Severity) -> None:
    (one,) = weighed([replace(MISSING, aspect=aspect, severity=severity)], fail_on)
    assert one.severity == expected


def test_findings_come_in_the_order_of_the_aspects() -> None:
    findings = [replace(MISSING, aspect=aspect) for aspect in reversed(ASPECTS)]
    assert tuple(one.aspect for one in weighed(findings, set())) == ASPECTS


def test_the_summary_names_every_aspect() -> None:
    result = summary([MISSING, replace(MISSING, severity="warning", aspect="future")], {"lost", "missing"})
    assert list(result) == list(ASPECTS)
    assert result["missing"] == {"status": "failure", "count": 1}
    assert result["future"] == {"status": "warning", "count": 1}
    assert result["lost"] == {"status": "unknown", "count": 0}
    assert result["exposed"] == {"status": "ok", "count": 0}


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, ""),
        (1, 'Verification failed for user "mm": 1 failure:\n1. '),
        (3, 'Verification failed for user "mm": 3 failures:\n1. '),
        (5, "\n... and 2 more, all in the key findings."),
    ],
)
def test_the_message_names_the_first_failures(count: int, expected: str) -> None:
    message = failure_message([replace(MISSING, severity="warning"), *[MISSING] * count], "mm")
    assert expected in message
    assert message.count("GRANT it;") == min(count, 3)


def test_nothing_in_a_finding_controls_the_terminal() -> None:
    assert (
        str(Finding("missing", "failure", "\x1b[31m", by_hand("GRANT\u202e;")))
        == "missing: ⟨U+001B⟩[31m GRANT⟨U+202E⟩;"
    )
