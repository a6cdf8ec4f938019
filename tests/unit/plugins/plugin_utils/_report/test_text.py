# SPDX-License-Identifier: GPL-3.0-or-later
"""The text report, for the log of a pipeline."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.merge import merged
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.text import render_text, text_lines

from tests.support.values.findings import (
    ATTACK,
    CREATED,
    FAILED,
    HOSTILE,
    OVERRIDE,
    PASSED,
    database,
    finding,
    report,
    result,
)


def test_text_has_one_line_an_aspect_and_the_remedies_under_it() -> None:
    assert render_text(report(db=FAILED)).splitlines() == [
        f"Verification failed: 1 failure in 1 of 2 databases ({CREATED})",
        "If Metamapper scans now, it does not see 2 tables.",
        "Run grant_metamapper: it fixes the failure (ansible-playbook metamapper.postgresql.grant_metamapper).",
        "",
        "db: failure",
        "  PostgreSQL: 17.10; Client address: 10.20.0.7; TLS: TLSv1.3; pg_hba.conf rule for Metamapper: verified",
        "  2 databases, 2 schemas: 22 of 24 relations, 220 of 240 columns visible",
        "  ok           Connection",
        "  failure      Missing            1 failure",
        f"    - warehouse / {HOSTILE}: No SELECT.",
        "        GRANT a;",
        "        GRANT b;",
        "  ok           Breaks scan",
        "  ok           New tables",
        "  ok           Regressions",
        "  warning      Out of scope       1 warning",
        "    - warehouse / public: PUBLIC may read it.",
        "        REVOKE;",
        "  ok           Excess privileges",
        "  ok           Known limits       1 note",
    ]


def test_text_tells_one_reason_and_remedy_once() -> None:
    findings = [finding("missing", "failure", "No USAGE.", "GRANT;", schema="hr", relation=name) for name in "abc"]
    lines = text_lines(report(db=result([], findings, message="failed")))
    assert [line for line in lines if line.startswith("    ")] == ["    - hr.a and 2 more: No USAGE.", "        GRANT;"]


def test_text_shows_five_findings_an_aspect() -> None:
    findings = [finding("missing", "failure", f"reason {number}") for number in range(9)]
    lines = text_lines(report(db=result([], findings, message="failed")))
    told = [line for line in lines if line.startswith("    - ")]
    assert told[4:] == ["    - reason 4", "    - and 4 more: see the HTML or the JSON report"]


@pytest.mark.parametrize(
    ("servers", "lines"),
    [pytest.param(10, 10 * 12 + 2, id="each in full"), pytest.param(11, 11 + 3, id="a line each")],
)
def test_text_of_many_servers_that_are_ok(servers: int, lines: int) -> None:
    whole = report(**{f"db{number}": PASSED for number in range(servers)})
    assert len(text_lines(whole)) == lines


@pytest.mark.parametrize("name", [HOSTILE, ATTACK, OVERRIDE])
def test_no_name_forges_a_line_of_the_text(name: str) -> None:
    def lines(text: str) -> int:
        found = finding("missing", "failure", "reason", "remedy", database=text, schema=text, relation=text)
        return len(render_text(report(**{text: result([], [found], message="failed")})).splitlines())

    assert lines(name) == lines("plain")


def test_what_needs_a_decision_is_listed_in_front() -> None:
    many = [finding("missing", "failure", f"Reason {number}.\nMore.", "Ask.", database="d") for number in range(12)]
    lines = text_lines(report(a=result([database("d", [])], many, message="No."), lost=None))
    start = lines.index("13 failures need a decision.") + 1
    assert lines[start] == "  - Missing a / d: Reason 0."
    assert lines[start + 10] == "  - and 3 more: see the HTML or the JSON report"


def test_that_there_is_no_baseline_is_one_line() -> None:
    reason = "There is no baseline."
    unchecked = [{"database": "", "aspects": ["lost"], "reason": reason}]
    summary = {**PASSED["summary"], "lost": {"status": "unknown", "count": 0}}
    lines = text_lines(report(a={**PASSED, "summary": summary, "not_checked": unchecked}))
    assert [line for line in lines if reason in line] == [f"  not checked  Regressions        {reason}"]
    assert lines[1] == "No action required."


def test_what_was_not_checked_in_some_databases_stands_under_the_answer() -> None:
    unchecked = [{"database": name, "aspects": ["lost"], "reason": "Not known then."} for name in ("erp", "crm")]
    lines = text_lines(report(a={**PASSED, "not_checked": unchecked}))
    assert "    - Not checked: In erp, crm: Not known then." in lines


def test_a_part_of_an_earlier_run_has_its_time() -> None:
    later = report_of({"b": PASSED}, created="2026-11-24 06:40:12 UTC")
    lines = text_lines(merged([report(a=FAILED, c=PASSED), later], inventory=["a", "b"]))
    assert f"From earlier runs: a ({CREATED}, failure), c ({CREATED})." in lines
    assert sum(f"Verified: {CREATED}" in line for line in lines) == 2
    quiet = {f"s{number:02}": PASSED for number in range(12)}
    lines = text_lines(merged([report(**quiet), later], inventory=[]))
    assert sum(line.endswith(f"; verified {CREATED}") for line in lines) == 12
