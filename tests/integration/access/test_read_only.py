# SPDX-License-Identifier: GPL-3.0-or-later
"""A run with nothing to write succeeds where writing is impossible; one that has something to write is refused."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from tests.support.modules.access import Warehouse, password_states, version
from tests.support.postgres.site import Site, identifiers
from tools.postgres.server import running
from tools.postgres.snapshot import differences, snapshot
from tools.postgres.standby import Standby, standby_of


@pytest.fixture(scope="module")
def replicated(major: str) -> Iterator[tuple[Warehouse, Warehouse, Standby]]:
    """Two warehouses on a primary, the first with access granted; and a replica of both."""
    with running(major, settings=["wal_level=replica", "max_wal_senders=3", "autovacuum=off"]) as primary:
        site = Site(primary)
        granted, empty = Warehouse(site, is_superuser=True), Warehouse(Site(primary), is_superuser=False)
        granted.access().ok()
        with standby_of(primary) as replica:
            yield granted, empty, replica


def on(replica: Standby, warehouse: Warehouse, **changes: Any) -> dict[str, Any]:
    """Return options that connect to the replica."""
    return {"login_host": replica.host, "login_port": replica.port, **changes}


def test_a_second_run_succeeds_on_a_replica(replicated: tuple[Warehouse, Warehouse, Standby]) -> None:
    granted, _empty, replica = replicated
    replica.catch_up()
    again = granted.access(**on(replica, granted)).ok()
    assert (again.changed, again.statements) == (False, [])
    assert password_states(again) == {granted.user: "proven"}
    assert replica.execute("SELECT pg_is_in_recovery()") == [(True,)]


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_a_replica_that_is_asked_to_change_something_is_refused(
    replicated: tuple[Warehouse, Warehouse, Standby], check: bool
) -> None:
    _granted, empty, replica = replicated
    replica.catch_up()
    refused = empty.access(check=check, **on(replica, empty))
    assert refused.failed
    assert "is in recovery" in refused["msg"]
    assert "metamapper_login_host" in refused["msg"]
    is_known = empty.admin.is_superuser and version(empty.server) >= 110000
    assert (f"from its primary {empty.server.host}, port {empty.server.port}." in refused["msg"]) is is_known


def test_what_the_primary_is_given_the_replica_reports(replicated: tuple[Warehouse, Warehouse, Standby]) -> None:
    granted, _empty, replica = replicated
    granted.run_as(granted.owner, "CREATE TABLE {}.replicated(id int)", granted.schema)
    granted.run("REVOKE SELECT ON {}.replicated FROM {}", granted.schema, granted.group)
    replica.catch_up()
    assert granted.access(**on(replica, granted)).failed
    granted.access().ok()
    replica.catch_up()
    assert not granted.access(**on(replica, granted)).ok().changed


READ_ONLY = {
    "role": "ALTER ROLE {admin} SET default_transaction_read_only = on",
    "database": "ALTER DATABASE {database} SET default_transaction_read_only = on",
    "first-database": "ALTER DATABASE {login_db} SET default_transaction_read_only = on",
}


@pytest.mark.parametrize("level", READ_ONLY)
def test_with_transactions_read_only_by_default(warehouse: Warehouse, level: str) -> None:
    site = warehouse.site
    login_db = site.create_database("login")
    # A superuser created for this test: the setting must not outlive it.
    admin = warehouse.admin.name
    if warehouse.admin.is_superuser:
        admin = site.create_role("ad'min\"", "SUPERUSER LOGIN PASSWORD 'x'")
    options: dict[str, Any] = {"login_db": login_db, "login_user": admin}
    options["login_password"] = "x" if warehouse.admin.is_superuser else warehouse.admin.password
    names = {"admin": admin, "database": warehouse.database, "login_db": login_db}
    statement = READ_ONLY[level].replace("{" + level_name(level) + "}", "{}")
    site.server.execute(identifiers(statement, names[level_name(level)]))
    before = snapshot(site.server, warehouse.database)
    refused = warehouse.access(**options)
    assert refused.failed
    assert "default_transaction_read_only" in refused["msg"]
    assert differences(before, snapshot(site.server, warehouse.database)) == []
    site.server.execute(identifiers(statement.replace("SET", "RESET").replace(" = on", ""), names[level_name(level)]))
    warehouse.access(**options).ok()
    site.server.execute(identifiers(statement, names[level_name(level)]))
    before = snapshot(site.server, warehouse.database)
    again = warehouse.access(**options).ok()
    assert (again.changed, again.statements) == (False, [])
    assert differences(before, snapshot(site.server, warehouse.database)) == []


def level_name(level: str) -> str:
    """Return what has the setting at this level: a role or a database."""
    return {"role": "admin", "database": "database", "first-database": "login_db"}[level]
