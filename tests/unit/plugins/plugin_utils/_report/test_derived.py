# SPDX-License-Identifier: GPL-3.0-or-later
"""The status that a schema, a database and a server get from their findings."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.derived import with_aspect, with_findings
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Coverage,
    Database,
    Finding,
    Schema,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import server_of

from tests.support.values.findings import CREATED, FAILED, HOSTILE, PASSED, WARNED

FINDING = Finding("overlap", "warning", "a", "crm", HOSTILE, reason="why")
FULL, SHORT = Coverage(2, 2), Coverage(2, 1)


@pytest.mark.parametrize(
    ("schema", "findings", "expected"),
    [
        pytest.param(Schema(HOSTILE, relations=FULL), [], "ok", id="all visible"),
        pytest.param(Schema(HOSTILE, relations=SHORT), [], "warning", id="relations are missing"),
        pytest.param(Schema(HOSTILE, columns=SHORT), [], "warning", id="columns are missing"),
        pytest.param(Schema(HOSTILE, is_future_covered=False), [], "warning", id="new tables are not covered"),
        pytest.param(Schema(HOSTILE, relations=FULL), [FINDING], "warning", id="a finding"),
        pytest.param(Schema("other", relations=FULL), [FINDING], "ok", id="a finding about another schema"),
    ],
)
def test_the_status_of_a_schema(schema: Schema, findings: list[Finding], expected: str) -> None:
    database = with_findings(Database("crm", schemas=(schema,)), findings)
    assert database.schemas[0].status == expected
    assert database.status == ("warning" if findings else expected)


@pytest.mark.parametrize("result", [PASSED, WARNED, FAILED, None], ids=["passed", "warned", "failed", "lost"])
def test_findings_of_an_aspect_that_come_and_go_leave_a_server_as_it_was(result: dict[str, object] | None) -> None:
    server = server_of("a", result, created=CREATED)
    more = with_aspect(server, "overlap", [FINDING])
    assert more.of_aspect("overlap") == [FINDING]
    assert more.status == ("failure" if server.status == "failure" else "warning")
    assert [each.status for each in more.summary if each.name == "overlap"] == ["warning"]
    assert with_aspect(more, "overlap", None) == server
