# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of the roles: what they return, and that they raise an error that Ansible shows."""

from __future__ import annotations

import ast
import datetime
from typing import Any

import pytest
from ansible import context
from ansible.errors import AnsibleFilterError
from ansible.utils.context_objects import CLIArgs
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._role_filters import FilterModule

FILTERS = FilterModule().filters()
UNKNOWN = "metamapper_usr is not a variable of metamapper.postgresql. Did you mean metamapper_user?"


def test_names_of_other_roles_are_left_out() -> None:
    names = ["metamapper_user", "metamapper_password", "metamapper_bastion_keys", "metamapper_usr"]
    assert FILTERS["role_variable_names"](names, "revoke") == ["metamapper_user"]


def test_all_problems_are_returned_at_once_the_unknown_names_first() -> None:
    given = {"metamapper_user": 1, "metamapper_adopt": "maybe"}
    problems = FILTERS["role_variables"](given, "revoke", [*given, "metamapper_usr"])["problems"]
    assert [problem.split()[0] for problem in problems] == ["metamapper_usr", "metamapper_user", "metamapper_adopt"]
    assert problems[0] == UNKNOWN


def test_the_variables_of_a_role() -> None:
    given = {"metamapper_user": "x", "metamapper_retired_users": "old"}
    variables = FILTERS["accepted_variables"](FILTERS["role_variables"](given, "revoke", given))
    assert (variables["user"], variables["retired_users"]) == ("x", ["old"])


@pytest.mark.parametrize("given", [{"metamapper_user": 1}, {"metamapper_usr": "x"}])
def test_a_wrong_variable_is_never_handed_on(given: dict[str, Any]) -> None:
    checked = FILTERS["role_variables"](given, "revoke", given)
    with pytest.raises(AnsibleFilterError, match="metamapper_us"):
        FILTERS["accepted_variables"](checked)


def test_checked_variables_survive_as_text() -> None:
    """The result contains no dates or other objects that Python cannot read back from their text."""
    given = {"metamapper_user": datetime.date(2026, 1, 31), "metamapper_retired_users": ["we\"ird.näme\\'; --"]}
    checked = FILTERS["role_variables"](given, "revoke", given)
    assert ast.literal_eval(repr(checked)) == checked


def test_a_play_without_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({}))
    groups: dict[str, Any] = {"all": ["db"], "postgresql": ["db"]}
    assert FILTERS["play_hosts"]("postgresql", groups) == "postgresql"
    with pytest.raises(AnsibleFilterError, match="No host of the inventory matches typo"):
        FILTERS["play_hosts"]("typo", groups)
