# SPDX-License-Identifier: GPL-3.0-or-later
"""Through a pooler in transaction mode: nothing may outlive its transaction or depend on one session."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from tests.support.modules.access import Warehouse, password_states
from tests.support.postgres.pgbouncer import pgbouncer
from tools.postgres.server import Server
from tools.postgres.snapshot import differences, next_transaction_id, snapshot


@pytest.fixture(scope="module")
def pooler(server: Server) -> Iterator[int]:
    """The port of a pooler in transaction mode."""
    with pgbouncer(server) as port:
        yield port


def ways(warehouse: Warehouse) -> dict[str, Any]:
    """Return the login options to change: none, or those of a superuser with the administrator as session role."""
    admin = warehouse.admin
    if admin.is_superuser:
        return {}
    superuser = {"login_user": warehouse.server.user, "login_password": warehouse.server.password}
    return {**superuser, "session_role": admin.name}


def test_first_and_second_run_and_a_repair(warehouse: Warehouse, pooler: int) -> None:
    options = {"login_port": pooler, **ways(warehouse)}
    made = warehouse.access(**options).ok()
    assert made.changed
    assert warehouse.readable(warehouse.schema) == warehouse.relations
    before = snapshot(warehouse.server, warehouse.database)
    transaction = next_transaction_id(warehouse.server)
    again = warehouse.access(**options).ok()
    assert not again.changed
    assert password_states(again) == {warehouse.user: "proven"}
    assert differences(before, snapshot(warehouse.server, warehouse.database)) == []
    assert next_transaction_id(warehouse.server) == transaction
    warehouse.run("REVOKE SELECT ON {}.{} FROM {}", warehouse.schema, "ta.ble", warehouse.group)
    assert len(warehouse.access(**options).ok().statements) == 1


def test_nothing_stays_behind_in_the_pooled_sessions(warehouse: Warehouse, pooler: int) -> None:
    options = {"login_port": pooler, **ways(warehouse)}
    warehouse.access(**options).ok()
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    assert warehouse.server.execute(locks) == [(0,)]
    server = warehouse.server
    for _attempt in range(4):
        with warehouse.server.connect("postgres", port=pooler) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_user::text, session_user::text, current_setting('lock_timeout'),"
                " current_setting('statement_timeout'), current_setting('search_path')"
            )
            assert cursor.fetchone() == (server.user, server.user, "0", "0", '"$user", public')
        connection.close()


def test_each_statement_carries_its_own_transaction(warehouse: Warehouse, pooler: int) -> None:
    # Another client and the module take turns in the sessions of the pool.
    with warehouse.server.connect("postgres", port=pooler) as other, other.cursor() as cursor:
        cursor.execute("SELECT 1")
        warehouse.access(login_port=pooler, **ways(warehouse)).ok()
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ('"$user", public',)
    other.close()
    assert not warehouse.access(login_port=pooler, **ways(warehouse)).ok().changed
