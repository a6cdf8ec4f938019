# SPDX-License-Identifier: GPL-3.0-or-later
"""How far an interrupted run came: which of its transactions were committed, each of them completely."""

from __future__ import annotations

import json
from typing import Any, Callable, Mapping, Sequence, Tuple

from tests.support.modules.access import Warehouse
from tests.support.postgres.acls import Acls, acls

NOTHING, ALL, LOCKED_OUT, A_PART = "nothing", "all", "locked out", "a part"
Stage = Tuple[str, ...]

# The state of the group, of each of two databases, and of the users, after each transaction.
GRANTING: Sequence[Stage] = (
    (NOTHING, NOTHING, NOTHING, NOTHING),
    (ALL, NOTHING, NOTHING, NOTHING),
    (ALL, ALL, NOTHING, NOTHING),
    (ALL, ALL, ALL, NOTHING),
    (ALL, ALL, ALL, ALL),
)
REMOVING: Sequence[Stage] = (
    (ALL, ALL, ALL, ALL),
    (ALL, ALL, ALL, LOCKED_OUT),
    (ALL, NOTHING, ALL, LOCKED_OUT),
    (ALL, NOTHING, NOTHING, LOCKED_OUT),
    (NOTHING, NOTHING, NOTHING, NOTHING),
)
Unit = Mapping[str, Any]


class Stages:
    """Two databases of a warehouse's server, whose state is compared with that before and after granting access.

    ``grant`` grants access to the given entries of ``databases``.
    """

    def __init__(self, warehouse: Warehouse, grant: Callable[[Sequence[Mapping[str, Any]]], Any]) -> None:
        self._warehouse = warehouse
        self.databases = sorted([warehouse.database, self._second_database()])
        self.entries = [
            {"name": name, "schemas": [warehouse.schema], "accept_breaks_scan": True} for name in self.databases
        ]
        self._nothing = self._units()
        grant(self.entries)
        self._all = self._units()
        self._locked_out = {**self._all["users"], "login": False}

    def _second_database(self) -> str:
        site, schema = self._warehouse.site, self._warehouse.schema
        database = site.create_database("z'other\"")
        script = "CREATE SCHEMA {0}; CREATE TABLE {0}.t(); CREATE VIEW {0}.v AS SELECT 1 AS i"
        site.run(script.replace("{0}", "{}"), schema, schema, schema, database=database)
        return database

    def reached(self) -> Stage:
        """Return the state of the group, of each database, and of the users."""
        return tuple(self._state(name, unit) for name, unit in self._units().items())

    def _state(self, name: str, unit: Unit) -> str:
        if unit == self._nothing[name]:
            return NOTHING
        if unit == self._all[name]:
            return ALL
        return LOCKED_OUT if name == "users" and unit == self._locked_out else A_PART

    def _units(self) -> Mapping[str, Unit]:
        """Return by name the part of the server's state that each transaction changes."""
        found = acls(self._warehouse.server, *self.databases)
        roles = {name: json.loads(properties) for name, properties in found["roles"]}
        return {
            "group": {"role": roles.get(self._warehouse.group)},
            **{database: _database(found, database) for database in self.databases},
            "users": self._users(found, roles.get(self._warehouse.user)),
        }

    def _users(self, found: Acls, role: dict[str, Any] | None) -> Unit:
        user = self._warehouse.user
        login = role.pop("rolcanlogin") if role else None
        memberships = [row for row in found["memberships"] if user in row[:2]]
        settings = [row for row in found["settings"] if row[0] == user]
        return {"role": role, "login": login, "memberships": memberships, "settings": settings}


def _database(found: Acls, database: str) -> Unit:
    """Return every privilege in and on one database, without those on other databases."""
    own = {what: rows for what, rows in found.items() if what.startswith(f"{database}: ")}
    own[f"{database}: pg_database"] = [row for row in own[f"{database}: pg_database"] if row[0] == database]
    del own[f"{database}: pg_tablespace"]
    return {what: sorted(map(str, rows)) for what, rows in own.items()}
