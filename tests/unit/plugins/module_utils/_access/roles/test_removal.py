# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements that drop the roles, and the problems that prevent it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    Connection,
    Membership,
    Mention,
    Policy,
    Remains,
    RoleFacts,
    UserMapping,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.removal import (
    database_obstacles,
    drop_statements,
    leftover_statements,
    removal_obstacles,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import simple, texts

from tests.support.values.names import (
    HOSTILE,
    SERVER_9_6,
    a_database,
    a_reader,
    a_request,
    a_role,
    a_server,
)

NAME = '"we""ird.näme\'; --"'
GONE = a_request("readers", HOSTILE, state="absent", databases=())
GROUP = a_role("readers")
USER = a_reader(HOSTILE)
MAKER = a_role("maker", is_createrole=True, can_login=True)


@pytest.mark.parametrize(
    ("remains", "expected"),
    [
        pytest.param(None, [], id="no role is to go"),
        pytest.param(Remains(), [], id="nothing left"),
        pytest.param(
            Remains(
                mappings=(UserMapping(HOSTILE, "far", True),), mentions=(Mention("readers", "warehouse", "i", 1, True),)
            ),
            [f"DROP USER MAPPING FOR {NAME} SERVER far", "DROP OWNED BY readers"],
            id="user mapping and initial privileges",
        ),
    ],
)
def test_what_ends_other_ties(remains: Remains | None, expected: list[str]) -> None:
    assert texts(leftover_statements(a_database(remains=remains))) == expected


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        pytest.param([], [], id="none exists"),
        pytest.param([GROUP], ["DROP ROLE readers"], id="the group alone"),
        pytest.param([GROUP, USER, a_role("other")], [f"DROP ROLE {NAME}, readers"], id="users first, others stay"),
    ],
)
def test_what_drops_roles(roles: list[RoleFacts], expected: list[str]) -> None:
    assert texts(drop_statements({role.name: role for role in roles}, [], GONE)) == expected


def test_what_roles_hold_on_the_server_is_revoked_first() -> None:
    revoke = simple("REVOKE CREATE ON TABLESPACE {} FROM {}", HOSTILE, "readers")
    statements = texts(drop_statements({"readers": GROUP}, [revoke], GONE))
    assert statements == [str(revoke), "DROP ROLE readers"]


def obstacles(*roles: RoleFacts, adopt: bool = False, end_connections: bool = False, **server: Any) -> list[str]:
    wish = a_request("readers", HOSTILE, state="absent", databases=(), adopt=adopt, end_connections=end_connections)
    found = removal_obstacles(a_server(*roles, **server), wish, login_database="postgres")
    return [problem.statement or problem.message for problem in found]


@pytest.mark.parametrize(
    ("roles", "options", "expected"),
    [
        pytest.param((), {}, [], id="none exists"),
        pytest.param((GROUP, USER), {}, [], id="nothing in the way"),
        pytest.param(
            (GROUP, USER),
            {"mentions": (Mention(HOSTILE, "warehouse", "o", 2, True), Mention("readers", "", "a", 1, True))},
            [f"ALTER ROLE {NAME} NOLOGIN; REASSIGN OWNED BY {NAME} TO admin; DROP OWNED BY {NAME};"],
            id="a user who owns",
        ),
        pytest.param(
            (GROUP, USER),
            {"mentions": (Mention("readers", "", "o", 1, True),)},
            ["REASSIGN OWNED BY readers TO admin; DROP OWNED BY readers;"],
            id="a group that owns",
        ),
        pytest.param(
            (a_reader("readers"), a_reader(HOSTILE, is_createdb=True)),
            {},
            [
                f"The role {NAME} is more than a plain reader: it is CREATEDB.",
                'The role "readers" is more than a plain reader: it is able to log in.',
            ],
            id="more than a reader",
        ),
        pytest.param((a_reader("readers"), USER), {"adopt": True}, [], id="adopted"),
        pytest.param(
            (GROUP,),
            {"memberships": (Membership("readers", HOSTILE, "a"),)},
            [f"REVOKE readers FROM {NAME} GRANTED BY a;"],
            id="another member",
        ),
        pytest.param(
            (GROUP,),
            {"memberships": (Membership("other", HOSTILE, "readers"),), "version_num": SERVER_9_6},
            [f"REVOKE other FROM {NAME};"],
            id="before 16",
        ),
        pytest.param((), {"admin": a_role("plain")}, [], id="no right, and nothing to drop"),
        pytest.param(
            (GROUP,),
            {"admin": a_role("plain"), "version_num": SERVER_9_6},
            ["ALTER ROLE plain CREATEROLE;"],
            id="no CREATEROLE",
        ),
        pytest.param(
            (GROUP,),
            {"admin": MAKER},
            ["GRANT readers TO maker WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;"],
            id="no ADMIN OPTION",
        ),
        pytest.param(
            (a_role("readers", is_superuser=True, is_administered=True),),
            {"admin": MAKER, "adopt": True},
            ["ALTER ROLE readers NOSUPERUSER;"],
            id="a superuser",
        ),
        pytest.param(
            (),
            {"end_connections": True, "connections": (Connection(HOSTILE, 1, False), Connection("a", 2, True))},
            ["GRANT pg_signal_backend TO admin;"],
            id="connections that cannot be ended",
        ),
        pytest.param((), {"connections": (Connection(HOSTILE, 1, False),)}, [], id="connections that nobody ends"),
    ],
)
def test_what_keeps_roles_from_going(roles: Any, options: dict[str, Any], expected: list[str]) -> None:
    found = obstacles(*roles, **options)
    assert [text[: len(start)] for text, start in zip(found, expected)] == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("remains", "expected"),
    [
        pytest.param(None, [], id="no role is to go"),
        pytest.param(Remains(), [], id="nothing left"),
        pytest.param(Remains(policies=(Policy("s", "t", HOSTILE, ()),)), [f"DROP POLICY {NAME} ON s.t;"], id="policy"),
        pytest.param(
            Remains(policies=(Policy("s", "t", "p", ("a", HOSTILE)),)),
            [f"ALTER POLICY p ON s.t TO a, {NAME};"],
            id="policy for others, too",
        ),
        pytest.param(
            Remains((Mention(HOSTILE, "warehouse", "i", 1, False),)),
            [f"DROP OWNED BY {NAME};"],
            id="initial privileges",
        ),
        pytest.param(Remains((Mention(HOSTILE, "warehouse", "i", 1, True),)), [], id="initial privileges within reach"),
        pytest.param(
            Remains((Mention(HOSTILE, "warehouse", "i", 1, True), Mention(HOSTILE, "warehouse", "o", 1, True))),
            [None],
            id="owner beside initial privileges",
        ),
        pytest.param(
            Remains(mappings=(UserMapping(HOSTILE, "far", False), UserMapping("a", "near", True))),
            [f"DROP USER MAPPING FOR {NAME} SERVER far;"],
            id="user mapping",
        ),
    ],
)
def test_what_in_a_database_keeps_roles_from_going(remains: Remains | None, expected: list[str | None]) -> None:
    found = database_obstacles(a_database(remains=remains), "admin")
    assert [problem.statement or None for problem in found] == expected
    assert {problem.database for problem in found} <= {"warehouse"}
