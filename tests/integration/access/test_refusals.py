# SPDX-License-Identifier: GPL-3.0-or-later
"""All wrong input is reported in one error, and nothing is written."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Mapping
from unittest import mock

import pytest

from tests.support.modules.access import Admin, Warehouse, messages, remedies
from tests.support.postgres.site import Site
from tools.postgres.server import Server
from tools.postgres.snapshot import differences, next_transaction_id, snapshot
from tools.runners.modules import Outcome

Changes = Callable[[Warehouse], Mapping[str, Any]]


@pytest.fixture(scope="module", params=["superuser", "deputy"])
def shared(request: pytest.FixtureRequest, server: Server) -> Iterator[Warehouse]:
    """A warehouse shared by many tests, none of which writes."""
    site = Site(server)
    try:
        yield Warehouse(site, is_superuser=request.param == "superuser")
    finally:
        site.clean_up()


@pytest.fixture
def watched(shared: Warehouse) -> Iterator[Warehouse]:
    """The shared warehouse, with a check that the test wrote nothing."""
    warehouse = shared
    before = snapshot(warehouse.server, warehouse.database)
    transaction = next_transaction_id(warehouse.server)
    yield warehouse
    assert differences(before, snapshot(warehouse.server, warehouse.database)) == []
    assert next_transaction_id(warehouse.server) == transaction


def users(warehouse: Warehouse, **changes: Any) -> dict[str, Any]:
    return {"users": [{"name": warehouse.user, "password": warehouse.password, **changes}]}


def entry(warehouse: Warehouse, **changes: Any) -> dict[str, Any]:
    return {"databases": [warehouse.entry(**changes)]}


# Changes to the options, and a part of the only message.
CASES: dict[str, tuple[Changes, str]] = {
    "unknown-database": (lambda w: {"databases": [{"name": "gone", "schemas": ["x"]}]}, 'Database "gone" not found'),
    "unmatched-databases": (lambda w: {"databases": [{"name": "gone*", "schemas": ["x"]}]}, "as a name or a pattern"),
    "unknown-schema": (lambda w: entry(w, schemas=["slaes"]), 'Schema "slaes" not found in database'),
    "unmatched-schemas": (lambda w: entry(w, schemas=["no_*"]), 'Schema "no_*" not found'),
    "all-excluded": (lambda w: entry(w, schemas=[w.schema], exclude_schemas=["*"]), "means is excluded again"),
    "system-schema": (lambda w: entry(w, schemas=["pg_catalog"]), '"pg_catalog" listed for database'),
    "information-schema": (lambda w: entry(w, schemas=["information_schema"]), "is PostgreSQL's own"),
    "unknown-creator": (lambda w: entry(w, creators=["nobody; --"]), 'The creator "nobody; --" does not exist'),
    "auto-and-names": (lambda w: entry(w, creators=["auto", w.owner]), 'mix "auto" with names'),
    "no-schemas": (lambda w: entry(w, schemas=[]), "No schema is listed"),
    "no-databases": (lambda w: {"databases": []}, "No database is listed"),
    "twice": (lambda w: {"databases": [w.entry(), w.entry()]}, "is listed more than once"),
    "same-name": (lambda w: users(w, name=w.group), "PostgreSQL has one name space for both"),
    "pg-group": (lambda w: {"group": "pg_readers"}, 'The name "pg_readers" of a group is reserved'),
    "pg-user": (lambda w: users(w, name="pg_user"), 'The name "pg_user" of a user is reserved'),
    "public": (lambda w: {"group": "public"}, "is reserved"),
    "empty-password": (lambda w: users(w, password=""), "is empty; PostgreSQL would refuse every login"),
    "empty-group": (lambda w: {"group": ""}, "The name of a group is empty"),
    "long-name": (lambda w: {"group": "ä" * 32}, "has 64 bytes; PostgreSQL would cut it at 63"),
    "user-twice": (lambda w: {"users": users(w)["users"] * 2}, "is listed more than once"),
    "limit": (lambda w: {"connection_limit": -2}, "The option connection_limit is -2"),
    "lock-timeout": (lambda w: {"lock_timeout_ms": 0}, "The option lock_timeout_ms is 0"),
    "admin-as-group": (lambda w: {"group": w.admin.name}, "is the administrator role of this task"),
    "admin-as-user": (lambda w: users(w, name=w.admin.name), "is the administrator role of this task"),
    "wrong-password": (lambda w: {"login_password": "no"}, "password authentication failed"),
    "wrong-port": (lambda w: {"login_port": 1}, "Cannot connect to database"),
    "unknown-login-db": (lambda w: {"login_db": "go\"ne"}, "Cannot connect to database"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_wrong_input_is_refused_with_and_without_check_mode(watched: Warehouse, case: str) -> None:
    changes, expected = CASES[case]
    for check in (True, False):
        refused = watched.access(check=check, **changes(watched))
        assert refused.failed
        (message,) = messages(refused)
        assert expected in message
        assert refused["msg"].startswith(message)
        assert refused["committed"] == []


def listed(outcome: Outcome, *parts: str) -> None:
    """Assert that an error has exactly these problems, and that its text numbers them."""
    found = messages(outcome)
    assert [part for part in parts if not any(part in message for message in found)] == []
    assert len(found) == len(parts)
    assert outcome["msg"].startswith(f"{len(parts)} problems:\n1. ")
    assert f"\n{len(parts)}. " in outcome["msg"]


def test_all_that_the_options_say_wrong_is_one_error(watched: Warehouse) -> None:
    wrong = {"group": "pg_x", "lock_timeout_ms": -1, **users(watched, password=""), "databases": []}
    listed(watched.access(**wrong), "reserved", "lock_timeout_ms", "is empty", "No database")


def test_all_that_the_server_says_wrong_is_one_error(watched: Warehouse) -> None:
    entries = [
        {"name": "gone", "schemas": ["x"]},
        {"name": "gone_*", "schemas": ["x"]},
        watched.entry(schemas=["slaes", "no_*", watched.schema], creators=["nobody"]),
    ]
    refused = watched.access(databases=entries, group=watched.admin.name)
    listed(refused, '"gone"', '"gone_*"', '"slaes"', '"no_*"', '"nobody"', "is the administrator role")


def test_a_missing_psycopg2_is_said_with_what_to_install(superuser_warehouse: Warehouse) -> None:
    connection = "ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver"
    with mock.patch(f"{connection}.PSYCOPG2_IMPORT_ERROR", "Traceback"):
        refused = superuser_warehouse.access()
    assert refused.failed
    assert "Install psycopg2-binary" in refused["msg"]


def test_a_server_older_than_9_6_is_refused(superuser_warehouse: Warehouse) -> None:
    versions = "ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version"
    with mock.patch(f"{versions}.OLDEST", 990000):  # no server is that old here
        refused = superuser_warehouse.access()
    assert refused.failed
    assert "the oldest that this collection works with is 9.6" in refused["msg"]


# Attributes of an existing role, and the word for it in the error.
TAKEOVERS: dict[str, str] = {
    "SUPERUSER": "SUPERUSER",
    "REPLICATION": "REPLICATION",
    "BYPASSRLS": "BYPASSRLS",
    "CREATEROLE": "CREATEROLE",
    "CREATEDB": "CREATEDB",
}


@pytest.mark.parametrize("attribute", TAKEOVERS)
@pytest.mark.parametrize("part", ["group", "user"])
def test_a_role_with_elevated_attributes_is_not_taken_over(
    superuser_warehouse: Warehouse, attribute: str, part: str
) -> None:
    warehouse = superuser_warehouse
    role = warehouse.site.create_role("pow'er\"ful", f"NOLOGIN {attribute}")
    changes = {"group": role} if part == "group" else users(warehouse, name=role)
    before = snapshot(warehouse.server, warehouse.database)
    refused = warehouse.access(**changes)
    assert refused.failed
    assert f"is {TAKEOVERS[attribute]}" in refused["msg"].replace("it is ", "is ")
    assert "adopt" in refused["msg"]
    assert differences(before, snapshot(warehouse.server, warehouse.database)) == []
    warehouse.access(adopt=True, **changes).ok()
    query = "SELECT 1 FROM pg_roles WHERE rolname = %s AND NOT ("
    query += "rolsuper OR rolreplication OR rolbypassrls OR rolcreaterole OR rolcreatedb)"
    assert warehouse.server.execute(query, parameters=[role]) == [(1,)]
    assert not warehouse.access(adopt=True, **changes).ok().changed


OTHER_TAKEOVERS: dict[str, tuple[Callable[[Warehouse, str], Any], str, str]] = {
    "group-with-login": (lambda w, role: w.run("ALTER ROLE {} LOGIN", role), "group", "able to log in"),
    "owner-in-another-database": (
        lambda w, role: w.site.run("CREATE SCHEMA AUTHORIZATION {}", role),
        "user",
        "the owner of 1 objects",
    ),
    "owner-as-group": (lambda w, role: w.run("CREATE SCHEMA AUTHORIZATION {}", role), "group", "the owner of 1"),
    "user-with-members": (lambda w, role: w.run("GRANT {} TO {}", role, w.owner), "user", "granted to"),
}


@pytest.mark.parametrize("case", OTHER_TAKEOVERS)
def test_a_role_that_is_in_use_is_not_taken_over(superuser_warehouse: Warehouse, case: str) -> None:
    warehouse = superuser_warehouse
    prepare, part, expected = OTHER_TAKEOVERS[case]
    role = warehouse.site.create_role("us'ed\"")
    prepare(warehouse, role)
    refused = warehouse.access(**({"group": role} if part == "group" else users(warehouse, name=role)))
    assert refused.failed
    assert expected in refused["msg"]


CIRCLES: dict[str, Callable[[Warehouse, str, str], Any]] = {
    "directly": lambda w, group, user: w.run("GRANT {} TO {}", user, group),
    "at a distance": lambda w, group, user: w.run("GRANT {} TO {}; GRANT {} TO {}", user, w.owner, w.owner, group),
}


@pytest.mark.parametrize("case", CIRCLES)
def test_a_circle_of_memberships_is_refused_before_anything_is_written(
    superuser_warehouse: Warehouse, case: str
) -> None:
    warehouse = superuser_warehouse
    group, user = warehouse.site.create_role("gr'oup\""), warehouse.site.create_role("us'er\"")
    CIRCLES[case](warehouse, group, user)
    changes = {"adopt": True, "group": group, **users(warehouse, name=user)}
    before = snapshot(warehouse.server, warehouse.database)
    for check in (True, False):
        refused = warehouse.access(check=check, **changes)
        assert refused.failed
        assert "no circular memberships" in refused["msg"]
    assert differences(before, snapshot(warehouse.server, warehouse.database)) == []
    for statement in remedies(refused):
        warehouse.run(statement)
    warehouse.access(**changes).ok()


def test_what_only_a_superuser_can_take_away_is_said_with_the_statement(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    role = warehouse.site.create_role("pow'er\"ful", "NOLOGIN BYPASSRLS REPLICATION")
    changes = {"adopt": True, **users(warehouse, name=role)}
    for _step in range(2):  # from 16 on, ADMIN OPTION on the role is missing next
        refused = warehouse.access(**changes)
        if not refused.failed:
            break
        for statement in remedies(refused):
            warehouse.run(statement)
    warehouse.access(**changes).ok()
    assert not warehouse.access(**changes).ok().changed


def test_a_plain_role_is_taken_over_and_mended(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    group = warehouse.site.create_role("pla'in\"", "NOLOGIN")
    user = warehouse.site.create_role("us'er\"", "NOLOGIN NOINHERIT")
    warehouse.user = user
    warehouse.access(group=group, **users(warehouse)).ok()
    assert warehouse.readable(warehouse.schema) == warehouse.relations


def test_an_administrator_who_may_not_make_roles_learns_what_to_run(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    warehouse.run("ALTER ROLE {} NOCREATEROLE", warehouse.admin.name)
    refused = warehouse.access()
    assert refused.failed
    (statement,) = remedies(refused)
    warehouse.run(statement)
    warehouse.access().ok()


def test_misspelt_roles_get_what_may_be_meant(watched: Warehouse) -> None:
    refused = [
        watched.access(check=True, session_role="postgers"),
        watched.access(check=True, databases=[watched.entry(creators=["postgers"])]),
    ]
    assert [one["msg"].partition("?")[0] for one in refused] == [
        'Cannot become the session role "postgers": it does not exist. Did you mean "postgres"',
        'The creator "postgers" does not exist on the server. Did you mean "postgres"',
    ]


def test_the_administrator_is_the_session_role(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    login = warehouse.site.create_role("per'son\"al", "LOGIN NOINHERIT PASSWORD 'x'")
    warehouse.run("GRANT {} TO {}", warehouse.admin.name, login)
    admin, warehouse.admin = warehouse.admin, Admin(login, "x", is_superuser=False)
    assert warehouse.access().failed
    warehouse.access(session_role=admin.name).ok()
    assert warehouse.readable(warehouse.schema) == warehouse.relations
    assert not warehouse.access(session_role=admin.name).ok().changed
