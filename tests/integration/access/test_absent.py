# SPDX-License-Identifier: GPL-3.0-or-later
"""All access is revoked, wherever it is and whoever granted it: afterwards the server is as it was before the grant."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from typing import Any
from unittest import mock

import psycopg2
import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect import inspect_server

from tests.support.modules.access import HOSTILE, Warehouse, version
from tests.support.modules.removal import absent_options, remove, role_names, tables_extension
from tests.support.postgres.acls import acls, changed
from tests.support.postgres.holdings import grant, grants, held, make_objects
from tools.postgres.snapshot import differences, next_transaction_id, snapshot
from tools.runners.modules import start_module


def test_after_grant_and_revoke_the_server_is_as_before(warehouse: Warehouse) -> None:
    before = acls(warehouse.server, warehouse.database, "postgres")
    warehouse.access().ok()
    predicted = remove(warehouse, check=True, diff=True).ok()
    made = remove(warehouse, diff=True).ok()
    assert changed(before, acls(warehouse.server, warehouse.database, "postgres")) == {}
    assert made.changed
    assert made.statements == predicted.statements
    for key in ("before", "after", "diff", "disappears"):
        assert made[key] == predicted[key]
    assert made["disappears"] == [
        {"database": warehouse.database, "schemas": sorted([warehouse.schema, warehouse.other])}
    ]
    nothing = {"connect": "", "schemas": {}, "extraneous": {}}
    assert made["after"]["roles"] == {warehouse.group: {}, warehouse.user: {}}
    assert (made["after"]["databases"], made["after"]["server"]) == ({warehouse.database: nothing}, {})
    counts = made["before"]["databases"][warehouse.database]["extraneous"][warehouse.schema][warehouse.group]
    assert counts == {
        "SELECT on future tables": 1 if warehouse.admin.is_superuser else 2,  # the deputy inherits from the owner
        "SELECT on relation": len(warehouse.relations),
        "USAGE on schema": 1,
    }


def test_check_mode_writes_nothing(warehouse: Warehouse) -> None:
    warehouse.access().ok()
    before = snapshot(warehouse.server, warehouse.database, "postgres")
    transaction = next_transaction_id(warehouse.server)
    assert remove(warehouse, check=True).ok().changed
    assert differences(before, snapshot(warehouse.server, warehouse.database, "postgres")) == []
    assert next_transaction_id(warehouse.server) == transaction


def test_what_does_not_exist_is_nothing_to_do_and_writes_nothing(warehouse: Warehouse) -> None:
    before = snapshot(warehouse.server, warehouse.database, "postgres")
    transaction = next_transaction_id(warehouse.server)
    again = remove(warehouse, diff=True).ok()
    assert not again.changed
    assert again.statements == []
    assert again["diff"] == {"before": "", "after": ""}
    assert differences(before, snapshot(warehouse.server, warehouse.database, "postgres")) == []
    assert next_transaction_id(warehouse.server) == transaction


def test_what_was_granted_by_hand_goes_wherever_it_is_and_whatever_it_is(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    schema = make_objects(warehouse)
    other = warehouse.site.create_database(f"{HOSTILE} other")
    warehouse.site.run("CREATE SCHEMA {}", HOSTILE, database=other)
    grantor = warehouse.site.create_role("gran'tor\"")
    warehouse.run("GRANT USAGE ON SCHEMA {} TO {} WITH GRANT OPTION", schema, grantor)
    before = acls(warehouse.server, warehouse.database, other, "postgres")
    warehouse.access().ok()
    for statement in grants(warehouse).values():
        grant(warehouse, statement, schema, warehouse.group)
        grant(warehouse, statement, schema, warehouse.user)
    warehouse.run_as(grantor, "GRANT USAGE ON SCHEMA {} TO {}", schema, warehouse.user)
    warehouse.site.run("GRANT USAGE, CREATE ON SCHEMA {} TO {}", HOSTILE, warehouse.user, database=other)
    warehouse.run("GRANT CREATE ON DATABASE {} TO {}", "postgres", warehouse.group)
    warehouse.run("GRANT CREATE ON TABLESPACE pg_default TO {}", warehouse.group)
    if version(warehouse.server) >= 150000:
        warehouse.run("GRANT SET ON PARAMETER log_min_duration_statement TO {}", warehouse.user)
    predicted = remove(warehouse, check=True).ok()
    made = remove(warehouse).ok()
    assert made.statements == predicted.statements
    assert changed(before, acls(warehouse.server, warehouse.database, other, "postgres")) == {}
    assert [found["database"] for found in made["disappears"]] == [warehouse.database]
    assert not remove(warehouse).ok().changed


def test_the_users_lose_their_login_first_and_usage_goes_after_select(warehouse: Warehouse) -> None:
    warehouse.access().ok()
    statements = remove(warehouse).ok().statements
    assert statements[0].startswith("ALTER ROLE")
    assert statements[0].endswith(" NOLOGIN")
    assert statements[-1].startswith("DROP ROLE")
    kinds = [statement.split()[1:4] for statement in statements]
    assert kinds.index(["SELECT", "ON", "TABLE"]) < kinds.index(["USAGE", "ON", "SCHEMA"])
    assert kinds.index(["USAGE", "ON", "SCHEMA"]) < kinds.index(["CONNECT", "ON", "DATABASE"])


def test_roles_that_are_not_named_are_not_touched(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    neighbour = warehouse.site.create_role("neigh'bour\"")
    warehouse.access().ok()
    warehouse.run('GRANT SELECT ON {}."ta.ble" TO {}', warehouse.schema, neighbour)
    warehouse.run("GRANT USAGE ON SCHEMA {} TO {}, PUBLIC", warehouse.schema, neighbour)
    remove(warehouse).ok()
    query = "SELECT has_table_privilege(%s, format('%%I.%%I', %s::text, 'ta.ble'), 'SELECT'),"
    query += " has_schema_privilege('public', %s, 'USAGE')"
    parameters = [neighbour, warehouse.schema, warehouse.schema]
    assert warehouse.server.execute(query, database=warehouse.database, parameters=parameters) == [(True, True)]


@pytest.mark.parametrize("missing", ["group", "user"])
def test_what_is_left_of_half_of_it_goes_too(warehouse: Warehouse, missing: str) -> None:
    before = acls(warehouse.server, warehouse.database)
    warehouse.access().ok()
    role = warehouse.group if missing == "group" else warehouse.user
    warehouse.run("DROP OWNED BY {}; DROP ROLE {}", role, role)
    assert remove(warehouse).ok().changed
    assert changed(before, acls(warehouse.server, warehouse.database)) == {}


def test_initial_privileges_of_an_extension_do_not_keep_a_role(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    before = acls(warehouse.server, warehouse.database)
    warehouse.access().ok()
    warehouse.run("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {}", warehouse.group)
    warehouse.run("CREATE EXTENSION {}", tables_extension(warehouse))
    remove(warehouse).ok()
    warehouse.run("DROP EXTENSION {}", tables_extension(warehouse))
    assert changed(before, acls(warehouse.server, warehouse.database)) == {}


def test_a_user_mapping_is_dropped_with_its_user(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    warehouse.access().ok()
    warehouse.run("CREATE USER MAPPING FOR {} SERVER wrapper", warehouse.user)
    assert not warehouse.access().ok().changed
    predicted = remove(warehouse, check=True).ok()
    made = remove(warehouse).ok()
    assert any(statement.startswith("DROP USER MAPPING FOR") for statement in made.statements)
    assert made.statements == predicted.statements


def test_the_membership_that_create_role_gave_the_administrator_is_nobodys(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    if version(warehouse.server) >= 160000:
        warehouse.run("ALTER ROLE {} SET createrole_self_grant = 'set, inherit'", warehouse.admin.name)
    warehouse.access().ok()
    assert not warehouse.access().ok().changed
    assert remove(warehouse).ok().changed
    assert role_names(warehouse) == set()


def is_alive(connection: Any) -> bool:
    """Tell whether a connection is still usable."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.OperationalError:
        return False
    return True


def test_sessions_are_waited_for_and_the_login_stays_locked(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    warehouse.access().ok()
    before = held(warehouse, warehouse.group, warehouse.user)
    with warehouse.login() as connection:
        refused = remove(warehouse, wait_seconds=1)
        assert is_alive(connection)
    assert refused.failed
    assert "end_connections" in refused["msg"]
    assert [what.split(":")[0] for what in refused["committed"]] == ["NOLOGIN"]
    assert held(warehouse, warehouse.group, warehouse.user) == before
    assert remove(warehouse, wait_seconds=1).ok().changed
    assert role_names(warehouse) == set()


def test_connections_are_ended_where_that_is_asked_for(warehouse: Warehouse) -> None:
    warehouse.access().ok()
    if not warehouse.admin.is_superuser:
        warehouse.run("GRANT pg_signal_backend TO {}", warehouse.admin.name)
    with warehouse.login() as connection, warehouse.login() as another:
        made = remove(warehouse, end_connections=True).ok()
        assert not is_alive(connection)
        assert not is_alive(another)
    assert sum("pg_terminate_backend" in statement for statement in made.statements) == 2
    assert role_names(warehouse) == set()


def test_small_transactions_where_names_take_locks(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    before = acls(warehouse.server, warehouse.database)
    warehouse.access().ok()
    facts = "ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts.ServerFacts"
    with mock.patch(f"{facts}.names_per_transaction", 2):
        made = remove(warehouse).ok()
    usage = [number for number, text in enumerate(made.statements) if text.startswith("REVOKE USAGE ON SCHEMA")]
    select = [number for number, text in enumerate(made.statements) if text.startswith("REVOKE SELECT ON TABLE")]
    assert all(made.statements[number].count('".') <= 2 for number in select)
    for schema in (warehouse.schema, warehouse.other):
        name = '"' + schema.replace('"', '""') + '"'
        of_schema = [number for number in select if f"{name}." in made.statements[number]]
        assert max(of_schema) < min(number for number in usage if f" {name} " in made.statements[number])
    assert changed(before, acls(warehouse.server, warehouse.database)) == {}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "SIGKILL"])
def test_what_was_interrupted_is_completed_by_the_next_run(warehouse: Warehouse, how: signal.Signals) -> None:
    before = acls(warehouse.server, warehouse.database)
    warehouse.access().ok()
    blocker = warehouse.server.connect(warehouse.database)
    with contextlib.closing(blocker), blocker.cursor() as cursor:
        cursor.execute("BEGIN; SELECT pg_advisory_xact_lock(7882834684577673328)")
        process = start_module("access", absent_options(warehouse))
        query = "SELECT 1 FROM pg_roles WHERE rolname = %s AND NOT rolcanlogin"
        for _try in range(200):
            if warehouse.server.execute(query, parameters=[warehouse.user]):
                break
            time.sleep(0.05)
        process.send_signal(how)
    # libpq does not react to SIGINT while it waits for the server, so the signal takes effect after that wait.
    process.communicate(timeout=30)
    assert role_names(warehouse) == {warehouse.group, warehouse.user}
    remove(warehouse).ok()
    assert changed(before, acls(warehouse.server, warehouse.database)) == {}


def test_several_at_once_end_well(warehouse: Warehouse) -> None:
    before = acls(warehouse.server, warehouse.database)
    warehouse.access().ok()
    processes = [start_module("access", absent_options(warehouse)) for _number in range(3)]
    results = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert [result.get("msg") for result in results] == [None] * 3
    assert changed(before, acls(warehouse.server, warehouse.database)) == {}


def test_roles_that_another_run_drops_meanwhile_are_looked_at_again(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    warehouse.access().ok()
    given = iter([True, False])

    def look(session: Any, request: Any) -> Any:
        if next(given):
            session.rows("SELECT pg_catalog.pg_has_role('gone', 'USAGE')")
        return inspect_server(session, request)

    survey = "ansible_collections.metamapper.postgresql.plugins.module_utils._access.survey.inspect_server"
    with mock.patch(survey, look):
        assert remove(warehouse).ok().changed
    assert role_names(warehouse) == set()
