"""Sentences and numbers that all formats share."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of, server_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.text import text_lines
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import extent

from tests.support.values.findings import (
    CREATED,
    FAILED,
    PASSED,
    WARNED,
    Result,
    database,
    report,
    result,
    schema,
)


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
