# SPDX-License-Identifier: GPL-3.0-or-later
"""The raw statements that every tool has to send, over an open connection."""

from __future__ import annotations

import contextlib
from typing import Iterable, Iterator

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import has_feature

from tools.bench.access import GROUP, PASSWORD, USER
from tools.bench.content import OWNERS
from tools.postgres.server import Server

NAMES_IN_A_STATEMENT = 500


def floor(schemas: int, relations: int) -> Iterator[str]:
    """Yield the raw statements, with lists of names, that any tool must send to grant the same as the module access."""
    yield f"CREATE ROLE {GROUP}"
    names = [f"s{number}" for number in range(schemas)]
    yield f"GRANT USAGE ON SCHEMA {', '.join(names)} TO {GROUP}"
    for owner in range(min(OWNERS, schemas)):
        theirs = ", ".join(name for number, name in enumerate(names) if number % OWNERS == owner)
        yield f"ALTER DEFAULT PRIVILEGES FOR ROLE owner{owner} IN SCHEMA {theirs} GRANT SELECT ON TABLES TO {GROUP}"
    tables = [f"{name}.{table}" for name in names for table in [*(f"t{t}" for t in range(relations - 1)), "v"]]
    for start in range(0, len(tables), NAMES_IN_A_STATEMENT):
        yield f"GRANT SELECT ON TABLE {', '.join(tables[start : start + NAMES_IN_A_STATEMENT])} TO {GROUP}"
    yield f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}' IN ROLE {GROUP}"


def has_room_for_floor(server: Server, names: int) -> bool:
    """Return whether one transaction can name so many relations: from PostgreSQL 18 on, GRANT locks each of them.

    https://www.postgresql.org/docs/current/runtime-config-locks.html
    """
    query = "SELECT pg_catalog.current_setting(%s)::int"
    settings = ("server_version_num", "max_locks_per_transaction", "max_connections")
    version, locks, connections = (server.execute(query, parameters=[name])[0][0] for name in settings)
    return bool(not has_feature(version, "lock_per_name") or names <= locks * connections)


def run_directly(server: Server, database: str, statements: Iterable[str]) -> None:
    """Run statements over one open connection in one transaction."""
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN; " + "; ".join(statements) + "; COMMIT")
