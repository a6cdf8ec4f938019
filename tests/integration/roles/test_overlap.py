# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report contains if servers of one inventory have the same oids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres.site import Site
from tools.runners.playbooks import run_on_hosts

pytestmark = [pytest.mark.playbook, pytest.mark.majorless, pytest.mark.thorough]


def test_one_server_under_two_names_is_a_warning_that_names_both(site: Site, tmp_path: Path) -> None:
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    own: dict[str, Any] = site.variables("sales")
    hosts = {name: {**own, "ansible_host": own["metamapper_login_host"]} for name in ("primary", "replica")}
    run_on_hosts(tmp_path, "metamapper.postgresql.grant_metamapper", hosts).ok()
    report = json.loads((tmp_path / "metamapper-report" / "report.json").read_text())
    for server in report["servers"]:
        other = {"primary": "replica", "replica": "primary"}[server["name"]]
        texts = [(each["severity"], each["reason"]) for each in server["findings"] if each["aspect"] == "overlap"]
        (copy,) = [reason for severity, reason in texts if severity == "warning"]
        assert f"This server and {other} have the same system identifier" in copy
        (shared,) = [reason for severity, reason in texts if severity == "information"]
        assert "1 of 1 tables have the oid of a table in 1 other databases" in shared
        assert "oids" not in server
