# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases for the benchmarks: schemas of many owners, each with the same number of relations, the last one a view."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from tools.postgres.server import Server

OWNERS = 5
SCHEMAS_AT_ONCE = 50  # per transaction: each new table holds a lock until it ends

OWNER_ROLES = """
DO $$ BEGIN
  FOR number IN 0 .. %(owners)s - 1 LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles r WHERE r.rolname = 'owner' || number) THEN
      EXECUTE format('CREATE ROLE %%I', 'owner' || number);
    END IF;
  END LOOP;
END $$
"""

MAKE_SCHEMAS = """
DO $$ DECLARE owner_name text; comment_form text; BEGIN
  FOR s IN %(first)s .. %(last)s LOOP
    owner_name := 'owner' || s %% %(owners)s;
    EXECUTE format('CREATE SCHEMA s%%s AUTHORIZATION %%I', s, owner_name);
    EXECUTE format('SET LOCAL ROLE %%I', owner_name);
    FOR t IN 0 .. %(relations)s - 2 LOOP
      EXECUTE format('CREATE TABLE s%%s.t%%s (%%s)', s, t,
                     (%(columns)s::text[])[1 + t %% array_length(%(columns)s::text[], 1)]);
      FOREACH comment_form IN ARRAY %(comments)s::text[] LOOP
        EXECUTE format(comment_form, 's' || s, 't' || t);
      END LOOP;
    END LOOP;
    EXECUTE format('CREATE VIEW s%%s.v AS SELECT * FROM s%%s.t0', s, s);
    RESET ROLE;
  END LOOP;
END $$
"""

FIRST_COLUMNS = """\
id bigint PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz DEFAULT now(),
name character varying(120) NOT NULL, state text NOT NULL DEFAULT 'new', amount numeric(12, 2) DEFAULT 0, note text"""


@dataclass(frozen=True)
class Shape:
    """The form of the tables: column lists used in turn, and COMMENT statements with %I for schema and table."""

    words: str
    columns: tuple[str, ...]
    comments: tuple[str, ...] = ()


# One row in pg_class per table. Tables with keys and text have four: table, index, TOAST table, and its index.
# https://www.postgresql.org/docs/current/storage-toast.html
NARROW = Shape("one column each", columns=("id integer",))
# Like tables of applications: eight to twelve columns, a primary key, defaults and a few comments.
WIDE = Shape(
    "with keys and text",
    columns=tuple(", ".join((FIRST_COLUMNS, *(f"extra{n} integer" for n in range(more)))) for more in range(1, 6)),
    comments=("COMMENT ON TABLE %I.%I IS 'What it is for'", "COMMENT ON COLUMN %I.%I.state IS 'new, open or done'"),
)


@dataclass(frozen=True)
class Size:
    """The size of a database, and its server."""

    server: Server
    schemas: int
    relations: int
    shape: Shape = NARROW

    @property
    def words(self) -> str:
        """The label of this size in the tables."""
        return f"{self.schemas:,} schemas × {self.relations} relations, {self.shape.words}"

    def build(self, database: str) -> None:
        """Create a database of this size."""
        build(self.server, database, self.schemas, self.relations, self.shape)


def build(server: Server, database: str, schemas: int, relations: int, shape: Shape = NARROW) -> None:
    """Create a database with that many schemas, and that many relations in each."""
    server.execute(f'CREATE DATABASE "{database}"')
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(OWNER_ROLES, {"owners": OWNERS})
        for first in range(0, schemas, SCHEMAS_AT_ONCE):
            parameters = {
                "first": first,
                "last": min(first + SCHEMAS_AT_ONCE, schemas) - 1,
                "relations": relations,
                "columns": list(shape.columns),
                "comments": list(shape.comments),
                "owners": OWNERS,
            }
            cursor.execute(MAKE_SCHEMAS, parameters)
        cursor.execute("VACUUM (ANALYZE)")
