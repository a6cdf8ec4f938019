# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a report, and what they keep of an earlier one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.baseline import FOLDER
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.directory import DirectoryError
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.document import parse_report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import render_json
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.observation import observed
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.oids import merged_oids
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.publish import (
    compared,
    directory_of,
    merge_baselines,
    merge_directories,
    publish,
    read_baselines,
    renew_baselines,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.server_file import file_name

from tests.support.values.findings import CREATED, FAILED, HOSTILE, PASSED, report

LATER = "2026-11-23 07:40:12 UTC"


def test_the_first_file_for_people_is_named(tmp_path: Path) -> None:
    for formats, name in ((["json", "txt"], "report.txt"), (["sql", "html"], "report.html"), ([], "")):
        published = publish(tmp_path / "new", report(a=PASSED), formats, inventory=["a"], known=None)
        assert published.file == (str(tmp_path / "new" / name) if name else "")


@pytest.mark.parametrize("formats", [["txt", "json"], ["txt"]])
def test_a_limited_run_is_merged_whatever_the_formats(formats: list[str], tmp_path: Path) -> None:
    publish(tmp_path, report(red=FAILED, b=FAILED), formats, inventory=["red", "b"], known=None)
    limited = report_of({"b": PASSED}, created=LATER)
    whole = publish(tmp_path, limited, formats, inventory=["red", "b"], known=None).report
    assert [(server.name, server.status) for server in whole.servers] == [("red", "failure"), ("b", "ok")]
    text = (tmp_path / "report.txt").read_text()
    assert text.startswith("Verification failed: 1 failure on 1 of 2 servers")
    assert f"From earlier runs: red ({CREATED}, failure)." in text


def test_an_earlier_report_that_cannot_be_read_is_put_aside_and_told(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"version": 1}')
    published = publish(tmp_path, report(a=PASSED), ["json"], inventory=["a"], known=None)
    assert "could not be read" in published.note
    assert (tmp_path / "report.json.unreadable").read_text() == '{"version": 1}'
    assert json.loads((tmp_path / "report.json").read_text())["status"] == "ok"


def seeing(oid: int) -> dict[str, Any]:
    """Return a result of module visibility with one table; all these servers are copies, with one system identifier."""
    own = {"system_identifier": "7001", "seen": {"crm": {"core": {"orders": 2}}}, "oids": {"crm": {"core": [oid]}}}
    return {**PASSED, **own}


def overlap_of(report: Report) -> dict[str, list[str]]:
    """Return for each server the severities of its findings on overlaps."""
    return {server.name: [each.severity for each in server.of_aspect("overlap")] for server in report.servers}


def test_a_limited_run_is_compared_with_servers_of_earlier_ones_and_they_with_it(tmp_path: Path) -> None:
    both = ["warning", "information"]
    for server, created, expected in (
        ("primary", CREATED, {"primary": []}),
        (HOSTILE, LATER, {"primary": both, HOSTILE: both}),
    ):
        results = {server: seeing(16385)}
        published = publish(
            *(tmp_path, report_of(results, created=created), ["txt", "json"]),
            inventory=["primary", HOSTILE],
            known=None,
            observations=observed(results, created),
        )
        assert overlap_of(published.report) == expected
    assert overlap_of(parse_report((tmp_path / "report.json").read_text())) == expected


def test_slices_are_compared_over_the_whole(tmp_path: Path) -> None:
    for server, created in (("a", CREATED), ("b", LATER)):
        results = {server: seeing(16385)}
        directory = tmp_path / server
        publish(
            *(directory, report_of(results, created=created), ["json"]),
            inventory=[server],
            known=None,
            observations=observed(results, created),
        )
    sources = [tmp_path / "a", tmp_path / "b" / "report.json"]
    report, _empty = merge_directories(sources, inventory=["a", "b"])
    assert overlap_of(report) == {"a": [], "b": []}
    whole = compared(report, tmp_path / "whole", merged_oids([directory_of(source) for source in sources]))
    assert overlap_of(whole) == {"a": ["warning", "information"], "b": ["warning", "information"]}
    assert [server.status for server in whole.servers] == ["warning", "warning"]


def test_a_directory_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(DirectoryError, match="symbolic link"):
        publish(tmp_path / "link", report(a=PASSED), ["txt"], inventory=["a"], known=None)
    (tmp_path / FOLDER).symlink_to(tmp_path / "target")
    with pytest.raises(DirectoryError, match="symbolic link"):
        renew_baselines(tmp_path, {"a": PASSED}, CREATED)


def test_baselines_are_renewed_one_by_one(tmp_path: Path) -> None:
    results = {"a": PASSED, HOSTILE: FAILED, "lost": None, "broken": PASSED}
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / file_name("broken")).write_text("{")
    assert renew_baselines(tmp_path, results, CREATED) == ["a", HOSTILE]
    assert (tmp_path / FOLDER / file_name("broken")).read_text() == "{"
    assert {path.name for path in (tmp_path / FOLDER).iterdir()} == set(map(file_name, ("a", HOSTILE, "broken")))
    olds = read_baselines(tmp_path, results)
    assert {server: old and old.created for server, old in olds.items()} == {
        "a": CREATED,
        HOSTILE: CREATED,
        "lost": None,
    }


def test_reports_of_slices_are_one(tmp_path: Path) -> None:
    paths = [tmp_path / "one.json", tmp_path / "two.json"]
    paths[0].write_text(render_json(report(a=FAILED, b=PASSED)))
    paths[1].write_text(render_json(report_of({"a": PASSED}, created=LATER, pending=["b"])))
    whole, _empty = merge_directories(paths, inventory=["a", "b", "c"])
    assert [(server.name, server.status, server.created) for server in whole.servers] == [
        ("a", "ok", LATER),
        ("b", "ok", CREATED),
    ]
    assert (whole.absent, whole.pending) == (("c",), ())
    paths[1].write_text("{}")
    with pytest.raises(ValueError, match=r"two\.json: it is not a JSON report"):
        merge_directories(paths, inventory=[])


def test_directories_are_merged_with_their_baselines(tmp_path: Path) -> None:
    one, two, whole = tmp_path / "one", tmp_path / "two", tmp_path / "whole"
    for directory, formats, servers, created in ((one, ["json"], "ab", CREATED), (two, ["txt"], "b", LATER)):
        found = dict.fromkeys(servers, PASSED)
        publish(directory, report_of(found, created=created), formats, inventory=servers, known=None)
        renew_baselines(directory, found, created)
    (one / FOLDER / "other.json").write_text("[]")
    report, empty = merge_directories([one, tmp_path / "none", two], inventory=["a", "b", "c"])
    assert empty == [tmp_path / "none"]
    assert {server.name: server.created for server in report.servers} == {"a": CREATED, "b": LATER}
    publish(whole, report, ["json"], inventory=["a", "b", "c"], known=None)
    merge_baselines([one, two, tmp_path / "none"], whole)
    olds = read_baselines(whole, ["a", "b"])
    assert {server: old and old.created for server, old in olds.items()} == {"a": CREATED, "b": LATER}
    assert len(list((whole / FOLDER).iterdir())) == 2
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"there is no report in .*none, .*empty"):
        merge_directories([tmp_path / "none", tmp_path / "empty"], inventory=[])
