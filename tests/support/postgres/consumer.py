# SPDX-License-Identifier: GPL-3.0-or-later
"""What Metamapper does on a server: its two queries in their original form, and the effect of each object on them.

Metamapper logs in without setting client_encoding, decodes the rows, and stores them schema by schema. It cannot store,
and therefore hides, a schema with a column default of more than 255 characters or with a backslash in its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg2

from tests.support.postgres.site import Site

TABLES_AND_COLUMNS = """
WITH key_column AS (
    SELECT c.table_schema, c.table_name, c.column_name
      FROM information_schema.table_constraints t
      JOIN information_schema.constraint_column_usage u USING (constraint_schema, constraint_name)
      JOIN information_schema.columns c
        ON c.table_schema = t.constraint_schema AND t.table_name = c.table_name AND u.column_name = c.column_name
     WHERE t.constraint_type = 'PRIMARY KEY')
SELECT c.table_schema, c.table_schema::regnamespace::oid, c.table_name,
       to_regclass(c.table_schema || '.' || c.table_name)::oid, lower(t.table_type),
       to_regclass(c.table_schema || '.' || c.table_name)::oid || '/' || c.ordinal_position,
       c.column_name, c.ordinal_position, c.data_type, k.column_name IS NOT NULL, COALESCE(c.column_default, ''),
       col_description(to_regclass(c.table_schema || '.' || c.table_name)::oid, c.ordinal_position),
       COALESCE(c.character_maximum_length, c.numeric_precision), c.numeric_scale, upper(c.is_nullable) = 'YES'
  FROM information_schema.columns c
  JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
  LEFT JOIN key_column k
    ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name
 WHERE c.table_schema NOT IN ('information_schema', 'pg_catalog', 'pg_toast')
 ORDER BY 1, 3, 8
"""

INDEXES = """
SELECT DISTINCT u.schemaname, u.schemaname::regnamespace::oid, t.relname, x.relname, i.indisprimary,
       pg_get_indexdef(i.indexrelid)
  FROM pg_index i
  JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_class x ON x.oid = i.indexrelid
  LEFT JOIN pg_stat_user_indexes u ON u.indexrelid = i.indexrelid
 WHERE u.schemaname NOT IN ('information_schema', 'pg_catalog', 'pg_toast')
"""

VISIBLE = """
SELECT n.nspname::text, n.oid::int8, c.relname::text, c.oid::int8
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE (n.nspname::text, c.relname::text) IN (SELECT table_schema::text, table_name::text
                                                FROM information_schema.columns)
   AND n.nspname NOT IN ('information_schema', 'pg_catalog', 'pg_toast')
   AND c.relkind IN ('r', 'p', 'v', 'f')
"""

INDEXED = "SELECT DISTINCT u.schemaname::text, u.relid::int8 FROM pg_stat_user_indexes u"
SCHEMA_OIDS = "SELECT nspname::text, oid::int8 FROM pg_namespace"


STORED_CHARACTERS = 255
SCHEMA, RELATION, DEFAULT = 0, 2, 10


@dataclass(frozen=True)
class Scan:
    """The result of a scan: rows by schema and relation, or the SQLSTATE of the error that ended the scan.

    ``sqlstate`` is "decode" if a row could not be decoded, and empty if the scan succeeded.
    """

    sqlstate: str
    relations: dict[tuple[str, str], list[tuple[Any, ...]]]
    index_sqlstate: str

    @property
    def hidden(self) -> frozenset[str]:
        """The schemas that Metamapper cannot store."""
        return frozenset(
            schema
            for (schema, _relation), rows in self.relations.items()
            if "\\" in schema or any(len(row[DEFAULT]) > STORED_CHARACTERS for row in rows)
        )

    @property
    def status(self) -> str:
        """The status that Metamapper gives the run."""
        if self.sqlstate:
            return "FAILURE"
        return "PARTIAL" if self.hidden else "SUCCESS"

    @property
    def column_counts(self) -> dict[str, dict[str, int]]:
        """The number of columns by schema and relation."""
        counts: dict[str, dict[str, int]] = {}
        for (schema, relation), rows in self.relations.items():
            counts.setdefault(schema, {})[relation] = len(rows)
        return counts


def scan(site: Site, database: str = "") -> Scan:
    """Log in as the Metamapper user, and run Metamapper's two queries."""
    try:
        with site.login(database=database) as connection:
            return _scanned(connection)
    except psycopg2.OperationalError:
        return Scan("login", {}, "login")


def _scanned(connection: Any) -> Scan:
    sqlstate = index_sqlstate = ""
    relations: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    with connection.cursor() as cursor:
        try:
            cursor.execute(TABLES_AND_COLUMNS)
            for row in cursor.fetchall():
                relations.setdefault((row[SCHEMA], row[RELATION]), []).append(row)
        except psycopg2.Error as error:
            sqlstate = error.pgcode or "none"
        except UnicodeDecodeError:
            sqlstate = "decode"
        try:
            cursor.execute(INDEXES)
        except psycopg2.Error as error:
            index_sqlstate = error.pgcode or "none"
    return Scan(sqlstate, {} if sqlstate else relations, index_sqlstate)


@dataclass(frozen=True)
class Truth:
    """The effect of each object alone on Metamapper's queries, as the server's own functions compute it."""

    failing: frozenset[tuple[str, str]]
    misread: frozenset[tuple[str, str]]
    without_id: frozenset[tuple[str, str]]
    odd_index_schemas: frozenset[str]


def _asked(cursor: Any, expression: str, text: str) -> Any:
    try:
        cursor.execute("SELECT " + expression, [text])
        return cursor.fetchone()[0]
    except psycopg2.Error:
        return "fails"


def truth(site: Site, database: str = "") -> Truth:
    """Evaluate the casts for each visible relation separately, since one query over all would fail as a whole."""
    failing, misread, without_id, odd = set(), set(), set(), set()
    with site.login(database=database, client_encoding="UTF8") as connection, connection.cursor() as cursor:
        cursor.execute(VISIBLE)
        for schema, schema_oid, relation, oid in cursor.fetchall():
            answers = (
                _asked(cursor, "%s::regnamespace::oid::int8", schema),
                _asked(cursor, "to_regclass(%s)::oid::int8", f"{schema}.{relation}"),
            )
            if "fails" in answers:
                failing.add((schema, relation))
            elif answers == (schema_oid, None):
                without_id.add((schema, relation))
            elif answers != (schema_oid, oid):
                misread.add((schema, relation))
        cursor.execute(SCHEMA_OIDS)
        oids = dict(cursor.fetchall())
        cursor.execute(INDEXED)
        for schema in {row[0] for row in cursor.fetchall()}:
            if _asked(cursor, "%s::regnamespace::oid::int8", schema) != oids[schema]:
                odd.add(schema)
    return Truth(frozenset(failing), frozenset(misread), frozenset(without_id), frozenset(odd))
