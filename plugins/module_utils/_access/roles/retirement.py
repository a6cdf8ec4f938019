# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Retired users: they lose LOGIN and their membership once the new user sees all that they see."""

from __future__ import annotations

from typing import Iterator, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import RoleFacts, ServerFacts
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import has_feature
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import (
    Statement,
    quoted,
    simple,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session

RELATIONS_PER_DATABASE = 20

# The relations that show up in information_schema for one role and not for another.
# https://www.postgresql.org/docs/current/infoschema-tables.html
SEEN_BY_ONE_ONLY = """
SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles o ON o.rolname = %(old)s
  JOIN pg_catalog.pg_roles w ON w.rolname = %(new)s
 WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND pg_catalog.has_database_privilege(o.oid, pg_catalog.current_database(), 'CONNECT')
   AND pg_catalog.has_schema_privilege(o.oid, n.oid, 'USAGE')
   AND (pg_catalog.pg_has_role(o.oid, c.relowner, 'USAGE')
        OR pg_catalog.has_any_column_privilege(o.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))
   AND NOT (pg_catalog.has_database_privilege(w.oid, pg_catalog.current_database(), 'CONNECT')
            AND pg_catalog.has_schema_privilege(w.oid, n.oid, 'USAGE')
            AND (pg_catalog.pg_has_role(w.oid, c.relowner, 'USAGE')
                 OR pg_catalog.has_any_column_privilege(w.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')))
 ORDER BY 1, 2
"""


def retirement(server: ServerFacts, group: str, facts: RoleFacts | None) -> Iterator[Statement]:
    """Yield what takes LOGIN and membership from a role, LOGIN first; nothing for one that does not exist.

    From 16 on there is a membership for each grantor, and REVOKE takes back one of them.
    https://www.postgresql.org/docs/16/sql-revoke.html
    """
    if facts is None:
        return
    if facts.can_login:
        yield simple("ALTER ROLE {} NOLOGIN", facts.name)
    if has_feature(server.version_num, "membership_options"):
        for grantor in facts.grantors:
            yield simple("REVOKE {} FROM {} GRANTED BY {}", group, facts.name, grantor)
    elif facts.grantors:
        yield simple("REVOKE {} FROM {}", group, facts.name)


def lost(session: Session, database: str, *, old: str, new: str) -> list[Problem]:
    """Return what the old user sees in a database and the new one does not; one round trip."""
    rows = session.rows(SEEN_BY_ONE_ONLY, {"old": old, "new": new})
    return [_loss(database, old, new, rows)] if rows else []


def _loss(database: str, old: str, new: str, rows: Sequence[tuple[str, ...]]) -> Problem:
    names = [".".join(map(quoted, row)) for row in rows]
    more = f" and {len(names) - RELATIONS_PER_DATABASE} more" if len(names) > RELATIONS_PER_DATABASE else ""
    message = (
        f"The retired user {quoted(old)} sees what {quoted(new)} does not see in database {quoted(database)}: "
        f"{', '.join(names[:RELATIONS_PER_DATABASE])}{more}. Metamapper's next scan would delete the documentation of "
        "it, so the retired user keeps LOGIN and membership."
    )
    mend = Statement("REVOKE SELECT ON TABLE {} FROM {}", (rows[0], (old,)))
    advice = f"List the schemas in metamapper_databases; or, if it is not to be seen any more, run for each: {mend};"
    return Problem(message, advice, database=database, object=names[0])
