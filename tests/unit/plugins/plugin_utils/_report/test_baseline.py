# SPDX-License-Identifier: GPL-3.0-or-later
"""Baselines: to which server a file belongs, with which baseline a run is compared, and when it is renewed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.baseline import (
    FOLDER,
    Baseline,
    baseline_of,
    baseline_problem,
    dropped_out,
    kept_baseline,
    named_baseline,
    render_baseline,
    renewed,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import render_json
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.observation import observed
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.oids import FOLDER as OIDS
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.oids import keep_oids
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.server_file import file_name

from tests.support.values.findings import CREATED, HOSTILE, PASSED, Result, database, finding, report, result, schema

SEEN = {"crm": {"core": {"orders": 10}}}
LATER = "2026-11-23 07:40:12 UTC"


def keep(directory: Path, server: str, text: str) -> Path:
    """Write a server's file, and return its path."""
    (directory / FOLDER).mkdir(exist_ok=True)
    path = directory / FOLDER / file_name(server)
    path.write_text(text)
    return path


@pytest.mark.parametrize("server", ["db", HOSTILE, "../x", "x" * 300])
def test_what_is_kept_is_read_back(server: str, tmp_path: Path) -> None:
    assert kept_baseline(tmp_path, server) is None
    keep(tmp_path, server, render_baseline(server, Baseline(CREATED, SEEN)))
    assert kept_baseline(tmp_path, server) == Baseline(CREATED, SEEN)
    assert baseline_of({"baseline": "", "report_directory": str(tmp_path)}, server) == Baseline(CREATED, SEEN)


BROKEN = {
    "cut off": ("{", "is no JSON"),
    "a list": ("[]", "neither a baseline nor a JSON report"),
    "something else": ("{}", 'its "format" is neither'),
    "another version": ('{"format": "metamapper.postgresql/baseline", "version": 9}', 'its "version" is 9'),
    "another server": (render_baseline("other", Baseline(CREATED, SEEN)), 'of another server, "other"'),
    "nothing seen": (render_baseline("db", Baseline(CREATED, None)), 'has no "seen"'),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("text", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_baseline_of_the_server_is_refused_with_a_remedy(
    text: str, reason: str, tmp_path: Path
) -> None:
    keep(tmp_path, "db", text)
    problem = baseline_problem({"baseline": "", "report_directory": str(tmp_path)}, "db")
    assert problem.startswith("Cannot use the baseline: ")
    assert reason in problem
    assert "Restore the file, or remove it" in problem


def test_a_report_or_a_baseline_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "any.json"
    path.write_text(render_json(report(db=PASSED, lost=None)))
    keep_oids(tmp_path, observed({"db": {**PASSED, "oids": {"crm": {"core": [1]}}}}, CREATED))
    assert named_baseline(path, "db") == Baseline(CREATED, SEEN)
    assert (named_baseline(path, "lost"), named_baseline(path, "unknown")) == (None, None)
    path.write_text(render_baseline("db", Baseline(CREATED, SEEN)))
    assert named_baseline(path, "db") == Baseline(CREATED, SEEN)
    assert named_baseline(path, "other") is None
    path.write_text(json.dumps({"format": "metamapper.postgresql/report", "version": 1}))
    problem = baseline_problem({"baseline": str(path), "report_directory": ""}, "db")
    assert problem.startswith("Cannot use metamapper_baseline: ")
    assert 'its "version" is 1' in problem


def test_a_report_without_what_was_seen_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "any.json"
    path.write_text(render_json(report(db=PASSED)))
    assert named_baseline(path, "unknown") is None
    problem = baseline_problem({"baseline": str(path), "report_directory": ""}, "db")
    assert f'that is in the directory "{OIDS}" beside it, which is not there' in problem
    assert f'a report.json with its directory "{OIDS}"' in problem


def looked(*severities: str, databases: tuple[str, ...] = ("crm",), fail_on: Any = None) -> Result:
    """Return a result in which the databases were seen, with a finding of aspect ``lost`` for each severity."""
    found = [finding("lost", severity, "gone", database="crm") for severity in severities]
    one = result([database(name, [schema("core")]) for name in databases], found)
    return {**one, "request": {"fail_on": fail_on or ["missing", "lost"]}}


OLD = Baseline("2026-11-23 05:40:12 UTC", {"crm": {"core": {"old": 1}}, "erp": {"core": {"bills": 2}}})
ERP = {"erp": OLD.seen["erp"]}
RENEWED = {
    "first run": (None, looked(), SEEN),
    "good run": (OLD, looked(), {**SEEN, **ERP}),
    "something exists no more": (OLD, looked("warning"), {**SEEN, **ERP}),
    "something is lost": (OLD, looked("warning", "failure"), None),
    "losses are accepted": (OLD, looked("warning", fail_on=["missing"]), SEEN),
    "not reached": (OLD, {"msg": "unreachable"}, None),
    "lost before": (OLD, None, None),
    "a run that began later": (Baseline("2026-11-23 08:40:12 UTC", {}), looked(), None),
    "a name that is masked": (OLD, {**looked(), "seen": {"crm": {"********": {"t": 1}}}}, None),
    "nothing was ever seen": (None, {**looked(), "seen": {}}, None),
    "no database could be entered": (OLD, {**looked(), "seen": {}, "databases": []}, OLD.seen),
}


@pytest.mark.parametrize(("old", "one", "seen"), RENEWED.values(), ids=RENEWED)
def test_when_a_baseline_is_renewed(old: Baseline | None, one: Result | None, seen: Any) -> None:
    assert renewed(old, one, LATER) == (None if seen is None else Baseline(LATER, seen))


DROPPED = {
    "no baseline": (None, looked(), []),
    "all there": (OLD, looked(databases=("crm", "erp")), []),
    "one is out of scope": (OLD, looked(), ["erp"]),
    "one refuses the login": (
        OLD,
        {**looked(), "findings": [finding("connection", "failure", "No.", database="erp")]},
        [],
    ),
    "no login": (OLD, {**looked(databases=()), "connection": {"works": False}}, []),
    "not reached": (OLD, None, []),
}


@pytest.mark.parametrize(("old", "one", "names"), DROPPED.values(), ids=DROPPED)
def test_which_databases_dropped_out(old: Baseline | None, one: Result | None, names: list[str]) -> None:
    assert dropped_out(old, one) == names
