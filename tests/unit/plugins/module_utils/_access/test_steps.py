# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps in order, and the statements that they would run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Sequence

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access import steps as _steps
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import Connection
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.plan import RolePlan
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.state import Survey
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import simple, texts

from tests.support.values.names import HOSTILE, a_request, an_item
from tests.support.values.surveys import DONE, READY, TO_DO, WISH, a_survey

GONE = a_request(state="absent", databases=())
RETIRING = RolePlan(nologin=(simple("ALTER ROLE {} NOLOGIN", HOSTILE),))
GROUP, USERS = "ChangeRoles group", "ChangeRoles users"


def names(steps: Sequence[_steps.Step]) -> list[str]:
    return [f"{type(step).__name__} {getattr(step, 'part', '')}".strip() for step in steps]


def on_the_server(survey: Survey, **facts: Any) -> Survey:
    return replace(survey, server=replace(survey.server, facts=replace(survey.server.facts, **facts)))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(a_survey(roles=READY), [GROUP, USERS, "SettlePasswords"], id="no database"),
        pytest.param(a_survey(DONE, roles=READY), [GROUP, USERS, "SettlePasswords"], id="nothing to change"),
        pytest.param(
            a_survey(DONE, TO_DO), [GROUP, "ChangeDatabase", USERS, "SettlePasswords"], id="users after databases"
        ),
        pytest.param(
            replace(a_survey(roles=READY), shared=(an_item(),)),
            [GROUP, "RevokeShared", USERS, "SettlePasswords"],
            id="surplus on the server",
        ),
        pytest.param(
            replace(a_survey(roles=READY), roles=RETIRING),
            [
                *(GROUP, USERS, "SettlePasswords", "CheckSuccessor"),
                *("ChangeRoles nologin", "EndSessions", "ChangeRoles retired"),
            ],
            id="retired users last",
        ),
    ],
)
def test_granting(found: Survey, expected: list[str]) -> None:
    assert names(_steps.steps(found, WISH)) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(a_survey(), [], id="no role exists"),
        pytest.param(
            a_survey(DONE, roles=READY),
            ["ChangeRoles nologin", "EndSessions", "ChangeDatabase", "DropRoles"],
            id="logins first, roles last",
        ),
    ],
)
def test_absent(found: Survey, expected: list[str]) -> None:
    assert names(_steps.steps(found, GONE)) == expected


@pytest.mark.parametrize("ends", [True, False])
def test_sessions_are_ended_where_that_is_wanted(ends: bool) -> None:
    found = on_the_server(a_survey(roles=READY), connections=(Connection("metamapper", 4711, True),))
    planned = texts(_steps.planned_statements(found, replace(GONE, end_connections=ends)))
    assert ("SELECT pg_catalog.pg_terminate_backend(4711)" in planned) is ends
    assert planned[-1] == "DROP ROLE metamapper, readers"
