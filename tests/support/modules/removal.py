# SPDX-License-Identifier: GPL-3.0-or-later
"""Revokes access, for tests."""

from __future__ import annotations

from typing import Any

from tests.support.modules.access import Warehouse
from tools.runners.modules import Outcome, run_module


def absent_options(warehouse: Warehouse, **changes: Any) -> dict[str, Any]:
    """Return options of the module access with state=absent for a warehouse's group and user."""
    return {
        "login_host": warehouse.server.host,
        "login_port": warehouse.server.port,
        "login_user": warehouse.admin.name,
        "login_password": warehouse.admin.password,
        "state": "absent",
        "group": warehouse.group,
        "users": [{"name": warehouse.user}],
        **changes,
    }


def remove(warehouse: Warehouse, *, check: bool = False, diff: bool = False, **changes: Any) -> Outcome:
    """Run the module access with state=absent."""
    return run_module("access", absent_options(warehouse, **changes), check=check, diff=diff)


def role_names(warehouse: Warehouse) -> set[str]:
    """Return the names of the warehouse's group and user, without those that do not exist."""
    query = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN (%s, %s)"
    return {row[0] for row in warehouse.server.execute(query, parameters=[warehouse.group, warehouse.user])}


def tables_extension(warehouse: Warehouse) -> str:
    """Return the name of an extension that creates a view if this server has one, otherwise plpgsql."""
    query = "SELECT name FROM pg_available_extensions WHERE name IN ('pg_buffercache', 'plpgsql') ORDER BY name"
    name: str = warehouse.server.execute(query)[0][0]
    return name
