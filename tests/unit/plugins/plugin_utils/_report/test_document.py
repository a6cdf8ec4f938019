# SPDX-License-Identifier: GPL-3.0-or-later
"""A JSON report that is read back is equal to the one that was written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.document import parse_report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.formats import FORMATS
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import render_json
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of

from tests.support.values.findings import ATTACK, CREATED, FAILED, OVERRIDE, PASSED, WARNED, scope

UNCHECKED = {**PASSED, "not_checked": [{"database": "", "aspects": ["lost"], "reason": "No baseline."}]}
REPORTS = {
    "empty": report_of({}, created=CREATED),
    "all kinds": report_of(
        {ATTACK: FAILED, OVERRIDE: WARNED, "lost": None, "crashed": {"msg": "No."}, "first": UNCHECKED},
        created=CREATED,
        pending=["later"],
        absent=["other"],
        dropped={"first": ["gone"]},
    ),
    "left out": report_of(
        {"a": {**PASSED, "scope": scope([("crm", "Odd", "why")], [("crm", "core")])}}, created=CREATED
    ),
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_every_format_is_the_same_after_a_round_trip(report: Report) -> None:
    again = parse_report(render_json(report))
    assert [form.render(again) for form in FORMATS.values()] == [form.render(report) for form in FORMATS.values()]


def without(key: str) -> dict[str, Any]:
    """Return a document that lacks a key."""
    return {name: value for name, value in json.loads(render_json(REPORTS["empty"])).items() if name != key}


REFUSED = {
    "no JSON": ("{", "Expecting"),
    "a list": ("[]", 'its "format" is not'),
    "another version": ('{"format": "metamapper.postgresql/report", "version": 1}', 'its "version" is 1'),
    "a key is missing": (json.dumps(without("removed")), "not what its schema says"),
    "a server that is none": (json.dumps({**without(""), "servers": [1]}), "not what its schema says"),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_report_of_this_version_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_report(text)
