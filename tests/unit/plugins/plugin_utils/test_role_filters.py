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
DATE = datetime.date(2026, 1, 31)
UNKNOWN = "metamapper_usr is not a variable of metamapper.postgresql. Did you mean metamapper_user?"


def test_names_of_other_roles_are_left_out() -> None:
    names = ["metamapper_user", "metamapper_password", "metamapper_bastion_keys", "metamapper_usr"]
    assert FILTERS["role_variable_names"](names, "revoke") == ["metamapper_user"]


def test_all_problems_are_raised_at_once_the_unknown_names_first() -> None:
    given = {"metamapper_user": 1, "metamapper_adopt": "maybe"}
    with pytest.raises(AnsibleFilterError) as raised:
        FILTERS["role_variables"](given, "revoke", [*given, "metamapper_usr"])
    problems = str(raised.value).splitlines()
    assert [problem.split()[0] for problem in problems] == ["metamapper_usr", "metamapper_user", "metamapper_adopt"]
    assert problems[0] == UNKNOWN


def test_the_variables_of_a_role() -> None:
    given = {"metamapper_user": "x", "metamapper_retired_users": "old"}
    variables = FILTERS["role_variables"](given, "revoke", given)
    assert (variables["user"], variables["retired_users"]) == ("x", ["old"])


@pytest.mark.parametrize("given", [{"metamapper_user": 1}, {"metamapper_usr": "x"}, {"metamapper_user": DATE}])
def test_a_wrong_variable_is_never_handed_on(given: dict[str, Any]) -> None:
    with pytest.raises(AnsibleFilterError, match="metamapper_us"):
        FILTERS["role_variables"](given, "revoke", given)


def test_variables_survive_as_text() -> None:
    """The result contains no objects that Python cannot read back from their text."""
    given = {"metamapper_user": "x", "metamapper_retired_users": ["we\"ird.näme\\'; --"]}
    variables = FILTERS["role_variables"](given, "revoke", given)
    assert ast.literal_eval(repr(variables)) == variables


def test_what_can_be_used_of_refused_variables() -> None:
    given = {"metamapper_report_directory": "here", "metamapper_report_formats": ["pdf"], "metamapper_user": DATE}
    usable = FILTERS["usable_variables"](given, "verify")
    assert (usable["report_directory"], usable["report_formats"]) == ("here", ["txt", "json", "html"])
    assert usable["user"] == "metamapper"


def test_a_play_without_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({}))
    groups: dict[str, Any] = {"all": ["db"], "postgresql": ["db"]}
    assert FILTERS["play_hosts"]("postgresql", groups) == "postgresql"
    with pytest.raises(AnsibleFilterError, match="No host of the inventory matches typo"):
        FILTERS["play_hosts"]("typo", groups)
