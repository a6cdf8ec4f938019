# SPDX-License-Identifier: GPL-3.0-or-later
"""An administrator lacks a privilege: the error shows the statement that fixes it once a superuser has run it."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from tests.support.modules.access import Warehouse, messages, remedies, version
from tools.postgres.snapshot import differences, snapshot

Prepare = Callable[[Warehouse], Any]


def foreign_database(warehouse: Warehouse) -> None:
    warehouse.run("ALTER DATABASE {} OWNER TO {}", warehouse.database, warehouse.site.create_role('dba\'s "own"'))
    warehouse.run("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", warehouse.database)
    warehouse.run("GRANT CONNECT ON DATABASE {} TO {}", warehouse.database, warehouse.admin.name)


def foreign_schema(warehouse: Warehouse) -> None:
    stranger = warehouse.site.create_role("stran'ger\"")
    warehouse.run("ALTER SCHEMA {} OWNER TO {}", warehouse.schema, stranger)
    warehouse.grant_role(stranger, warehouse.site.create_role("friend"))
    warehouse.run("GRANT USAGE ON SCHEMA {} TO {}", warehouse.schema, warehouse.admin.name)


def foreign_table(warehouse: Warehouse) -> None:
    stranger = warehouse.site.create_role("stran'ger\"")
    for number in range(5):
        warehouse.run(f'CREATE TABLE {{}}."fo;reign {number}"(id int)', warehouse.schema)
        warehouse.run(f'ALTER TABLE {{}}."fo;reign {number}" OWNER TO {{}}', warehouse.schema, stranger)


def superusers_table(warehouse: Warehouse) -> None:
    warehouse.run('CREATE TABLE {}."super\'s"(id int)', warehouse.schema)


def superusers_schema(warehouse: Warehouse) -> None:
    warehouse.run("ALTER SCHEMA {} OWNER TO {}", warehouse.schema, warehouse.server.user)


def no_usage(warehouse: Warehouse) -> None:
    """Let the administrator own a table in a schema on which it has no USAGE."""
    warehouse.run("CREATE SCHEMA closed; CREATE TABLE closed.t(id int)")
    warehouse.run("ALTER TABLE closed.t OWNER TO {}", warehouse.admin.name)


def no_inheritance(warehouse: Warehouse) -> None:
    """Make the administrator a member of the owner without INHERIT, as from 16 on for the creator of a role."""
    if version(warehouse.server) >= 160000:
        warehouse.run("GRANT {} TO {} WITH INHERIT FALSE", warehouse.owner, warehouse.admin.name)
    else:
        warehouse.run("ALTER ROLE {} NOINHERIT", warehouse.admin.name)


def no_createrole(warehouse: Warehouse) -> None:
    warehouse.run("ALTER ROLE {} NOCREATEROLE", warehouse.admin.name)


def double(name: str) -> str:
    """Return a name as it is written between double quotes."""
    return name.replace('"', '""')


LACKS: dict[str, Prepare] = {
    "database": foreign_database,
    "schema": foreign_schema,
    "tables": foreign_table,
    "superusers-table": superusers_table,
    "superusers-schema": superusers_schema,
    "inheritance": no_inheritance,
    "createrole": no_createrole,
}


@pytest.mark.parametrize("lack", LACKS)
def test_the_statements_shown_mend_it_and_nothing_was_written_before(deputy_warehouse: Warehouse, lack: str) -> None:
    warehouse = deputy_warehouse
    LACKS[lack](warehouse)
    before = snapshot(warehouse.server, warehouse.database)
    refused = warehouse.access()
    assert refused.failed
    assert differences(before, snapshot(warehouse.server, warehouse.database)) == []
    for statement in remedies(refused):
        warehouse.run(statement)
    warehouse.access().ok()
    assert set(warehouse.relations) <= set(warehouse.readable(warehouse.schema))
    assert not warehouse.access().ok().changed


def test_all_that_lacks_is_one_message_and_its_statements_mend_all(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    for lack in ("createrole", "database", "schema", "superusers-table"):
        LACKS[lack](warehouse)
    before = snapshot(warehouse.server, warehouse.database)
    refused = warehouse.access()
    assert differences(before, snapshot(warehouse.server, warehouse.database)) == []
    found = messages(refused)
    for words in ("CREATEROLE", f'database "{double(warehouse.database)}"', double(warehouse.schema), "super's"):
        assert [message for message in found if words in message] != [], words
    for statement in remedies(refused):
        warehouse.run(statement)
    warehouse.access().ok()
    assert set(warehouse.relations) <= set(warehouse.readable(warehouse.schema))
    assert not warehouse.access().ok().changed


@pytest.mark.parametrize("lack", ["schema", "tables"])
def test_the_membership_shown_mends_it_too(deputy_warehouse: Warehouse, lack: str) -> None:
    warehouse = deputy_warehouse
    LACKS[lack](warehouse)
    refused = warehouse.access()
    remedies = [one for problem in refused["problems"] for one in problem["remedies"]]
    shown = {one["text"] for one in remedies if one.get("situation") == "be a member of the owner"}
    assert shown
    for statement in shown:
        warehouse.run(statement)
    warehouse.access().ok()
    assert set(warehouse.relations) <= set(warehouse.readable(warehouse.schema))
    assert not warehouse.access().ok().changed


def test_many_tables_of_one_owner_are_one_problem(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    foreign_table(warehouse)
    group_first, message = messages(warehouse.access())
    assert "does not exist yet" in group_first
    assert "and 2 more" in message
    assert "stran'ger" in message


def test_a_schema_that_the_administrator_cannot_enter(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    no_usage(warehouse)
    refused = warehouse.access(databases=[warehouse.entry(schemas=["closed"])])
    assert refused.failed
    warehouse.run("GRANT USAGE ON SCHEMA closed TO {} WITH GRANT OPTION", warehouse.admin.name)
    assert "closed" in refused["msg"]
    warehouse.access(databases=[warehouse.entry(schemas=["closed"], creators=[])]).ok()
    assert warehouse.readable("closed") == ["t"]


def test_from_16_on_a_role_made_by_another_needs_admin_option(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    warehouse.run("CREATE ROLE {} NOLOGIN", warehouse.group)
    warehouse.run("CREATE ROLE {} NOLOGIN", warehouse.user)
    refused = warehouse.access()
    assert refused.failed == (version(warehouse.server) >= 160000)
    for statement in remedies(refused):
        warehouse.run(statement)
    warehouse.access().ok()
    assert warehouse.readable(warehouse.schema) == warehouse.relations


def test_a_database_that_the_administrator_may_not_enter(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    foreign_database(warehouse)
    warehouse.run("REVOKE CONNECT ON DATABASE {} FROM {}", warehouse.database, warehouse.admin.name)
    refused = warehouse.access()
    assert "may not connect to database" in refused["msg"]
    (statement,) = remedies(refused)
    warehouse.site.run(statement, database="postgres")
    for statement in remedies(warehouse.access()):
        warehouse.site.run(statement, database="postgres")
    warehouse.access().ok()


def test_a_database_that_accepts_no_connections(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    closed = warehouse.site.create_database("clo'sed\"")
    warehouse.run("ALTER DATABASE {} ALLOW_CONNECTIONS false", closed)
    changes: dict[str, Any] = {"databases": [{"name": closed, "schemas": ["public"]}]}
    refused = warehouse.access(**changes)
    assert "accepts no connections" in refused["msg"]
    for statement in remedies(refused):
        warehouse.run(statement)
    warehouse.access(**changes).ok()
