# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from the inspected state before anything is written, such as whose password is set."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.password import Password
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem

from tests.support.values.names import HOSTILE, a_reader, a_request, a_role
from tests.support.values.surveys import DONE, READY, TO_DO, a_survey

NOT_DONE = {HOSTILE: Problem("no answer")}
REQUEST = a_request("readers", "metamapper", "new", retired=("old",))


@pytest.mark.parametrize(
    ("state", "expected"), [("wrong", frozenset(["metamapper"])), ("proven", frozenset()), ("blocked", frozenset())]
)
def test_whose_password_is_set(state: str, expected: frozenset[str]) -> None:
    passwords = {"metamapper": Password(state)}  # type: ignore[arg-type]
    assert a_survey(roles=READY, passwords=passwords).to_set == expected


@pytest.mark.parametrize(
    ("not_done", "may_join", "users", "retired"),
    [
        pytest.param({}, True, ("metamapper", "new"), ("old",), id="all is done"),
        pytest.param(NOT_DONE, True, ("metamapper", "new"), (), id="nobody retires meanwhile"),
        pytest.param(NOT_DONE, False, ("metamapper",), (), id="nor joins to see less"),
    ],
)
def test_what_is_possible_while_databases_are_not_done(
    not_done: dict[str, Problem], may_join: bool, users: tuple[str, ...], retired: tuple[str, ...]
) -> None:
    survey = a_survey(roles=(a_role("readers"), a_reader("metamapper"), a_role("new")))
    found = replace(survey, not_done=not_done, may_join=may_join).possible(REQUEST)
    assert (found.user_names, found.retired) == (users, retired)


def test_the_databases_in_scope() -> None:
    survey = a_survey(DONE, TO_DO)
    listed, other = survey.databases
    entered = replace(other, facts=replace(other.facts, scope=None))
    found = replace(survey, databases=(listed, entered))
    assert (found.database_names, len(found.listed)) == (("warehouse",), 1)
    assert entered.name == "warehouse"


def test_what_a_database_gets_in_parts() -> None:
    done, to_do = a_survey(DONE, TO_DO).databases
    assert (done.batches, done.leftovers) == ([], [])
    assert to_do.batches == [to_do.plan]
