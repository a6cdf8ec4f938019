# SPDX-License-Identifier: GPL-3.0-or-later
"""The report on the hosts of a play, from their registered results."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.baseline import Baseline
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.run import Run
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.text import text_lines

from tests.support.values.findings import CREATED, PASSED, database, scope


def lines_of(hostvars: dict[str, Any], baselines: dict[str, Baseline | None] | None = None, **others: Any) -> list[str]:
    """Return the lines of the report on hosts, which are all active unless ``active`` names some."""
    run = Run("found", **{"hosts": list(hostvars), "active": list(hostvars), **others})
    return text_lines(run.report(hostvars, CREATED, baselines or {}))


def test_hosts_that_were_lost_are_told_from_those_still_to_come() -> None:
    lines = lines_of({"a": {"found": PASSED}, "lost": {}, "later": {}}, active=["a", "later"])
    assert [line for line in lines if line and not line.startswith(" ")] == [
        f"Verification failed: 1 failure on 1 of 2 servers ({CREATED})",
        "Still to come: later.",
        "1 failure needs a decision.",
        "lost: failure",
        "a: ok",
    ]


def test_each_host_is_read_once_and_only_for_what_was_registered() -> None:
    read: list[str] = []
    known: dict[str, dict[str, Any]] = {
        "a": {"found": PASSED, "other": 1},
        "b": {"checked": {"failed": True}},
        "not in the play": {},
    }

    def variables_of(host: str) -> dict[str, Any]:
        read.append(host)
        return known[host]

    run = Run("found", hosts=["a", "b"], active=["a"], causes=["checked"], scopes=["granted"])
    assert run.registered(variables_of) == {"a": {"found": PASSED}, "b": {"checked": {"failed": True}}}
    assert read == ["a", "b"]


@pytest.mark.parametrize(
    ("hostvars", "is_refused"),
    [
        pytest.param({"a": {"checked": {"failed": True}}}, True, id="the only one"),
        pytest.param({"a": {"checked": {"failed": True}}, "b": {"checked": {"failed": False}}}, False, id="one of two"),
        pytest.param({"a": {"checked": {"failed": True}}, "b": {}}, False, id="one has not been checked"),
        pytest.param({"a": {"granted": {"failed": True}}}, False, id="failed later"),
    ],
)
def test_whether_all_hosts_were_refused(hostvars: dict[str, Any], is_refused: bool) -> None:
    run = Run("found", hosts=list(hostvars), active=[], causes=["checked", "granted"])
    assert run.is_refused(hostvars) == is_refused


def test_why_a_host_was_lost_and_who_was_left_out() -> None:
    found = {"checked": {"failed": False, "msg": "fine"}, "granted": {"failed": True, "msg": "Cannot grant."}}
    text = "\n".join(
        lines_of({"lost": found}, active=[], inventory=["lost", "other"], causes=["checked", "granted", "never"])
    )
    assert "Not in this run: other." in text
    assert "Not verified: Cannot grant." in text


def test_a_host_that_has_failed_in_this_batch_is_not_still_to_come() -> None:
    lines = lines_of(
        {"refused": {"granted": {"failed": True, "msg": "No."}}, "b": {}}, batch=["refused"], causes=["granted"]
    )
    assert lines[1] == "Still to come: b."
    assert any("Not verified: No." in line for line in lines)


def test_a_database_that_dropped_out_is_a_warning() -> None:
    text = "\n".join(lines_of({"a": {"found": PASSED}}, {"a": Baseline(CREATED, {"gone": {}})}))
    assert "gone: Metamapper saw this database earlier, and it is no longer in scope" in text
    assert "metamapper_accept_lost: true" in text


@pytest.mark.parametrize(
    ("scopes", "is_granted", "expected"),
    [
        pytest.param([], True, "Left out by a pattern: schema d / own", id="verified alone"),
        pytest.param(["granted"], True, "Left out by a pattern: schema d / given", id="after grant"),
        pytest.param(["granted"], False, "Left out by a pattern: schema d / own", id="grant has no result"),
    ],
)
def test_what_grant_resolved_is_what_is_told(scopes: list[str], is_granted: bool, expected: str) -> None:
    result = {**PASSED, "databases": [database("d", [])], "scope": scope([("d", "own", "")])}
    granted = {"granted": {"scope": scope([("d", "given", "")])}} if is_granted else {}
    lines = lines_of({"a": {"found": result, **granted}}, scopes=scopes)
    assert [line.strip() for line in lines if "Left out" in line] == [expected]
