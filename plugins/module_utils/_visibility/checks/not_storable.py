# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What a scan reads but Metamapper cannot store, and what does not reach it at all. Pure."""

from __future__ import annotations

from typing import Iterator, Sequence

from ..._core.membership import may_alter
from ..._core.metamapper_form import DEFAULT_CHARACTERS
from ..._core.remedy import Remedies, by_hand, sql
from ..._core.sql_statement import quoted, statement_text
from ..._core.unquoted_names import safe_name
from ..catalog.facts import DatabaseFacts, LongDefault, Totals, Undecodable
from ..finding import Finding, qualified
from .remedies import hidden, renamed


def not_storable(facts: DatabaseFacts) -> Iterator[Finding]:
    """Yield what a scan reads and Metamapper cannot store: it hides the whole schema, and its run is PARTIAL."""
    for name in facts.schemas:
        totals = facts.totals.get(name, Totals())
        if "\\" in name and totals.visible_relations:
            reason = (
                "Metamapper cannot store a schema with a backslash in its name, and hides all of it (visible in it: "
                f"{totals.visible_relations})."
            )
            new_name = renamed(facts, "SCHEMA", [name], safe_name(name, set(facts.schemas)))
            yield _hidden_schema(facts, name, reason, hidden(facts, name, new_name))
    by_schema: dict[str, list[LongDefault]] = {}
    for one in facts.scan.long_defaults:
        by_schema.setdefault(one.schema, []).append(one)
    for schema, defaults in by_schema.items():
        yield from _long_defaults(facts, schema, defaults)


def _long_defaults(facts: DatabaseFacts, schema: str, defaults: Sequence[LongDefault]) -> Iterator[Finding]:
    first = defaults[0]
    more = f" and {len(defaults) - 1} more" if len(defaults) > 1 else ""
    reason = (
        f"The default of column {quoted(first.column)} of {qualified(schema, first.relation)}{more} has "
        f"{first.characters} characters. Metamapper stores {DEFAULT_CHARACTERS} at most, and hides the whole schema."
    )
    shorter = by_hand(f"Shorten the default, for example by a function that returns the value of {first.column}.")
    yield _hidden_schema(facts, schema, reason, hidden(facts, schema, shorter))


def _hidden_schema(facts: DatabaseFacts, schema: str, reason: str, remedies: Remedies) -> Finding:
    is_listed = schema in facts.expectation.schemas or not facts.schemas
    return Finding("breaks_scan", "failure" if is_listed else "warning", reason, remedies, facts.name, schema)


def _why_undecodable(found: Undecodable) -> str:
    failed = f"{found.failure.message} (SQLSTATE {found.failure.sqlstate})."
    if not found.client_encoding:
        return f"Metamapper's login, which asks for no encoding, fails for the one that is set for it: {failed}"
    names = ", ".join(f"{schema}.{relation}" for schema, relation in found.relations)
    return (
        "Metamapper's query for tables fails as a whole on a name, a default or a comment that does not reach it in "
        f"the encoding of its session, {found.client_encoding}: {failed} First found in: {names}."
    )


def not_decodable(facts: DatabaseFacts) -> Iterator[Finding]:
    """Yield why a text does not reach Metamapper in the encoding of its session."""
    found = facts.scan.undecodable
    if found is None:
        return
    reason = _why_undecodable(found)
    statement = statement_text(f"ALTER ROLE {{}} SET client_encoding = '{found.remedy_encoding}'", facts.user)
    remedies: Remedies = (sql("set the encoding", statement, by=may_alter(facts.user, facts.session.version)),)
    if found.remedy_encoding == found.client_encoding:
        remedies = by_hand(f"Rewrite what is not {found.client_encoding} in these relations.")
    elif found.remedy_encoding != "UTF8":
        reason += " Not all of it is UTF-8; as LATIN1 it arrives, and bytes of other encodings as other characters."
    yield Finding("breaks_scan", "failure", reason, remedies, facts.name)
