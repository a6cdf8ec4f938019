# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which schemas of a database an entry of ``databases`` matches, and with which privilege. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import AbstractSet, Iterable, Iterator, Mapping, Protocol

from .._core.name import suggestion
from .._core.name_pattern import is_system_schema, matching
from .._core.problem import Problem
from .._core.remedy import Remedies, Remedy, alternatively, by_hand, variable
from .._core.sql_statement import quoted
from .._core.unquoted_names import UnquotedNameParser
from .account import DatabaseScope, LeftOut
from .databases import Target
from .entry import DatabaseEntry, Privilege


class ExistingSchema(Protocol):
    """What the catalog says about a schema.

    ``holds_relation`` is only known for names that need quotes, and has no meaning for others.
    """

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def extension(self) -> str:
        """The extension that it is a member of; empty for none."""

    @property
    def is_granted(self) -> bool:
        """Whether the group has been granted USAGE on it."""

    @property
    def holds_relation(self) -> bool:
        """Whether the group holds a privilege on a table or view in it, so that Metamapper knows the schema."""


@dataclass(frozen=True)
class SchemaRules:
    """What decides about the schemas of all databases: the desired privilege, and the server's version."""

    privilege: Privilege
    version: int

    def scope(self, target: Target, schemas: Iterable[ExistingSchema]) -> tuple[DatabaseScope, tuple[Problem, ...]]:
        """Return what is in scope in a database, and what is wrong with its entry."""
        reading = _Reading.of(target.entry, schemas, UnquotedNameParser(self.version, target.name))
        wanted = reading.by_name | (reading.by_pattern - reading.reasons.keys())
        metadata = _union(target.entry.metadata_schemas, wanted)
        existing = reading.existing
        scope = DatabaseScope(
            name=target.name,
            entry=target.entry,
            schemas={name: "REFERENCES" if name in metadata else self.privilege for name in sorted(wanted)},
            left_out=tuple(
                LeftOut(target.name, reading.pattern_of(name), reading.reasons[name], name)
                for name in sorted(reading.reasons)
            ),
            taken_in=tuple(sorted(name for name in wanted - reading.by_name if not existing[name].is_granted)),
            existing=len(existing),
        )
        return scope, tuple(reading.problems(target.name))


@dataclass(frozen=True)
class _Reading:
    """An entry resolved in a database: what each of its ``schemas`` matches, without the excluded ones."""

    entry: DatabaseEntry
    existing: Mapping[str, ExistingSchema]
    matches: Mapping[str, frozenset[str]]
    by_name: AbstractSet[str]
    refused: AbstractSet[str]
    by_pattern: AbstractSet[str]
    reasons: Mapping[str, str]

    @classmethod
    def of(cls, entry: DatabaseEntry, schemas: Iterable[ExistingSchema], names: UnquotedNameParser) -> _Reading:
        """Resolve an entry: names take precedence over patterns, and what patterns leave out has a reason."""
        existing = {schema.name: schema for schema in schemas if not is_system_schema(schema.name)}
        excluded = _union(entry.exclude_schemas, existing.keys())
        matches = {one: matching(one, existing.keys()) - excluded for one in entry.schemas}
        exact = frozenset(one for one in matches if one in existing) - excluded
        refused = frozenset(name for name in exact if names.is_unquotable_schema(name) and not entry.accept_breaks_scan)
        by_pattern = frozenset().union(*matches.values()) - exact
        reasons = {name: reason for name in by_pattern for reason in [_reason(existing[name], names)] if reason}
        return cls(entry, existing, matches, exact - refused, refused, by_pattern, reasons)

    def pattern_of(self, name: str) -> str:
        """Return the first of the entry's patterns that matches a schema."""
        return next(pattern for pattern, matched in self.matches.items() if name in matched)

    def problems(self, database: str) -> Iterator[Problem]:
        """Yield what is wrong with the entry in this database."""
        for name in sorted(self.refused):
            yield _breaks_scan(database, name)
        if self.entry.allow_empty:
            return
        for one, matched in self.matches.items():
            if not matched:
                excluded = matching(one, self.existing.keys())
                yield _excluded(database, one) if excluded else _unknown_schema(database, one, self.existing)
            elif matched <= self.reasons.keys():
                yield _all_left_out(database, one, self.reasons[min(matched)])
        # A typo here would make rows readable that should be hidden.
        meant = self.by_name | self.refused | self.by_pattern
        for one in self.entry.metadata_schemas:
            if not matching(one, meant):
                yield _not_in_scope(database, one)


def left_out(entry: DatabaseEntry, schema: str) -> Remedies:
    """Return how to exclude a schema, all that a customer can do if the provider owns it."""
    if schema in entry.schemas:
        return (variable("list other schemas", "schemas", [schema], database=entry.name, change="remove"),)
    return (variable("exclude the schema", "exclude_schemas", [schema], database=entry.name, change="add"),)


def _union(entries: Iterable[str], existing: AbstractSet[str]) -> frozenset[str]:
    return frozenset(name for entry in entries for name in matching(entry, existing))


def _reason(schema: ExistingSchema, names: UnquotedNameParser) -> str:
    """Return why a pattern leaves a schema out; empty if it does not.

    What Metamapper knows stays in scope whatever its name: revoking it would hide what people wrote about it.
    """
    if schema.extension:
        return f"It belongs to the extension {quoted(schema.extension)}."
    if names.is_unquotable_schema(schema.name) and not schema.holds_relation:
        return "Metamapper does not quote names, and its scan fails on this one or misreads it."
    return ""


def _breaks_scan(database: str, schema: str) -> Problem:
    message = (
        f"The schema {quoted(schema)} is listed for database {quoted(database)}. Metamapper does not quote names, and "
        "its scan fails on this one or misreads it."
    )
    accepted = variable("accept a broken scan", "accept_breaks_scan", True, database=database)
    remedies = (*by_hand("Take it out of schemas."), *alternatively(accepted))
    return Problem(message, remedies, database=database, object=schema)


def _not_in_scope(database: str, schema: str) -> Problem:
    message = f"The entry {quoted(schema)} of metadata_schemas means none of the schemas listed for {quoted(database)}."
    return Problem(message, by_hand("Correct it, or list the schema in schemas too."), database=database, object=schema)


def _unknown_schema(database: str, schema: str, existing: Iterable[str]) -> Problem:
    message = f"Schema {quoted(schema)} not found in database {quoted(database)} (as a name or a pattern)."
    remedies = (*by_hand("Correct the name in schemas."), *alternatively(_may_be_empty(database)))
    return Problem(message + suggestion(schema, existing), remedies, database=database, object=schema)


def _excluded(database: str, schema: str) -> Problem:
    message = f"Every schema of database {quoted(database)} that {quoted(schema)} means is excluded again."
    advice = "Correct exclude_schemas, or remove the entry from schemas."
    return Problem(message, by_hand(advice), database=database, object=schema)


def _all_left_out(database: str, pattern: str, reason: str) -> Problem:
    message = f"Every schema of database {quoted(database)} that the pattern {quoted(pattern)} matches is left out."
    remedies = (*by_hand("List the schema by its name."), *alternatively(_may_be_empty(database)))
    return Problem(f"{message} {reason}", remedies, database=database, object=pattern)


def _may_be_empty(database: str) -> Remedy:
    return variable("allow nothing to match", "allow_empty", True, database=database)
