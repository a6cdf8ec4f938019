"""Everything is taken back, wherever it is and whoever granted it: as if Metamapper had never been there."""

from __future__ import annotations

from typing import Any

from tests.support.access import HOSTILE, Warehouse
from tests.support.acls import acls, changed
from tests.support.holdings import grant, grants, make_objects
from tests.support.modules import Outcome, run_module
from tests.support.snapshot import differences, next_transaction_id, snapshot


def remove(warehouse: Warehouse, *, check: bool = False, diff: bool = False, **changes: Any) -> Outcome:
    """Run module access with state absent for the warehouse's group and user."""
    options = {
        "login_host": warehouse.server.host,
        "login_port": warehouse.server.port,
        "login_user": warehouse.admin.name,
        "login_password": warehouse.admin.password,
        "state": "absent",
        "group": warehouse.group,
        "users": [{"name": warehouse.user}],
        **changes,
    }
    return run_module("access", options, check=check, diff=diff)


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
    assert made["after"] == {"roles": {warehouse.group: {}, warehouse.user: {}}, "databases": {}, "server": {}}
    counts = made["before"]["databases"][warehouse.database][warehouse.schema][warehouse.group]
    assert counts == {
        "SELECT on future tables": 1,
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
