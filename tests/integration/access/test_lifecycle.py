# SPDX-License-Identifier: GPL-3.0-or-later
"""The lifecycle of a grant: predicted, granted, found unchanged, broken by hand and repaired."""

from __future__ import annotations

import re
from typing import Any, Callable

import pytest

from tests.support.modules.access import PASSWORD, Warehouse, creators, password_states, version
from tools.postgres.snapshot import differences, next_transaction_id, rewritten_relations, snapshot

# A statement at the beginning of a logged message, or on a line of its own in one.
WRITING = re.compile(r"(?:statement: |^\s*)(GRANT|REVOKE|ALTER|CREATE|DROP|SELECT pg_catalog\.pg_advisory\S+)\b", re.M)


def logged_since(warehouse: Warehouse, position: int) -> str:
    """Return what the server logged after a position."""
    return warehouse.server.logged()[position:]


def test_check_mode_works_before_anything_exists_and_writes_nothing(warehouse: Warehouse) -> None:
    before = snapshot(warehouse.server, warehouse.database, "postgres")
    transaction = next_transaction_id(warehouse.server)
    predicted = warehouse.access(check=True, diff=True).ok()
    assert predicted.changed
    assert differences(before, snapshot(warehouse.server, warehouse.database, "postgres")) == []
    assert next_transaction_id(warehouse.server) == transaction


def test_what_check_mode_predicts_is_what_is_run(warehouse: Warehouse) -> None:
    predicted = warehouse.access(check=True, diff=True).ok()
    made = warehouse.access(diff=True).ok()
    assert made.statements == predicted.statements
    assert made["before"] == predicted["before"]
    assert made["after"] == predicted["after"]
    assert made["diff"] == predicted["diff"]


def test_the_user_can_read_every_kind_of_relation(warehouse: Warehouse) -> None:
    made = warehouse.access().ok()
    assert made.changed
    assert password_states(made) == {warehouse.user: "set"}
    assert warehouse.readable(warehouse.schema) == warehouse.relations
    assert warehouse.readable(warehouse.other) == warehouse.relations


def test_the_user_can_do_nothing_but_read(warehouse: Warehouse) -> None:
    warehouse.access().ok()
    query = (
        "SELECT a.privilege_type FROM pg_class c, aclexplode(c.relacl) a WHERE pg_get_userbyid(a.grantee) = %s"
        " UNION SELECT a.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) a"
        " WHERE pg_get_userbyid(a.grantee) = %s"
        " UNION SELECT a.privilege_type FROM pg_default_acl f, aclexplode(f.defaclacl) a"
        " WHERE pg_get_userbyid(a.grantee) = %s"
    )
    database = warehouse.database
    rows = warehouse.server.execute(query, database=database, parameters=[warehouse.group] * 3)
    assert {row[0] for row in rows} == {"SELECT", "USAGE"}
    assert warehouse.server.execute(query, database=database, parameters=[warehouse.user] * 3) == []


def test_group_and_user_are_made_as_promised(warehouse: Warehouse) -> None:
    warehouse.access(connection_limit=7).ok()
    query = (
        "SELECT rolcanlogin, rolinherit, rolconnlimit, rolsuper, rolcreatedb, rolcreaterole, rolreplication,"
        " rolbypassrls FROM pg_roles WHERE rolname = %s"
    )
    (group,) = warehouse.server.execute(query, parameters=[warehouse.group])
    (user,) = warehouse.server.execute(query, parameters=[warehouse.user])
    assert (group[0], *group[3:]) == (False,) * 6
    assert user == (True, True, 7, False, False, False, False, False)
    inherits = "SELECT pg_has_role(%s, %s, 'USAGE')"
    assert warehouse.server.execute(inherits, parameters=[warehouse.user, warehouse.group]) == [(True,)]
    with warehouse.login() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW default_transaction_read_only")
        assert cursor.fetchone() == ("on",)


def test_a_second_run_writes_nothing(warehouse: Warehouse) -> None:
    position = len(warehouse.server.logged())
    warehouse.access().ok()
    assert {"GRANT", "ALTER", "CREATE"} <= set(WRITING.findall(logged_since(warehouse, position)))
    assert "pg_advisory_xact_lock" in logged_since(warehouse, position)
    before = snapshot(warehouse.server, warehouse.database, "postgres")
    transaction = next_transaction_id(warehouse.server)
    position = len(warehouse.server.logged())
    again = warehouse.access(diff=True).ok()
    log = logged_since(warehouse, position)
    assert not again.changed
    assert again.statements == []
    assert again["diff"] == {"before": "", "after": ""}
    assert again["before"] == {**again["after"]}
    assert password_states(again) == {warehouse.user: "proven"}
    assert WRITING.findall(log) == []
    assert "pg_advisory" not in log
    assert "READ WRITE" not in log
    assert differences(before, snapshot(warehouse.server, warehouse.database, "postgres")) == []
    assert next_transaction_id(warehouse.server) == transaction


# What is broken by hand, and the only statements that are run to repair it.
Break = Callable[[Warehouse], Any]


def _membership(warehouse: Warehouse) -> str:
    inherit = " WITH INHERIT TRUE" if version(warehouse.server) >= 160000 else ""
    return f"GRANT {quoted(warehouse.group)} TO {quoted(warehouse.user)}{inherit}"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def revoke_membership(warehouse: Warehouse) -> None:
    # The grantor is the administrator from 16 on, and a superuser's REVOKE removes only what superusers granted.
    grantor = warehouse.admin.name if version(warehouse.server) >= 160000 else warehouse.server.user
    warehouse.run("SET ROLE {}; REVOKE {} FROM {}", grantor, warehouse.group, warehouse.user)


BREAKS: dict[str, tuple[Break, Callable[[Warehouse], list[str]]]] = {
    "select": (
        lambda w: w.run("REVOKE SELECT ON {}.{} FROM {}", w.schema, "ta.ble", w.group),
        lambda w: [f'GRANT SELECT ON TABLE {quoted(w.schema)}."ta.ble" TO {quoted(w.group)}'],
    ),
    "usage": (
        lambda w: w.run("REVOKE USAGE ON SCHEMA {} FROM {}", w.other, w.group),
        lambda w: [f"GRANT USAGE ON SCHEMA {quoted(w.other)} TO {quoted(w.group)}"],
    ),
    "connect": (
        lambda w: w.run("REVOKE CONNECT ON DATABASE {} FROM {}, PUBLIC", w.database, w.group),
        lambda w: [f"GRANT CONNECT ON DATABASE {quoted(w.database)} TO {quoted(w.group)}"],
    ),
    "default": (
        lambda w: w.run(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} REVOKE SELECT ON TABLES FROM {}",
            w.owner,
            w.schema,
            w.group,
        ),
        lambda w: [
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {quoted(w.owner)} IN SCHEMA {quoted(w.schema)} "
            f"GRANT SELECT ON TABLES TO {quoted(w.group)}"
        ],
    ),
    "membership": (revoke_membership, lambda w: [_membership(w)]),
    "nologin": (
        lambda w: w.run("ALTER ROLE {} NOLOGIN", w.user),
        lambda w: [f"ALTER ROLE {quoted(w.user)} LOGIN"],
    ),
    "limit": (
        lambda w: w.run("ALTER ROLE {} CONNECTION LIMIT 0", w.user),
        lambda w: [f"ALTER ROLE {quoted(w.user)} CONNECTION LIMIT 20"],
    ),
    "read-only": (
        lambda w: w.run("ALTER ROLE {} SET default_transaction_read_only = off", w.user),
        lambda w: [f"ALTER ROLE {quoted(w.user)} SET default_transaction_read_only = on"],
    ),
    "setting-in-database": (
        lambda w: w.run("ALTER ROLE {} IN DATABASE {} SET default_transaction_read_only = off", w.user, w.database),
        lambda w: [f"ALTER ROLE {quoted(w.user)} IN DATABASE {quoted(w.database)} RESET default_transaction_read_only"],
    ),
    "client-encoding": (
        lambda w: w.run("ALTER ROLE {} RESET client_encoding", w.user),
        lambda w: [f"ALTER ROLE {quoted(w.user)} SET client_encoding = 'UTF8'"],
    ),
    "password": (
        lambda w: w.run("ALTER ROLE {} PASSWORD 'another'", w.user),
        lambda w: [f"ALTER ROLE {quoted(w.user)} PASSWORD '********'"],
    ),
    "createdb": (
        lambda w: w.run("ALTER ROLE {} CREATEDB", w.user),
        lambda w: [f"ALTER ROLE {quoted(w.user)} NOCREATEDB"],
    ),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_is_broken_by_hand_is_mended_and_nothing_else_is_written(warehouse: Warehouse, what: str) -> None:
    do_break, fixes = BREAKS[what]
    adopt = {"adopt": what == "createdb"}
    warehouse.access().ok()
    do_break(warehouse)
    broken = snapshot(warehouse.server, warehouse.database)
    fixed = warehouse.access(**adopt).ok()
    assert fixed.statements == fixes(warehouse)
    written = rewritten_relations(broken, snapshot(warehouse.server, warehouse.database), warehouse.database)
    assert written == ({"ta.ble"} if what == "select" else set())
    assert warehouse.readable(warehouse.schema) == warehouse.relations
    assert not warehouse.access().ok().changed


def test_noinherit_is_mended_where_the_version_keeps_it(warehouse: Warehouse) -> None:
    warehouse.access().ok()
    warehouse.run("ALTER ROLE {} NOINHERIT", warehouse.user)
    if version(warehouse.server) >= 160000:
        grantor = warehouse.admin.name
        warehouse.run("SET ROLE {}; GRANT {} TO {} WITH INHERIT FALSE", grantor, warehouse.group, warehouse.user)
    assert warehouse.readable(warehouse.schema) == []
    fixed = warehouse.access().ok()
    assert fixed.statements[0] == f"ALTER ROLE {quoted(warehouse.user)} INHERIT"
    assert warehouse.readable(warehouse.schema) == warehouse.relations
    assert not warehouse.access().ok().changed


def test_a_table_added_by_another_way_is_all_that_the_next_run_names(warehouse: Warehouse) -> None:
    warehouse.access().ok()
    warehouse.run_as(warehouse.owner, "CREATE TABLE {}.later(id int)", warehouse.schema)
    assert not warehouse.access().ok().changed
    warehouse.run("REVOKE SELECT ON {}.later FROM {}", warehouse.schema, warehouse.group)
    fixed = warehouse.access().ok()
    assert fixed.statements == [f"GRANT SELECT ON TABLE {quoted(warehouse.schema)}.later TO {quoted(warehouse.group)}"]


def test_before_and_after_tell_each_database_and_schema(warehouse: Warehouse) -> None:
    made = warehouse.access().ok()
    count = len(warehouse.relations)
    after = made["after"]["databases"][warehouse.database]
    assert after["connect"] == "granted"
    assert after["schemas"][warehouse.schema] == {
        "usage": "granted",
        "relations": count,
        "privilege": "SELECT",
        "granted": count,
        "other": 0,
        "future": creators(warehouse),
    }
    assert made["before"]["databases"][warehouse.database]["schemas"][warehouse.other]["usage"] == "missing"
    assert made["server_version"].split()[0] == warehouse.server.execute("SHOW server_version")[0][0].split()[0]


def test_nothing_of_the_password_is_in_what_the_module_returns(warehouse: Warehouse) -> None:
    for outcome in (warehouse.access(check=True, diff=True), warehouse.access(diff=True), warehouse.access(diff=True)):
        assert PASSWORD not in outcome.ok().text
        assert PASSWORD not in str(outcome.result)
        assert "SCRAM-SHA-256$" not in outcome.text


def test_the_search_path_is_the_administrators_unless_one_is_asked_for(warehouse: Warehouse) -> None:
    warehouse.access().ok()
    warehouse.run(
        "ALTER ROLE {} SET search_path = pg_temp; ALTER ROLE {} SET client_encoding = 'LATIN1'", *[warehouse.user] * 2
    )
    assert not warehouse.access().ok().changed
    wanted = 'PG_CATALOG, "$user"'
    checked = warehouse.access(check=True, search_path=wanted).ok()
    assert checked.statements == [f'ALTER ROLE {quoted(warehouse.user)} SET search_path = pg_catalog, "$user"']
    assert warehouse.access(search_path=wanted).ok().statements == checked.statements
    assert not warehouse.access(search_path=wanted).ok().changed
    with warehouse.login() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ('pg_catalog, "$user"',)


def test_a_search_path_that_makes_a_default_too_long_is_refused(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    function = "a_name_that_is_rather_long" * 2
    warehouse.run(f"CREATE FUNCTION public.{function}() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    expression = "+".join([f"public.{function}()"] * 4)
    warehouse.run(f"CREATE TABLE {{}}.long_default (id int DEFAULT {expression})", warehouse.schema)
    warehouse.access(search_path="public").ok()
    before = snapshot(warehouse.server, warehouse.database)
    refused = warehouse.access(search_path="pg_catalog")
    assert "has 2" in refused["msg"]
    assert "Metamapper stores 255 at most" in refused["msg"]
    assert differences(before, snapshot(warehouse.server, warehouse.database)) == []
