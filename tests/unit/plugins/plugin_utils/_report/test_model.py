"""What a play's results add up to, and the text that tells it."""

from __future__ import annotations

from typing import Any, Mapping

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.filter.report import FilterModule
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Coverage,
    Report,
    report_of,
    server_of,
    version_text,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.text import render_text, text_lines
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import extent

from tests.support.values.findings import ATTACK, HOSTILE, OVERRIDE, Result, database, finding, result, schema

CREATED = "2026-11-23 06:40:12 UTC"
FAILED = result(
    [database("warehouse", [schema("sales"), schema(HOSTILE, visible=10)], status="failure"), database("crm", [])],
    [
        finding("limits", "information", "Never appears.", database="warehouse", schema="sales", relation="daily"),
        finding("exposed", "warning", "PUBLIC may read it.", "REVOKE;", database="warehouse", schema="public"),
        finding("missing", "failure", "No SELECT.", "GRANT a;\nGRANT b;", database="warehouse", schema=HOSTILE),
    ],
    message="1 finding fails",
)
WARNED = result([database("crm", [schema("core")])], [finding("excess", "warning", "It may write.", database="crm")])
PASSED = result([database("crm", [schema("core")])])


def report(**results: Mapping[str, Any] | None) -> Report:
    """Return the report on servers named by keywords."""
    return report_of(results, created=CREATED)


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        pytest.param(PASSED, "ok", "", id="passed"),
        pytest.param(WARNED, "warning", "", id="warning is no success"),
        pytest.param(FAILED, "failure", "1 finding fails", id="failed"),
        pytest.param(None, "failure", "The play stopped for this host before it could be verified.", id="lost"),
        pytest.param({"unreachable": True, "msg": "timed out"}, "failure", "timed out", id="unreachable"),
        pytest.param({"exception": "…"}, "failure", "The module ended without a result.", id="crashed"),
        pytest.param({}, "failure", "The module ended without a result.", id="empty"),
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
    ("coverage", "percent"),
    [
        pytest.param(Coverage(0, 0), 100, id="nothing to see"),
        pytest.param(Coverage(10, 0), 0, id="nothing seen"),
        pytest.param(Coverage(1000, 999), 99, id="never rounded up to all"),
        pytest.param(Coverage(10, 10), 100, id="all"),
    ],
)
def test_percent(coverage: Coverage, percent: int) -> None:
    assert coverage.percent == percent


@pytest.mark.parametrize(
    ("databases", "text"),
    [
        pytest.param([], "", id="no database"),
        pytest.param([database("d", [])], "1 database, no schema looked at", id="not looked at"),
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


@pytest.mark.parametrize(
    ("whole", "status", "line"),
    [
        pytest.param(report(), "unknown", "No server was verified", id="none"),
        pytest.param(report(a=PASSED), "ok", "Metamapper sees all that is listed", id="ok"),
        pytest.param(report(a=WARNED), "warning", "Metamapper sees all that is listed, with warnings", id="warning"),
        pytest.param(report(a=FAILED), "failure", "The server failed the verification", id="one failed"),
        pytest.param(report(a=FAILED, b=PASSED), "failure", "1 of 2 servers failed the verification", id="of two"),
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


def test_text_has_one_line_an_aspect_and_the_remedies_under_it() -> None:
    assert render_text(report(db=FAILED)).splitlines()[2:] == [
        "db: failure",
        "  PostgreSQL: 17.10; Seen as coming from: 10.20.0.7; TLS: TLSv1.3; pg_hba.conf proven for Metamapper: yes",
        "  2 databases, 2 schemas: 22 of 24 relations, 220 of 240 columns visible",
        "  ok           connection",
        "  failure      missing      1 finding",
        f"    - warehouse / {HOSTILE}: No SELECT.",
        "        GRANT a;",
        "        GRANT b;",
        "  ok           breaks_scan",
        "  ok           future",
        "  ok           lost",
        "  warning      exposed      1 finding",
        "    - warehouse / public: PUBLIC may read it.",
        "        REVOKE;",
        "  ok           excess",
        "  ok           limits       1 for information",
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
    [pytest.param(10, 10 * 12 + 1, id="each in full"), pytest.param(11, 11 + 2, id="a line each")],
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


def test_the_filter_tells_hosts_that_were_lost_from_those_still_to_come() -> None:
    hostvars = {"a": {"found": PASSED}, "lost": {}, "later": {}}
    lines = FilterModule().filters()["report"](
        hostvars, "lines", register="found", hosts=["a", "lost", "later"], active=["a", "later"], created=CREATED
    )
    assert [line for line in lines if line and not line.startswith(" ")] == [
        f"1 of 2 servers failed the verification ({CREATED})",
        "lost: failure",
        "a: ok",
        "still to come: later",
    ]


def test_the_filter_refuses_an_unknown_form() -> None:
    with pytest.raises(AnsibleFilterError, match='"pdf" is no form of the report; it is one of txt, lines, json, html'):
        FilterModule().filters()["report"]({}, "pdf", register="r", hosts=[], active=[], created=CREATED)
