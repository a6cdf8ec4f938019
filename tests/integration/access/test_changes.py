# SPDX-License-Identifier: GPL-3.0-or-later
"""Metadata mode, exclusive mode and rotation, by each kind of administrator and with hostile names everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.modules.access import HOSTILE, Warehouse
from tools.postgres.snapshot import snapshot


def closed(warehouse: Warehouse) -> Warehouse:
    """Return a warehouse in which only owners can create tables, as metadata mode requires."""
    warehouse.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    return warehouse


def both(warehouse: Warehouse) -> set[str]:
    """Return which of the two schemas can be read.

    The foreign table is left out: its wrapper has no handler, and PostgreSQL reports that before it checks privileges.
    """
    schemas = (warehouse.schema, warehouse.other)
    return {schema for schema in schemas if set(warehouse.readable(schema)) - {"fore{ign"}}


STATES: dict[str, dict[str, Any]] = {
    "nothing yet": {},
    "select": {"privilege": "select"},
    "metadata": {"privilege": "metadata"},
}


@pytest.mark.thorough
@pytest.mark.parametrize("first", STATES.values(), ids=STATES)
@pytest.mark.parametrize("second", ["select", "metadata"])
def test_each_mode_is_reached_from_each_state(warehouse: Warehouse, first: dict[str, Any], second: str) -> None:
    closed(warehouse)
    if first:
        warehouse.access(**first).ok()
    before = snapshot(warehouse.server, warehouse.database)
    planned = warehouse.access(check=True, diff=True, privilege=second).ok()
    assert snapshot(warehouse.server, warehouse.database) == before
    done = warehouse.access(privilege=second).ok()
    assert done.statements == planned.statements
    assert (planned["diff"]["before"] != planned["diff"]["after"]) is bool(done.statements)
    assert both(warehouse) == ({warehouse.schema, warehouse.other} if second == "select" else set())
    after = snapshot(warehouse.server, warehouse.database)
    assert not warehouse.access(privilege=second).ok().changed
    assert snapshot(warehouse.server, warehouse.database) == after


def test_narrowing_the_list_takes_back_one_schema(warehouse: Warehouse) -> None:
    warehouse.access().ok()
    narrow = [warehouse.entry(schemas=[warehouse.schema])]
    planned = warehouse.access(check=True, diff=True, databases=narrow, exclusive=True).ok()
    assert both(warehouse) == {warehouse.schema, warehouse.other}
    done = warehouse.access(databases=narrow, exclusive=True).ok()
    assert done.statements == planned.statements
    assert done["disappears"] == [{"database": warehouse.database, "schemas": [warehouse.other]}]
    assert both(warehouse) == {warehouse.schema}
    assert warehouse.future_readers(warehouse.other) == set()
    assert not warehouse.access(databases=narrow, exclusive=True).ok().changed
    assert warehouse.access(exclusive=True).ok().changed
    assert both(warehouse) == {warehouse.schema, warehouse.other}


def test_a_user_takes_the_place_of_another(warehouse: Warehouse) -> None:
    warehouse.access().ok()
    old, warehouse.user = warehouse.user, warehouse.site.role_name(f"{HOSTILE} v")
    users = [{"name": warehouse.user, "password": warehouse.password}, {"name": old, "state": "retired"}]
    planned = warehouse.access(check=True, diff=True, users=users).ok()
    done = warehouse.access(users=users).ok()
    assert done.statements == planned.statements
    assert both(warehouse) == {warehouse.schema, warehouse.other}
    assert not warehouse.access(users=users).ok().changed
    state = warehouse.server.execute(
        "SELECT r.rolcanlogin, EXISTS (SELECT 1 FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid"
        " WHERE a.member = r.oid AND g.rolname = %s) FROM pg_roles r WHERE r.rolname = %s",
        parameters=[warehouse.group, old],
    )
    assert state == [(False, False)]
