"""A JSON report is the baseline of a later run."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.filter.baseline import FilterModule
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import render_json
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of

from tests.support.values.findings import (
    CREATED,
    HOSTILE,
    database,
    finding,
    result,
    schema,
)


def one(name: str) -> Report:
    """Return a report in which everything has a name."""
    found = finding("missing", "failure", name, name, database=name, schema=name, relation=name)
    given = result([database(name, [schema(name, visible=1)])], [found], message=name)
    return report_of({name: given, "lost": None}, created=CREATED, pending=["later"])


@pytest.mark.parametrize(
    ("server", "seen"),
    [
        pytest.param(HOSTILE, {HOSTILE: {HOSTILE: {"orders": 10}}}, id="known"),
        pytest.param("lost", {}, id="not verified then"),
        pytest.param("new", {}, id="not known then"),
    ],
)
def test_a_report_is_the_baseline_of_a_later_run(server: str, seen: dict[str, Any]) -> None:
    assert FilterModule().filters()["baseline"](render_json(one(HOSTILE)), server) == seen


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "Expecting value", id="empty"),
        pytest.param("[]", 'its "format" is not', id="a list"),
        pytest.param('{"format": "other"}', 'its "format" is not', id="another format"),
        pytest.param(
            '{"format": "metamapper.postgresql/report", "version": 1}', 'its "version" is 1', id="another version"
        ),
    ],
)
def test_what_is_no_report_is_refused(text: str, reason: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"Cannot use metamapper_baseline: .*{reason}.*Name a report.json"):
        FilterModule().filters()["baseline"](text, "db")
