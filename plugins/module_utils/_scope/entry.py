# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The entries of the option ``databases`` as values, and their problems that are known before any connection."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Iterable, Iterator, Literal, Mapping, Sequence

from .._core.name import name_problem, unsendable
from .._core.name_pattern import is_pattern, is_system_schema
from .._core.problem import Problem
from .._core.remedy import by_hand
from .._core.sql_statement import quoted

AUTO = "auto"
DATABASE_OWNER = "pg_database_owner"

# The privileges that make a relation and its columns visible in information_schema, with or without its rows.
# https://www.postgresql.org/docs/current/infoschema-columns.html
Privilege = Literal["SELECT", "REFERENCES"]
PRIVILEGES: Mapping[str, Privilege] = MappingProxyType({"select": "SELECT", "metadata": "REFERENCES"})


@dataclass(frozen=True)
class DatabaseEntry:
    """An entry of ``databases``: ``name`` and ``schemas`` are names or patterns, ``creators`` is None for ``auto``.

    Schemas that ``metadata_schemas`` matches get the privilege of metadata mode, whatever the mode is.
    """

    name: str
    schemas: tuple[str, ...]
    exclude_schemas: tuple[str, ...] = ()
    creators: tuple[str, ...] | None = None
    allow_empty: bool = False
    metadata_schemas: tuple[str, ...] = ()
    accept_breaks_scan: bool = False


def entries_from_option(databases: Iterable[Mapping[str, Any]]) -> tuple[DatabaseEntry, ...]:
    """Return the entries of the option, in its order."""
    return tuple(_entry(entry) for entry in databases)


def _entry(entry: Mapping[str, Any]) -> DatabaseEntry:
    creators = tuple(dict.fromkeys(entry["creators"]))
    return DatabaseEntry(
        name=entry["name"],
        schemas=tuple(dict.fromkeys(entry["schemas"])),
        exclude_schemas=tuple(entry["exclude_schemas"]),
        creators=None if creators == (AUTO,) else creators,
        allow_empty=entry["allow_empty"],
        metadata_schemas=tuple(dict.fromkeys(entry["metadata_schemas"])),
        accept_breaks_scan=entry["accept_breaks_scan"],
    )


def entry_problems(entries: Sequence[DatabaseEntry]) -> list[Problem]:
    """Return all that is wrong with the entries, whatever exists on the server."""
    problems = [problem for entry in entries for problem in _wrong_entry(entry)]
    if not entries:
        problems.append(Problem("No database is listed.", by_hand("List at least one in metamapper_databases.")))
    names = Counter(entry.name for entry in entries)
    for name in (name for name, count in names.items() if count > 1):
        message = f"The database {quoted(name)} is listed more than once."
        problems.append(Problem(message, by_hand("Put its schemas into one entry."), database=name))
    return problems


def _wrong_entry(entry: DatabaseEntry) -> Iterator[Problem]:
    checked = [_pattern_problem("database", entry.name)]
    checked += [_pattern_problem("schema", schema) for schema in entry.schemas]
    checked += [name_problem("creator", creator) for creator in entry.creators or ()]
    yield from (problem for problem in checked if problem)
    yield from _system_schemas(entry)
    if not entry.schemas and not entry.allow_empty:
        message = f"No schema is listed for database {quoted(entry.name)}."
        yield Problem(message, by_hand('List schemas by name or pattern, for example ["*"].'), database=entry.name)
    yield from _wrong_creators(entry)


def _pattern_problem(what: str, entry: str) -> Problem | None:
    """Return why a text can be neither a name nor a pattern; a pattern may be longer than a name."""
    return None if is_pattern(entry) and not unsendable(entry) else name_problem(what, entry)


def _system_schemas(entry: DatabaseEntry) -> Iterator[Problem]:
    for schema in filter(is_system_schema, dict.fromkeys([*entry.schemas, *entry.metadata_schemas])):
        message = f"The schema {quoted(schema)} listed for database {quoted(entry.name)} is PostgreSQL's own."
        advice = "Remove it from schemas and metadata_schemas: Metamapper leaves it out too."
        yield Problem(message, by_hand(advice), database=entry.name, object=schema)


def _wrong_creators(entry: DatabaseEntry) -> Iterator[Problem]:
    creators = entry.creators or ()
    if AUTO in creators:
        message = f'The creators of database {quoted(entry.name)} mix "{AUTO}" with names.'
        yield Problem(message, by_hand(f"Use {AUTO} alone, or names alone."), database=entry.name)
    if DATABASE_OWNER in creators:
        message = f'The creator "{DATABASE_OWNER}" stands for the owner of the database, and creates nothing itself.'
        yield Problem(message, by_hand("Name the owner of the database instead."), object=DATABASE_OWNER)
