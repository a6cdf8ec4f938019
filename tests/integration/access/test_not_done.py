# SPDX-License-Identifier: GPL-3.0-or-later
"""A database that cannot be reached is skipped and reported; the others are processed, and nobody loses access."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.modules.access import Warehouse
from tests.support.modules.removal import remove, role_names


class Fleet:
    """A warehouse and a second database, which can be closed to non-superusers."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.second = warehouse.site.create_database("second")
        warehouse.site.run("ALTER DATABASE {} OWNER TO {}", self.second, warehouse.admin.name, database="postgres")
        warehouse.site.run("CREATE SCHEMA s AUTHORIZATION {}", warehouse.owner, database=self.second)

    def options(self, **changes: Any) -> dict[str, Any]:
        """Return the options for both databases."""
        return {"databases": [self.warehouse.entry(), {"name": self.second, "schemas": ["s"]}], **changes}

    def close(self) -> None:
        """Let only superusers connect to the second database."""
        self.warehouse.site.run("ALTER DATABASE {} CONNECTION LIMIT 0", self.second, database="postgres")

    def open(self) -> None:
        """Lift that restriction."""
        self.warehouse.site.run("ALTER DATABASE {} CONNECTION LIMIT -1", self.second, database="postgres")


@pytest.fixture
def fleet(deputy_warehouse: Warehouse) -> Fleet:
    """The two databases."""
    return Fleet(deputy_warehouse)


def test_the_others_are_done_and_the_task_fails_and_says_which_is_not(fleet: Fleet) -> None:
    fleet.close()
    planned = fleet.warehouse.access(check=True, **fleet.options())
    done = fleet.warehouse.access(**fleet.options())
    for outcome in (planned, done):
        assert outcome.failed
        assert outcome["databases_not_done"] == [fleet.second]
        assert "too many connections" in outcome["msg"]
    assert done.statements == planned.statements
    # The group had no privileges in the second database, so the new user sees no less than before and is created.
    assert role_names(fleet.warehouse) == {fleet.warehouse.group, fleet.warehouse.user}
    fleet.open()
    assert fleet.warehouse.access(**fleet.options()).ok().changed
    assert not fleet.warehouse.access(**fleet.options()).ok().changed


def test_meanwhile_nobody_joins_nobody_retires_and_no_mode_is_narrowed(fleet: Fleet) -> None:
    warehouse = fleet.warehouse
    warehouse.access(**fleet.options()).ok()
    fleet.close()
    new = warehouse.site.role_name("new")
    users = [{"name": new, "password": warehouse.password}, {"name": warehouse.user, "state": "retired"}]
    refused = warehouse.access(**fleet.options(users=users, privilege="metadata", accept_references=True))
    assert refused["databases_not_done"] == [fleet.second]
    assert [text for text in refused["statements"] if "REVOKE" in text or "ROLE" in text.split()[:2]] == []
    assert warehouse.server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", parameters=[new]) == []
    with warehouse.login() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    fleet.open()
    warehouse.access(**fleet.options(users=users, privilege="metadata", accept_references=True)).ok()


def test_no_role_is_dropped_while_it_holds_something_there(fleet: Fleet) -> None:
    warehouse = fleet.warehouse
    warehouse.access(**fleet.options()).ok()
    fleet.close()
    refused = remove(warehouse)
    assert refused["databases_not_done"] == [fleet.second]
    assert role_names(warehouse) == {warehouse.group, warehouse.user}
    fleet.open()
    remove(warehouse).ok()
    assert role_names(warehouse) == set()
