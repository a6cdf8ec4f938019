# SPDX-License-Identifier: GPL-3.0-or-later
"""The stored oids of servers, with which later runs compare theirs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.observation import observed
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.oids import (
    FOLDER,
    keep_oids,
    merged_oids,
    read_oids,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.server_file import file_name

from tests.support.values.findings import CREATED, HOSTILE, PASSED

LATER = "2026-11-23 07:40:12 UTC"


def result(identifier: str = "7001", name: str = "orders", oid: int = 16385) -> dict[str, Any]:
    """Return a result of module visibility with one relation."""
    own = {"system_identifier": identifier, "seen": {"crm": {"core": {name: 2}}}, "oids": {"crm": {"core": [oid]}}}
    return {**PASSED, **own}


def keep(directory: Path, results: dict[str, Any], created: str = CREATED) -> None:
    """Store the observations from results of the module."""
    keep_oids(directory, observed(results, created))


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    keep(tmp_path, {HOSTILE: result(name=HOSTILE), "lost": None, "none": PASSED})
    found = read_oids(tmp_path, [HOSTILE, "lost", "none"])
    assert {server: document["oids"] for server, document in found.items()} == {HOSTILE: {"crm": {"core": [16385]}}}
    assert (tmp_path / FOLDER / file_name(HOSTILE)).stat().st_mode & 0o777 == 0o640


def test_nothing_of_a_masked_result_is_kept(tmp_path: Path) -> None:
    keep(tmp_path, {"a": result(name="VALUE_SPECIFIED_IN_NO_LOG_PARAMETER")})
    assert not (tmp_path / FOLDER).exists()


def test_a_file_that_is_none_of_ours_is_not_compared_with(tmp_path: Path) -> None:
    keep(tmp_path, {"a": result()})
    path = tmp_path / FOLDER / file_name("b")
    for content in ((tmp_path / FOLDER / file_name("a")).read_text(), "[]", "{", '{"version": 1}'):
        path.write_text(content)
        assert list(read_oids(tmp_path, ["a", "b"])) == ["a"]


def test_the_newest_of_each_server_is_merged(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    keep(one, {"a": result(oid=1), "b": result(oid=2)}, LATER)
    keep(two, {"a": result(oid=3)})
    (two / FOLDER / "other.json").write_text("[]")
    found = merged_oids([one, two, tmp_path / "none"])
    assert {server: each["oids"]["crm"]["core"] for server, each in found.items()} == {"a": [1], "b": [2]}


def test_a_newer_file_stays(tmp_path: Path) -> None:
    keep(tmp_path, {"a": result(oid=1)}, LATER)
    keep(tmp_path, {"a": result(oid=3), "b": result(oid=2)})
    assert {server: each["created"] for server, each in read_oids(tmp_path, "ab").items()} == {"a": LATER, "b": CREATED}


def test_where_nothing_is_visible_what_was_seen_earlier_stays(tmp_path: Path) -> None:
    keep(tmp_path, {"a": result()})
    keep(tmp_path, {"a": {**PASSED, "seen": {}, "lost_oids": {"crm": {"core": {"orders": 16385}}}}}, LATER)
    assert read_oids(tmp_path, ["a"])["a"]["seen"] == {"crm": {"core": {"orders": 2}}}


def test_the_files_are_small(tmp_path: Path) -> None:
    keep(tmp_path, {"a": result()})
    text = (tmp_path / FOLDER / file_name("a")).read_text()
    assert text == json.dumps(json.loads(text), separators=(",", ":")) + "\n"
