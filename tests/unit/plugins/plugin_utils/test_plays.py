# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook whose pattern matches no host fails, unless it is only checked or listed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible import context
from ansible.utils.context_objects import CLIArgs
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._plays import pattern_with_hosts

GROUPS = {"all": ["db1", "db2", "web"], "ungrouped": ["web"], "postgresql": ["db1", "db2"], "empty": []}


@pytest.fixture(autouse=True)
def options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set no options on the command line."""
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({}))


@pytest.mark.parametrize(
    "pattern", ["postgresql", "db1", "db*", "all", "postgresql:!db1", "~db[0-9]", ["db1", "none"], "localhost"]
)
def test_a_pattern_that_matches_is_returned_as_it_is(pattern: Any) -> None:
    assert pattern_with_hosts(pattern, GROUPS) == pattern


@pytest.mark.parametrize(
    "pattern", ["typo", "empty", "postgresql:!db*", "postgresql:&web", ["a", "b"], "we\"ird.näme'"]
)
def test_a_pattern_that_matches_nothing_is_an_error(pattern: Any) -> None:
    with pytest.raises(LookupError, match="No host of the inventory matches"):
        pattern_with_hosts(pattern, GROUPS)


def test_an_empty_inventory_is_an_error() -> None:
    with pytest.raises(LookupError, match="No host of the inventory matches postgresql"):
        pattern_with_hosts("postgresql", {"all": [], "ungrouped": []})


@pytest.mark.parametrize("reader", ["syntax", "listhosts", "listtasks", "listtags"])
def test_a_playbook_can_be_read_without_an_inventory(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({reader: True}))
    assert pattern_with_hosts("postgresql", {}) == "postgresql"
