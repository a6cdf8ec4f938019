# SPDX-License-Identifier: GPL-3.0-or-later
"""When a run is killed, each transaction is applied entirely or not at all, and the next run completes the work."""

from __future__ import annotations

import random
import signal
import time
from typing import Any

import pytest

from tests.support.modules.access import Warehouse
from tests.support.patience import eventually
from tests.support.postgres.site import identifiers
from tools.postgres.proxy import proxy
from tools.runners.modules import start_module

DELAY_SECONDS = 0.02


def fragments(warehouse: Warehouse, databases: list[str]) -> list[str]:
    """Return the databases in which some of the privileges were granted, but not all."""
    query = (
        "SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM aclexplode(c.relacl) a"
        " WHERE pg_get_userbyid(a.grantee) = %s)), count(*)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname LIKE 'kill%%'"
    )
    found = []
    for database in databases:
        ((granted, relations),) = warehouse.server.execute(query, database=database, parameters=[warehouse.group])
        if granted not in (0, relations):
            found.append(database)
    return found


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment(superuser_warehouse: Warehouse, seed: int) -> None:
    warehouse = superuser_warehouse
    databases = [warehouse.database, warehouse.site.create_database("z'other\"")]
    for database in databases:
        for schema in ("kill-1", 'kill"2'):
            warehouse.server.execute(
                identifiers("CREATE SCHEMA {0}; CREATE TABLE {0}.t(); CREATE VIEW {0}.v AS SELECT 1 AS i", schema),
                database=database,
            )
    entries = [{"name": database, "schemas": ["kill*"]} for database in databases]
    with proxy(warehouse.server.host, warehouse.server.port, delay_seconds=DELAY_SECONDS) as between:
        options: dict[str, Any] = warehouse.options(databases=entries, login_port=between.port, ssl_mode="disable")
        process = start_module("access", options)
        while not between.conversations and process.poll() is None:
            time.sleep(0.01)
        moment = random.Random(seed).uniform(0, 2.5)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
    await_quiet(warehouse)
    assert fragments(warehouse, databases) == []
    # If the user exists, nothing else is missing: it is created once its group has all privileges.
    can_log_in = warehouse.server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", parameters=[warehouse.user])
    assert not can_log_in or not warehouse.access(databases=entries, check=True).ok().changed
    warehouse.access(databases=entries).ok()
    assert not warehouse.access(databases=entries).ok().changed


@pytest.mark.parametrize("is_delivered", [True, False], ids=["kept", "not kept"])
@pytest.mark.parametrize("number", range(3), ids=["group", "database", "users"])
def test_a_commit_without_an_answer_is_settled_by_a_look(
    superuser_warehouse: Warehouse, number: int, is_delivered: bool
) -> None:
    warehouse = superuser_warehouse
    expected = warehouse.access(check=True).statements
    with proxy(warehouse.server.host, warehouse.server.port) as between:
        between.cut_commit(number, is_delivered=is_delivered)
        made = warehouse.access(login_port=between.port, ssl_mode="disable").ok()
    assert made.statements == expected
    assert warehouse.readable(warehouse.schema) == warehouse.relations
    assert not warehouse.access().ok().changed


@pytest.mark.parametrize("is_delivered", [True, False], ids=["kept", "not kept"])
@pytest.mark.parametrize("number", range(3), ids=["NOLOGIN", "database", "roles"])
def test_taking_back_survives_a_commit_without_an_answer(
    superuser_warehouse: Warehouse, number: int, is_delivered: bool
) -> None:
    warehouse = superuser_warehouse
    warehouse.access().ok()
    gone: dict[str, Any] = {"state": "absent", "users": [{"name": warehouse.user}], "databases": None}
    expected = warehouse.access(check=True, **gone).statements
    with proxy(warehouse.server.host, warehouse.server.port) as between:
        between.cut_commit(number, is_delivered=is_delivered)
        taken = warehouse.access(login_port=between.port, ssl_mode="disable", **gone).ok()
    assert taken.statements == expected
    assert not warehouse.access(**gone).ok().changed


def await_quiet(warehouse: Warehouse) -> None:
    """Wait until the server has noticed that the client is gone."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'metamapper.postgresql'"
    assert eventually(lambda: warehouse.server.execute(query) == [(0,)], 20)
