# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever has obtained the login cannot prevent it from being locked, replaced or dropped."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator

import psycopg2
import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres import transaction

from tests.support.modules.access import superuser_options, version
from tests.support.postgres.site import Site, identifiers
from tools.runners.modules import Outcome, run_module

pytestmark = pytest.mark.thorough

Connect = Callable[[], Any]
SECOND = "s3cond"


def runs(script: str, *roles: str) -> Callable[[Site, Connect], None]:
    """Return a function that runs a statement with the leaked login; the names of roles replace each {}."""

    def do(site: Site, connect: Connect) -> None:
        with connect().cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute(identifiers(script, *map(site.role_name, roles)))

    return do


def take_all_connections(_site: Site, connect: Connect) -> None:
    """Open as many connections as the role may."""
    with contextlib.suppress(psycopg2.OperationalError):
        while True:
            connect()


ACTS: dict[str, Callable[[Site, Connect], None]] = {
    "a large object": runs("SELECT lo_create(0)"),
    "a temporary table": runs("CREATE TEMPORARY TABLE t (a int)"),
    "a table in public": runs("CREATE TABLE public.t (a int)"),
    "default privileges": runs("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {}", "other"),
    "another password": runs("ALTER ROLE {} PASSWORD 'mine'", "metamapper"),
    "a time limit": runs("ALTER ROLE {} SET statement_timeout = '1ms'", "metamapper"),
    "an encoding": runs("ALTER ROLE {} SET client_encoding = 'LATIN1'", "metamapper"),
    "transactions that write": runs("ALTER ROLE {} SET default_transaction_read_only = off", "metamapper"),
    "all connections": take_all_connections,
}
LIBRARY = runs("ALTER ROLE {} SET local_preload_libraries = 'no_such'", "metamapper")  # every later login fails
MEMBER = runs("GRANT {} TO {}", "metamapper", "other")


@pytest.fixture
def granted(site: Site) -> dict[str, Any]:
    """Grant access on a server where everybody may create objects in public; return the module's options."""
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.t (id int); GRANT CREATE ON SCHEMA public TO PUBLIC")
    site.create_role("other")
    users = [{"name": site.user, "password": site.password}]
    options = superuser_options(site, users=users, databases=[{"name": site.database, "schemas": ["sales"]}])
    run_module("access", options).ok()
    return options


@pytest.fixture(params=[*ACTS, "a library", "a member"])
def leaked(request: pytest.FixtureRequest, site: Site, granted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Grant access and let the leaked login do something; its connections stay open for the length of the test."""
    act = {**ACTS, "a library": LIBRARY, "a member": MEMBER}[request.param]
    with contextlib.ExitStack() as connections:
        try:
            act(site, lambda: connections.enter_context(site.login()))
        except psycopg2.errors.InsufficientPrivilege:
            assert (request.param, version(site.server) >= 160000) == ("a member", True)
        yield granted


def can_read(site: Site, user: str, password: str) -> bool:
    """Tell whether a user can log in and read the listed schema, whatever time limit its role has."""
    try:
        with site.login(user, password, options="-c statement_timeout=0") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sales.t")
    except psycopg2.OperationalError:
        return False
    return True


def test_another_user_takes_its_place(site: Site, leaked: dict[str, Any]) -> None:
    second = site.role_name("second")
    users = [{"name": second, "password": SECOND}, {"name": site.user, "state": "retired"}]
    run_module("access", {**leaked, "users": users}).ok()
    assert (can_read(site, second, SECOND), can_read(site, site.user, site.password)) == (True, False)
    run_module("access", {**leaked, "users": users, "end_connections": True}).ok()
    query = "SELECT pg_has_role(%s::name, %s::name, 'MEMBER')"
    assert site.server.execute(query, parameters=[site.user, site.group]) == [(False,)]


@pytest.mark.parametrize("act", [*ACTS.values(), MEMBER], ids=[*ACTS, "a member"])
def test_its_password_is_changed(site: Site, granted: dict[str, Any], act: Callable[[Site, Connect], None]) -> None:
    with contextlib.ExitStack() as connections:
        with contextlib.suppress(psycopg2.errors.InsufficientPrivilege):
            act(site, lambda: connections.enter_context(site.login()))
        run_module("access", {**granted, "users": [{"name": site.user, "password": SECOND}]}).ok()
    assert (can_read(site, site.user, SECOND), can_read(site, site.user, site.password)) == (True, False)


def revoke(site: Site, options: dict[str, Any]) -> Outcome:
    """Revoke all access."""
    kept = {name: value for name, value in options.items() if name != "databases"}
    return run_module("access", {**kept, "state": "absent", "users": [{"name": site.user}]})


def test_it_is_dropped_once_what_it_owns_is_gone_and_logs_in_no_more(site: Site, leaked: dict[str, Any]) -> None:
    leaked["end_connections"] = True
    outcome = revoke(site, leaked)
    if outcome.failed:
        assert f'owns 1 objects in database "{site.database}"' in outcome["msg"]
        for problem in outcome["problems"]:
            site.server.execute(problem["statement"], database=problem["database"])
        revoke(site, leaked).ok()
    query = "SELECT FROM pg_catalog.pg_roles WHERE rolname = %s"
    assert site.server.execute(query, parameters=[site.user]) == []


def uncommitted(site: Site, connect: Connect) -> None:
    """Change the password, and keep the transaction open: the row of the role stays locked."""
    connection = connect()
    connection.autocommit = False
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        connection.commit()
        cursor.execute(identifiers("ALTER ROLE {} PASSWORD 'mine'", site.user))


def test_a_transaction_of_its_own_that_stays_open_is_named_and_can_be_ended(
    site: Site, granted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "FIRST_PAUSE_SECONDS", 0.001)
    with contextlib.ExitStack() as connections:
        uncommitted(site, lambda: connections.enter_context(site.login()))
        quick = {**granted, "lock_timeout_ms": 50}
        refused = revoke(site, {**quick, "end_connections": False})
        assert (refused.failed, refused["sqlstate"]) == (True, "55P03")
        assert f'(role "{site.user}", since ' in refused["msg"]
        assert "pg_catalog.pg_terminate_backend(" in refused["msg"]
        revoke(site, {**quick, "end_connections": True}).ok()
    query = "SELECT FROM pg_catalog.pg_roles WHERE rolname = %s"
    assert site.server.execute(query, parameters=[site.user]) == []
