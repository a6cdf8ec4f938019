# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of the oids of servers, and that other runs compare with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.oids import (
    FOLDER,
    keep_oids,
    merge_oids,
    read_oids,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.run import Run
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.server_file import file_name

from tests.support.values.findings import CREATED, HOSTILE, PASSED

LATER = "2026-11-23 07:40:12 UTC"


def result(identifier: str = "7001", name: str = "orders", oid: int = 16385) -> dict[str, Any]:
    """Return a result of module visibility with one relation."""
    own = {"system_identifier": identifier, "seen": {"crm": {"core": {name: 2}}}, "oids": {"crm": {"core": [oid]}}}
    return {**PASSED, **own}


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    keep_oids(tmp_path, {HOSTILE: result(name=HOSTILE), "lost": None, "none": PASSED}, CREATED)
    found = read_oids(tmp_path, [HOSTILE, "lost", "none"])
    assert {server: document["oids"] for server, document in found.items()} == {HOSTILE: {"crm": {"core": [16385]}}}
    assert (tmp_path / FOLDER / file_name(HOSTILE)).stat().st_mode & 0o777 == 0o640


def test_nothing_of_a_masked_result_is_kept(tmp_path: Path) -> None:
    keep_oids(tmp_path, {"a": result(name="VALUE_SPECIFIED_IN_NO_LOG_PARAMETER")}, CREATED)
    assert not (tmp_path / FOLDER).exists()


def test_a_file_that_is_none_of_ours_is_not_compared_with(tmp_path: Path) -> None:
    keep_oids(tmp_path, {"a": result()}, CREATED)
    path = tmp_path / FOLDER / file_name("b")
    for content in ((tmp_path / FOLDER / file_name("a")).read_text(), "[]", "{", '{"version": 1}'):
        path.write_text(content)
        assert list(read_oids(tmp_path, ["a", "b"])) == ["a"]


def test_the_newest_of_each_server_is_merged(tmp_path: Path) -> None:
    one, two, whole = tmp_path / "one", tmp_path / "two", tmp_path / "whole"
    keep_oids(one, {"a": result(oid=1), "b": result(oid=2)}, LATER)
    keep_oids(two, {"a": result(oid=3)}, CREATED)
    (two / FOLDER / "other.json").write_text("[]")
    merge_oids([one, two, tmp_path / "none"], whole)
    found = {server: each["oids"]["crm"]["core"] for server, each in read_oids(whole, ["a", "b", "other"]).items()}
    assert found == {"a": [1], "b": [2]}


def test_a_limited_run_is_compared_with_servers_of_earlier_ones(tmp_path: Path) -> None:
    keep_oids(tmp_path, {"replica": result()}, CREATED)
    run = Run("found", hosts=["primary"], active=["primary"], inventory=["primary", "replica"])
    report = run.report({"primary": {"found": result()}}, LATER, {}, read_oids(tmp_path, run.others))
    reasons = [each.reason for each in report.findings if each.aspect == "overlap"]
    assert [server.name for server in report.servers] == ["primary"]
    assert any("This server and replica have the same system identifier" in reason for reason in reasons)
    assert any("1 of 1 tables have the oid of a table in 1 other databases" in reason for reason in reasons)


def test_the_files_are_small(tmp_path: Path) -> None:
    keep_oids(tmp_path, {"a": result()}, CREATED)
    text = (tmp_path / FOLDER / file_name("a")).read_text()
    assert text == json.dumps(json.loads(text), separators=(",", ":")) + "\n"
