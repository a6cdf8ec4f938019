# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary that the role grant shows at its end."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._grant_summary import grant_lines

HOSTILE = "we\"ird.näme\\'; --"
VALUES = {"login_host": "", "login_port": 5432, "user": "metamapper", "bastion": None}


def result(**others: Any) -> dict[str, Any]:
    """Return a result of module access where nothing was missing."""
    return {
        "changed": False,
        "statements": [],
        "after": {"databases": {"erp": {}, HOSTILE: {}}},
        "disappears": [],
        "scope": {"databases": [], "left_out": [], "taken_in": []},
        **others,
    }


FORM = f"Host: db   Port: 5432   Databases: erp, {HOSTILE}   Username: metamapper"
COUNTED = {"name": "erp", "schemas": 2, "existing_schemas": 14}
NEW = [{"database": "erp", "schema": f"s{number}"} for number in range(12)]
OUT = [{"database": "d", "schema": "x" if number else "", "entry": "*", "reason": "Why."} for number in range(12)]
LINES = {
    "nothing to do": (result(), "success", ["Access: nothing was missing in 2 databases.", FORM]),
    "something was done": (
        result(changed=True, statements=["a"]),
        "success",
        ["Access: 1 statement run for 2 databases; --diff shows what changes.", FORM],
    ),
    "check mode": (
        result(changed=True, statements=["a", "b"]),
        "check",
        ["Access: 2 statements would be run for 2 databases; --diff shows what changes."],
    ),
    "no result": ({"failed": True, "msg": "No."}, "success", []),
    "not asked": ({}, "success", []),
}


@pytest.mark.parametrize(("found", "ending", "lines"), LINES.values(), ids=LINES)
def test_the_lines(found: dict[str, Any], ending: str, lines: list[str]) -> None:
    assert grant_lines(found, VALUES, "db", ending=ending) == lines


def test_what_disappears_and_what_patterns_mean_is_said_in_check_mode_too() -> None:
    scope = {"databases": [COUNTED], "left_out": OUT, "taken_in": NEW}
    lost = [{"database": "erp", "schemas": ["hr", "old"]}]
    lines = grant_lines(result(scope=scope, disappears=lost), VALUES, "db", ending="check")
    assert "no longer finds the schemas hr, old of database erp, and hides" in lines[1]
    assert (
        lines[2]
        == "Database erp: 2 of 14 schemas; new by a pattern: "
        + ", ".join(f"s{number}" for number in range(10))
        + " and 2 more"
    )
    assert lines[3] == "Left out by the pattern *: database d. Why."
    assert lines[4] == "Left out by the pattern *: schema x of database d. Why."
    assert lines[-1] == "... and 2 more."


def test_a_bastion_needs_a_tunnel_on_the_host_of_metamapper() -> None:
    values = {**VALUES, "bastion": {"host": "jump", "port": None}}
    lines = grant_lines(result(), values, "db", ending="success")
    assert lines[2].startswith("SSH tunnel: off. Metamapper 1.0.0 closes its own")
    target = {"host": "db", "listen_port": 15432, "bastion": "jump"}
    hosts = {"app": {"metamapper_tunnel_targets": [target]}}
    assert grant_lines(result(), values, "db", hosts, ["app"], ending="success")[2:] == [
        "On app, through its tunnel:   Host: 127.0.0.1   Port: 15432   SSH tunnel: off"
    ]
