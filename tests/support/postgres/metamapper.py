# SPDX-License-Identifier: GPL-3.0-or-later
"""What Metamapper does: a login, and a query of the same form as the one that determines what it sees."""

from __future__ import annotations

import contextlib
from typing import Any, FrozenSet, Optional, Tuple

import psycopg2

Column = Tuple[str, str, str]
# None if the login or the query fails: Metamapper then keeps what it has.
Seen = Optional[FrozenSet[Column]]

# The query casts names without quoting them, and does not check privileges first.
DEFINITIONS = """
SELECT col.table_schema, col.table_name, col.column_name,
       col.table_schema::regnamespace::oid AS schema_id,
       to_regclass(col.table_schema || '.' || col.table_name)::oid AS table_id,
       lower(tab.table_type) AS kind,
       to_regclass(col.table_schema || '.' || col.table_name)::oid || '/' || col.ordinal_position AS column_id
  FROM information_schema.columns col
  JOIN information_schema.tables tab
    ON tab.table_schema = col.table_schema AND tab.table_name = col.table_name
 WHERE col.table_schema NOT IN ('information_schema', 'pg_catalog', 'pg_toast')
 ORDER BY col.table_schema, col.table_name, col.ordinal_position
"""


def scan(connection: Any) -> frozenset[Column]:
    """Return every column that a scan stores; raises psycopg2.Error if the scan fails."""
    with connection.cursor() as cursor:
        cursor.execute(DEFINITIONS)
        return frozenset((row[0], row[1], row[2]) for row in cursor.fetchall())


def scan_as(**parameters: Any) -> Seen:
    """Log in, scan and log out; return None if that fails."""
    try:
        with contextlib.closing(psycopg2.connect(connect_timeout=5, **parameters)) as connection:
            return scan(connection)
    except psycopg2.Error:
        return None
