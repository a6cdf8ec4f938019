# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of module access, made of what was found and what was written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Mapping

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access import result as _access
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import DatabaseFacts
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.progress import Progress
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.result import (
    ensure_access,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.password import Password, State
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.state import Survey
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.steps import planned_statements
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import texts
from hypothesis import given

from tests.support.values.catalogs import catalogs, granted
from tests.support.values.names import HOSTILE, PASSWORD, a_database, a_relation, a_schema
from tests.support.values.surveys import DONE, FIRST_RUN, READY, SECOND_RUN, WHERE, WISH, a_survey, in_check_mode


def when_written(survey: Survey, progress: Progress, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    """Return the result for what was found and what was written."""
    monkeypatch.setattr(_access, "survey", lambda _where, _request: survey)
    monkeypatch.setattr(_access, "apply", lambda *_arguments: progress)
    return ensure_access(WHERE, WISH, check_mode=False)


def written(survey: Survey, passwords: dict[str, Password], **properties: Any) -> Progress:
    """Return what was written, with the roles as they were found."""
    return Progress(survey.server.facts.roles, passwords, (), **properties)


@pytest.mark.parametrize(
    ("survey", "key", "expected"),
    [
        pytest.param(SECOND_RUN, "changed", False, id="second run: unchanged"),
        pytest.param(SECOND_RUN, "statements", [], id="second run: nothing is run"),
        pytest.param(SECOND_RUN, "diff", {"before": "", "after": ""}, id="second run: no diff"),
        pytest.param(
            SECOND_RUN,
            "users",
            [{"name": "metamapper", "password": "proven", "reason": ""}],
            id="second run: the password is proven",
        ),
        pytest.param(SECOND_RUN, "inherited", [], id="second run: nothing inherited"),
        pytest.param(SECOND_RUN, "notes", [], id="second run: no warning"),
        pytest.param(
            a_survey(),
            "before",
            {"roles": {"readers": {}, "metamapper": {}}, "databases": {}, "server": {}},
            id="empty",
        ),
        pytest.param(FIRST_RUN, "changed", True, id="first run: changed"),
        pytest.param(FIRST_RUN, "server_version", "17.10", id="first run: the version"),
        pytest.param(
            FIRST_RUN,
            "statements",
            [
                "CREATE ROLE readers NOLOGIN",
                "GRANT CONNECT ON DATABASE warehouse TO readers",
                'GRANT USAGE ON SCHEMA "we""ird.näme\'; --" TO readers',
                'ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA "we""ird.näme\'; --" GRANT SELECT ON TABLES TO '
                "readers",
                'GRANT SELECT ON TABLE "we""ird.näme\'; --".t TO readers',
                "CREATE ROLE metamapper LOGIN INHERIT CONNECTION LIMIT 20 PASSWORD '********'",
                "ALTER ROLE metamapper SET default_transaction_read_only = on",
                "ALTER ROLE metamapper SET client_encoding = 'UTF8'",
                "GRANT readers TO metamapper WITH INHERIT TRUE",
            ],
            id="first run: group, database, user",
        ),
        pytest.param(
            FIRST_RUN,
            "users",
            [{"name": "metamapper", "password": "set", "reason": "The role does not exist yet."}],
            id="first run: the password will be set",
        ),
    ],
)
def test_result_of_check_mode(survey: Survey, key: str, expected: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_check_mode(survey, monkeypatch)[key] == expected


def test_what_is_held_otherwise_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    relations = (
        a_relation(HOSTILE, "v", is_grantable=False, is_effective=True),
        a_relation(HOSTILE, "e", is_grantable=False, is_extension_member=True),
    )
    result = in_check_mode(a_survey(a_database(a_schema(HOSTILE), missing=relations)), monkeypatch)
    expected = {"database": "warehouse", "kind": "relation", "privilege": "SELECT", "schema": HOSTILE}
    assert (result["inherited"], result["not_grantable"]) == ([{**expected, "name": "v"}], [{**expected, "name": "e"}])


@pytest.mark.parametrize(
    ("state", "shown"),
    [("proven", "proven"), ("unproven", "unproven"), ("wrong", "set"), ("blocked", "unproven")],
)
def test_what_check_mode_foresees_of_a_password(state: State, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = in_check_mode(a_survey(DONE, roles=READY, passwords={"metamapper": Password(state)}), monkeypatch)
    assert [user["password"] for user in result["users"]] == [shown]


@pytest.mark.parametrize("state", ["proven", "unproven", "wrong", "blocked"])
def test_a_diff_shows_something_just_where_something_changes(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    result = in_check_mode(a_survey(DONE, roles=READY, passwords={"metamapper": Password(state)}), monkeypatch)
    assert (result["diff"]["before"] != result["diff"]["after"]) is result["changed"]


@pytest.mark.parametrize(
    ("found", "settled"),
    [("proven", "proven"), ("unproven", "unproven"), ("blocked", "unproven"), ("blocked", "proven")],
)
def test_a_password_that_was_not_set_is_no_change(
    found: State, settled: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey = a_survey(DONE, roles=READY, passwords={"metamapper": Password(found)})
    progress = written(survey, {"metamapper": Password(settled)})
    assert when_written(survey, progress, monkeypatch)["diff"] == {"before": "", "after": ""}


@pytest.mark.parametrize("found", ["wrong", "blocked"])
def test_a_password_that_was_set_is_a_change(found: State, monkeypatch: pytest.MonkeyPatch) -> None:
    survey = a_survey(DONE, roles=READY, passwords={"metamapper": Password(found)})
    progress = written(survey, {"metamapper": Password("set")})
    after = when_written(survey, progress, monkeypatch)["diff"]["after"]
    assert after.endswith(", password: set\n")


def test_what_is_wrong_is_raised_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem("The schema does not exist.")
    monkeypatch.setattr(_access, "survey", lambda _where, _wanted: replace(FIRST_RUN, problems=(problem,)))
    with pytest.raises(Failure) as caught:
        ensure_access(WHERE, WISH, check_mode=False)
    assert caught.value.problems == (problem,)


@given(catalogs())
def test_check_mode_is_changed_if_there_is_a_statement(facts: DatabaseFacts) -> None:
    with pytest.MonkeyPatch.context() as patch:
        result = in_check_mode(a_survey(facts, roles=READY), patch)
    assert (result["changed"], result["diff"]["before"] != result["diff"]["after"]) == (bool(result["statements"]),) * 2


@given(catalogs())
def test_what_was_written_shows_as_check_mode_foresaw(facts: DatabaseFacts) -> None:
    survey = a_survey(facts, roles=READY)
    (state,) = survey.databases
    statements = planned_statements(survey, WISH)
    databases = {state.name: granted(facts, state.plan)}
    progress = written(survey, dict(survey.passwords), statements=statements, databases=databases)
    with pytest.MonkeyPatch.context() as patch:
        assert when_written(survey, progress, patch) == in_check_mode(survey, patch)


@given(catalogs())
def test_the_result_has_no_password(facts: DatabaseFacts) -> None:
    with pytest.MonkeyPatch.context() as patch:
        result = in_check_mode(a_survey(facts), patch)
    assert PASSWORD not in str(result)


def test_statements_are_those_of_the_plans() -> None:
    role_plan = FIRST_RUN.roles
    statements = texts(planned_statements(FIRST_RUN, WISH))
    assert (statements[0], statements[-len(role_plan.users) :]) == (str(role_plan.group[0]), texts(role_plan.users))


@pytest.mark.parametrize("check_mode", [True, False], ids=["check mode", "run"])
def test_a_database_that_was_not_reached_fails_the_task_when_the_rest_is_done(
    check_mode: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey = replace(FIRST_RUN, not_done={HOSTILE: Problem("No answer.", database=HOSTILE)})
    progress = written(survey, {}, committed=["the group"])
    monkeypatch.setattr(_access, "survey", lambda _where, _request: survey)
    monkeypatch.setattr(_access, "apply", lambda *_arguments: progress)
    with pytest.raises(Failure) as caught:
        ensure_access(WHERE, WISH, check_mode=check_mode)
    result = caught.value.as_result()
    assert (result["databases_not_done"], result["database"]) == ([HOSTILE], HOSTILE)
    assert result["committed"] == ([] if check_mode else ["the group"])
    assert bool(result["statements"]) is check_mode
