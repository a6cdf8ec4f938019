# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of which databases and schemas are in scope, and the scope that is passed to other modules."""

from __future__ import annotations

from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.account import (
    DatabaseScope,
    LeftOut,
    account,
)

from tests.support.values.names import HOSTILE, an_entry

SCOPE = DatabaseScope(
    "warehouse",
    an_entry("w*", creators=("etl",)),
    {"hr": "REFERENCES", HOSTILE: "SELECT"},
    left_out=(LeftOut("warehouse", "*", "a reason", "cron"),),
    taken_in=("hr",),
    existing=3,
)


def test_an_account() -> None:
    assert account([SCOPE], [LeftOut("rdsadmin", "*", "another")]) == {
        "databases": [{"name": "warehouse", "entry": "w*", "schemas": 2, "existing_schemas": 3}],
        "left_out": [
            {"database": "rdsadmin", "entry": "*", "reason": "another", "schema": ""},
            {"database": "warehouse", "entry": "*", "reason": "a reason", "schema": "cron"},
        ],
        "taken_in": [{"database": "warehouse", "schema": "hr"}],
    }


def test_an_account_of_nothing() -> None:
    assert account([], []) == {"databases": [], "left_out": [], "taken_in": []}


def test_what_is_handed_on() -> None:
    assert SCOPE.resolved() == {
        "name": "warehouse",
        "schemas": ["hr", HOSTILE],
        "metadata_schemas": ["hr"],
        "creators": ["etl"],
        "allow_empty": False,
        "accept_breaks_scan": True,
    }


def test_creators_are_handed_on_as_auto() -> None:
    assert DatabaseScope("w", an_entry("w"), {}).resolved()["creators"] == ["auto"]
