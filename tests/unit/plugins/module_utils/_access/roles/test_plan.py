# SPDX-License-Identifier: GPL-3.0-or-later
"""How the group and the users differ from the request, and the statements that change them."""

from __future__ import annotations

from typing import Any, Collection

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import RoleFacts, ServerFacts
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import AccessRequest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.plan import (
    Part,
    RolePlan,
    plan_roles,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import simple

from tests.support.values.names import (
    HOSTILE,
    SERVER_9_6,
    SERVER_17,
    a_reader,
    a_request,
    a_role,
    a_server,
    an_entry,
)

QUOTED = '"we""ird.näme\'; --"'
GROUP = a_role("readers", members=("metamapper",))
WISH = a_request()
VERIFIER = Secret("SCRAM-SHA-256$4096:...")


def plan(
    server: ServerFacts, wanted: AccessRequest = WISH, databases: tuple[str, ...] = (), to_set: Collection[str] = ()
) -> RolePlan:
    """Return the plan, given a verifier for each user."""
    verifiers = {user.name: VERIFIER for user in wanted.users}
    return plan_roles(server, wanted, databases=databases, verifiers=verifiers, to_set=to_set)


def statements(server: ServerFacts, wanted: AccessRequest = WISH, **arguments: Any) -> list[str]:
    """Return the statements for the group and the users, with secrets masked."""
    found = plan(server, wanted, **arguments)
    return [str(statement) for statement in (*found.group, *found.users)]


def server_with(**properties: Any) -> ServerFacts:
    """Return a server with the group and a user that differs from a plain reader in these properties."""
    return a_server(GROUP, a_reader("metamapper", **properties))


NEW_USER = [
    "CREATE ROLE metamapper LOGIN INHERIT CONNECTION LIMIT 20 PASSWORD '********'",
    "ALTER ROLE metamapper SET default_transaction_read_only = on",
    "ALTER ROLE metamapper SET client_encoding = 'UTF8'",
]


@pytest.mark.parametrize(
    ("server", "wanted", "expected"),
    [
        pytest.param(server_with(), WISH, [], id="the second run"),
        pytest.param(
            a_server(),
            WISH,
            [
                "CREATE ROLE readers NOLOGIN",
                *NEW_USER,
                "GRANT readers TO metamapper WITH INHERIT TRUE",
            ],
            id="an empty server",
        ),
        pytest.param(
            a_server(version_num=SERVER_9_6),
            WISH,
            ["CREATE ROLE readers NOLOGIN", *NEW_USER, "GRANT readers TO metamapper"],
            id="an empty server, 9.6",
        ),
        pytest.param(
            a_server(),
            a_request(HOSTILE, HOSTILE + "2", connection_limit=-1),
            [
                f"CREATE ROLE {QUOTED} NOLOGIN",
                f"CREATE ROLE {QUOTED[:-1]}2\" LOGIN INHERIT CONNECTION LIMIT -1 PASSWORD '********'",
                f'ALTER ROLE {QUOTED[:-1]}2" SET default_transaction_read_only = on',
                f"ALTER ROLE {QUOTED[:-1]}2\" SET client_encoding = 'UTF8'",
                f'GRANT {QUOTED} TO {QUOTED[:-1]}2" WITH INHERIT TRUE',
            ],
            id="hostile names, no limit",
        ),
        pytest.param(
            a_server(a_role("readers", can_login=True), a_reader("metamapper")),
            WISH,
            ["ALTER ROLE readers NOLOGIN"],
            id="a group that can log in",
        ),
        pytest.param(
            a_server(a_role("readers", is_createrole=True, can_login=True), a_reader("metamapper")),
            a_request(adopt=True),
            ["ALTER ROLE readers NOCREATEROLE NOLOGIN"],
            id="a group with attributes, adopted",
        ),
        pytest.param(server_with(can_login=False), WISH, ["ALTER ROLE metamapper LOGIN"], id="NOLOGIN"),
        pytest.param(
            server_with(is_expired=True),
            WISH,
            ["ALTER ROLE metamapper VALID UNTIL 'infinity'"],
            id="a password that has expired",
        ),
        pytest.param(server_with(is_inheriting=False), WISH, ["ALTER ROLE metamapper INHERIT"], id="NOINHERIT"),
        pytest.param(
            server_with(connection_limit=-1), WISH, ["ALTER ROLE metamapper CONNECTION LIMIT 20"], id="no limit"
        ),
        pytest.param(
            server_with(is_createdb=True, can_login=False, connection_limit=5),
            WISH,
            ["ALTER ROLE metamapper NOCREATEDB LOGIN CONNECTION LIMIT 20"],
            id="several in one statement",
        ),
        pytest.param(
            server_with(is_in_group=False),
            WISH,
            ["GRANT readers TO metamapper WITH INHERIT TRUE"],
            id="a member that does not inherit, 16 and newer",
        ),
        pytest.param(
            a_server(GROUP, a_reader("metamapper", is_in_group=False), version_num=SERVER_9_6),
            WISH,
            [],
            id="before 16 a member has nothing to be granted",
        ),
        pytest.param(
            a_server(a_role("readers"), a_reader("metamapper", is_in_group=False), version_num=SERVER_9_6),
            WISH,
            ["GRANT readers TO metamapper"],
            id="no member, 9.6",
        ),
        pytest.param(
            server_with(is_superuser=True),
            a_request(adopt=True),
            ["ALTER ROLE metamapper NOSUPERUSER", "GRANT readers TO metamapper WITH INHERIT TRUE"],
            id="a superuser only seems to be a member",
        ),
        pytest.param(a_server(GROUP), a_request(users=()), [], id="no users"),
    ],
)
def test_statements(server: ServerFacts, wanted: AccessRequest, expected: list[str]) -> None:
    assert statements(server, wanted) == expected


@pytest.mark.parametrize(
    ("roles", "to_set", "expected"),
    [
        pytest.param([GROUP], [], 1, id="a new user gets its password"),
        pytest.param([GROUP, a_reader("metamapper")], [], 0, id="an existing one does not"),
        pytest.param([GROUP, a_reader("metamapper")], ["metamapper"], 1, id="unless it is to be set"),
        pytest.param([GROUP, a_reader("metamapper")], [HOSTILE], 0, id="another user's is not this one's"),
    ],
)
def test_passwords(roles: list[RoleFacts], to_set: list[str], expected: int) -> None:
    users = plan(a_server(*roles), to_set=to_set).users
    assert [statement.secret for statement in users if statement.secret] == [VERIFIER] * expected


def test_only_what_is_necessary_carries_a_password() -> None:
    assert statements(server_with(can_login=False), to_set=["metamapper"]) == [
        "ALTER ROLE metamapper LOGIN",
        "ALTER ROLE metamapper PASSWORD '********'",
    ]


def problems(server: ServerFacts, wanted: AccessRequest = WISH) -> list[str]:
    """Return the text of each problem of the plan."""
    return [str(problem) for problem in plan(server, wanted).problems]


ADVICE = (
    "Choose another name. Or set metamapper_adopt: true (option adopt) to manage it nevertheless: its attributes are "
    "revoked, what it owns stays."
)


def more_than_a_reader(what: str, role: str = '"metamapper"') -> str:
    """Return the message about a role that is not adopted because of its attributes."""
    return f"The role {role} already exists and is more than a plain reader: it is {what}. {ADVICE}"


@pytest.mark.parametrize(
    ("properties", "what"),
    [
        ({"is_superuser": True}, "SUPERUSER"),
        ({"is_replication": True}, "REPLICATION"),
        ({"is_bypassrls": True}, "BYPASSRLS"),
        ({"is_createrole": True}, "CREATEROLE"),
        ({"is_createdb": True}, "CREATEDB"),
        ({"owned": 3, "is_in_group": False}, "the owner of 3 objects"),
        ({"members": (HOSTILE,)}, f"granted to {QUOTED}"),
        ({"members": ("a", "b", "c", "d")}, 'granted to "a", "b", "c"'),
        ({"is_superuser": True, "owned": 1, "members": ("a",)}, 'SUPERUSER, the owner of 1 objects, granted to "a"'),
    ],
)
def test_a_user_that_is_more_than_a_reader(properties: dict[str, Any], what: str) -> None:
    assert problems(server_with(**properties)) == [more_than_a_reader(what)]


def test_a_group_that_owns_something_is_not_taken_over() -> None:
    server = a_server(a_role("readers", owned=1, is_in_group=True), a_reader("metamapper"))
    assert "the owner of 1 objects" in problems(server)[0]


def test_what_a_leaked_login_has_made_keeps_nobody_from_setting_its_password() -> None:
    server = server_with(owned=3)
    assert problems(server) == []
    assert "PASSWORD" in statements(server, to_set={"metamapper"})[0]


@pytest.mark.parametrize(
    ("properties", "what"),
    [
        pytest.param({"can_login": True}, ["able to log in"], id="a login"),
        pytest.param({"owned": 2}, ["the owner of 2 objects"], id="an owner"),
        pytest.param({"members": ("a", HOSTILE)}, [], id="members are what a group is for"),
    ],
)
def test_a_group_that_is_more_than_a_reader(properties: dict[str, Any], what: list[str]) -> None:
    found = problems(a_server(a_role(HOSTILE, **properties)), a_request(HOSTILE))
    assert found == [more_than_a_reader(each, QUOTED) for each in what]


ITSELF = "is the administrator role of this task. Give Metamapper roles of its own."


@pytest.mark.parametrize("adopt", [False, True])
@pytest.mark.parametrize("wish", [("admin", "metamapper"), ("readers", "admin")], ids=["group", "user"])
def test_the_administrator_is_never_taken_over(wish: tuple[str, str], adopt: bool) -> None:
    assert problems(a_server(), a_request(*wish, adopt=adopt)) == [f'The role "admin" {ITSELF}']


def test_nor_is_the_login_behind_a_session_role() -> None:
    assert problems(a_server(a_role(HOSTILE), login=HOSTILE), a_request("readers", HOSTILE)) == [
        f"The role {QUOTED} {ITSELF}"
    ]


@pytest.mark.parametrize("properties", [{"is_superuser": True}, {"owned": 3}, {"members": (HOSTILE,)}])
def test_adopted(properties: dict[str, Any]) -> None:
    assert problems(server_with(**properties), a_request(adopt=True)) == []


CIRCLE = "is a member of the user"
CIRCULAR = "and PostgreSQL has no circular memberships."
WHO = {
    SERVER_17: 'a role with ADMIN OPTION on "metamapper" or a superuser',
    SERVER_9_6: "a role with CREATEROLE or a superuser",
}


@pytest.mark.parametrize(
    ("version", "granted_by"), [(SERVER_17, " GRANTED BY boss"), (SERVER_9_6, "")], ids=["17", "9.6"]
)
@pytest.mark.parametrize("adopt", [False, True])
def test_a_circle_of_memberships_is_refused(version: int, granted_by: str, adopt: bool) -> None:
    reader = a_reader("metamapper", is_in_group=False, group_through=[("readers", "boss"), (HOSTILE, "boss")])
    run, others = f"As {WHO[version]}, run:", "Or choose another user or group."
    assert problems(a_server(GROUP, reader, version_num=version), a_request(adopt=adopt)) == [
        f'The group "readers" {CIRCLE} "metamapper"{through}, {CIRCULAR}\n{run}\n'
        f"  REVOKE metamapper FROM {member}{granted_by};\n{others}"
        for through, member in (("", "readers"), (f", through {QUOTED}", QUOTED))
    ]


def test_creators_that_do_not_exist() -> None:
    wish = a_request(databases=(an_entry(creators=("admin", HOSTILE, "x")),))
    assert problems(a_server(), wish) == [
        f"The creator {QUOTED} does not exist on the server. Correct the name in creators, or use creators: auto.",
        'The creator "x" does not exist on the server. Correct the name in creators, or use creators: auto.',
    ]


def test_a_creator_that_may_be_meant() -> None:
    wish = a_request(databases=(an_entry(creators=("sales_onwer",)),))
    (said,) = problems(a_server(role_names=("admin", "postgres", "sales_owner")), wish)
    assert 'does not exist on the server. Did you mean "sales_owner"? Correct' in said


def by(admin: RoleFacts, *roles: RoleFacts, version: int = SERVER_17) -> ServerFacts:
    """Return a server with a non-superuser administrator."""
    return a_server(*roles, admin=admin, version_num=version)


PLAIN = a_role("plain")
CREATOR = a_role("rds", is_createrole=True)
OURS = a_role("readers", is_administered=True, members=("metamapper",))
NO_CREATEROLE = (
    'Role "plain" lacks CREATEROLE and cannot create or alter roles.\n'
    "As a superuser, run:\n  ALTER ROLE plain CREATEROLE;"
)
NO_ADMIN_OPTION = (
    'Role "rds" cannot alter or grant the role "metamapper": it lacks ADMIN OPTION on it, which PostgreSQL 16 and '
    'newer require.\nAs a role with ADMIN OPTION on "metamapper" or a superuser, run:\n'
    "  GRANT metamapper TO rds WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;"
)


@pytest.mark.parametrize(
    ("server", "wanted", "expected"),
    [
        pytest.param(by(PLAIN, GROUP, a_reader("metamapper")), WISH, [], id="nothing to do needs no right"),
        pytest.param(by(PLAIN), WISH, [NO_CREATEROLE], id="no CREATEROLE"),
        pytest.param(by(CREATOR), WISH, [], id="CREATEROLE makes roles"),
        pytest.param(
            by(PLAIN, OURS, a_reader("metamapper", is_in_group=False)), WISH, [], id="ADMIN OPTION grants membership"
        ),
        pytest.param(
            by(PLAIN, GROUP, a_reader("metamapper", is_in_group=False)),
            WISH,
            [NO_CREATEROLE],
            id="without it there is no membership",
        ),
        pytest.param(
            by(CREATOR, OURS, a_reader("metamapper", can_login=False)),
            WISH,
            [NO_ADMIN_OPTION],
            id="CREATEROLE without ADMIN OPTION, 16 and newer",
        ),
        pytest.param(
            by(CREATOR, OURS, a_reader("metamapper", can_login=False), version=SERVER_9_6),
            WISH,
            [],
            id="CREATEROLE without ADMIN OPTION, before 16",
        ),
        pytest.param(
            by(CREATOR, OURS, a_reader("metamapper", can_login=False, is_administered=True)),
            WISH,
            [],
            id="CREATEROLE with ADMIN OPTION",
        ),
        pytest.param(
            by(CREATOR, OURS, a_reader("metamapper", is_superuser=True, is_createdb=True)),
            a_request(adopt=True),
            [
                'Role "rds" cannot alter or grant the role "metamapper", which has SUPERUSER, CREATEDB.\n'
                "As a superuser, run:\n  ALTER ROLE metamapper NOSUPERUSER NOCREATEDB;",
                NO_ADMIN_OPTION,
            ],
            id="what only a superuser can take away",
        ),
        pytest.param(
            by(CREATOR, a_role("readers"), a_reader("metamapper", is_in_group=False, is_administered=True)),
            WISH,
            [NO_ADMIN_OPTION.replace("metamapper", "readers")],
            id="membership needs ADMIN OPTION on the group, not on the user",
        ),
    ],
)
def test_what_an_administrator_may_do(server: ServerFacts, wanted: AccessRequest, expected: list[str]) -> None:
    assert problems(server, wanted) == expected


READER = {
    "login": True,
    "inherit": True,
    "connection_limit": 20,
    "member": True,
    "attributes": [],
    "settings": {"all databases": OURS},
}


DROPPED_LOGIN = (simple("ALTER ROLE {} NOLOGIN", HOSTILE),)
PARTS: dict[Part, RolePlan] = {
    "group": RolePlan(group=DROPPED_LOGIN),
    "users": RolePlan(users=DROPPED_LOGIN),
    "nologin": RolePlan(nologin=DROPPED_LOGIN),
    "retired": RolePlan(retired=DROPPED_LOGIN),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_plan_for_roles(part: Part) -> None:
    assert {one: plan.part(part) for one, plan in PARTS.items()} == {**dict.fromkeys(PARTS, ()), part: DROPPED_LOGIN}
