# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that merges the reports of several runs into one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres.site import Site
from tools.runners.playbooks import run_on_hosts

pytestmark = [pytest.mark.playbook, pytest.mark.majorless, pytest.mark.thorough]

NAME = "metamapper.postgresql"


def merge(directory: Path, hosts: dict[str, Any], *reports: str, **others: Any) -> Any:
    """Run the playbook."""
    extra = json.dumps({"metamapper_reports": list(reports), "metamapper_report_directory": "whole", **others})
    return run_on_hosts(directory, f"{NAME}.merge_reports", hosts, "-e", extra)


def test_reports_of_slices_become_one(site: Site, tmp_path: Path) -> None:
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    own = site.variables("sales")
    hosts = {name: own for name in ("a", "b", "c", "d")} | {"b": {**own, "metamapper_login_password": "wrong"}}
    for name, limit, status in (("a", "a", 0), ("b", "b,d", 2)):
        where = ("-e", f"metamapper_report_directory=slice-{name}")
        play = run_on_hosts(tmp_path, f"{NAME}.grant_metamapper", hosts, "--limit", limit, *where)
        assert play.status == status, play.output
    play = merge(tmp_path, hosts, "slice-a", "slice-b").ok()
    assert ("Not in this run: c." in play.output, play.changed) == (True, 0)
    document = json.loads((tmp_path / "whole" / "report.json").read_text())
    statuses = {server["name"]: server["status"] == "failure" for server in document["servers"]}
    assert (statuses, document["absent"]) == ({"a": False, "b": True, "d": False}, ["c"])
    warned = {server["name"]: server["summary"].get("overlap", {}).get("warnings") for server in document["servers"]}
    assert warned == {"a": 1, "b": None, "d": 1}  # a and d are one server under two names, in two slices
    assert (tmp_path / "whole" / "baseline" / "a.json").exists()


def test_what_cannot_be_merged_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[]")
    play = merge(tmp_path, {}, "other.json")
    assert (play.status, "other.json: it is not a JSON report" in play.output) == (2, True)
    play = run_on_hosts(tmp_path, f"{NAME}.merge_reports", {})
    assert (play.status, "Set metamapper_reports to a list of directories" in play.output) == (2, True)
