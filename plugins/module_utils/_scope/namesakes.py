# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which relations exist under some names: an unquoted name may refer to a different relation."""

from __future__ import annotations

from typing import Collection, Iterable, Mapping

from .._core.unquoted_names import QualifiedName, UnquotedNameParser
from .._postgres.session import Session

# Which of these qualified names exist, as any kind of relation.
NAMESAKES = """
SELECT namespace.nspname::pg_catalog.text AS schema, class.relname::pg_catalog.text AS relation
  FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::pg_catalog.text[]),
                  pg_catalog.unnest(%(relations)s::pg_catalog.text[])) AS wanted (schema, relation)
  JOIN pg_catalog.pg_namespace AS namespace ON namespace.nspname::pg_catalog.text = wanted.schema
  JOIN pg_catalog.pg_class AS class
    ON class.relnamespace = namespace.oid AND class.relname::pg_catalog.text = wanted.relation
 GROUP BY 1, 2
 ORDER BY 1, 2
"""


def existing_namesakes(session: Session, names: Iterable[QualifiedName]) -> frozenset[QualifiedName]:
    """Return which of some qualified names exist; one round trip, or none without names."""
    wanted = sorted(set(names))
    if not wanted:
        return frozenset()
    parameters = {"schemas": [name[0] for name in wanted], "relations": [name[1] for name in wanted]}
    return frozenset((schema, relation) for schema, relation in session.rows(NAMESAKES, parameters))


def breaking_relations(
    session: Session, reader: UnquotedNameParser, usage: Mapping[str, bool], relations: Collection[QualifiedName]
) -> frozenset[QualifiedName]:
    """Return those relations whose own name would break a scan that sees them; ``usage`` is the login's, by schema."""
    odd = [name for name in relations if reader.is_unquotable_relation(name[1])]
    meant = (reader.meant(*name) for name in odd)
    existing = existing_namesakes(session, (name for name in meant if name is not None))
    return frozenset(name for name in odd if reader.breaks_scan(reader.relation_effect(*name, usage, existing)))
