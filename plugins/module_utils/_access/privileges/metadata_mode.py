# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What makes metadata mode unsafe: REFERENCES together with a place to create tables. Pure."""

from __future__ import annotations

from typing import Iterator

from ..._core.problem import Problem
from ..._core.remedy import OWNER, alternatively, sql, variable
from ..._core.sql_statement import quoted, statement_text
from ..catalog.facts import DatabaseFacts


def unsafe_creates(facts: DatabaseFacts, group: str) -> Iterator[Problem]:
    """Yield where the group can create a table with a foreign key to a relation on which it holds REFERENCES."""
    if "REFERENCES" not in facts.listed.values():
        return
    if facts.can_create_schemas:
        statement = statement_text("REVOKE CREATE ON DATABASE {} FROM PUBLIC, {}", facts.name, group)
        yield _unsafe(facts.name, f"database {quoted(facts.name)}", statement, group)
    for schema in facts.schemas.values():
        if schema.can_create:
            who = "PUBLIC" if schema.can_public_create else "{}"
            names = [schema.name] if schema.can_public_create else [schema.name, group]
            statement = statement_text(f"REVOKE CREATE ON SCHEMA {{}} FROM {who}", *names)
            yield _unsafe(facts.name, f"schema {quoted(schema.name)}", statement, group)


def _unsafe(database: str, location: str, statement: str, group: str) -> Problem:
    message = (
        f"Metadata mode in database {quoted(database)} is unsafe: {quoted(group)} can create objects in {location}, "
        "and a foreign key from a table of its own to one that it holds REFERENCES on tells which values exist there "
        "and blocks its owner's deletes."
    )
    remedy = sql("revoke CREATE for metadata mode", statement, by=OWNER, database=database)
    accepted = variable("accept REFERENCES", "metamapper_accept_references", True)
    return Problem(message, (remedy, *alternatively(accepted)), database=database, object=location, statement=statement)
