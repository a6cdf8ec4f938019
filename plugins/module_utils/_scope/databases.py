# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which databases and schemas the options mean, given those that exist. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    DatabaseFacts,
    ListedDatabase,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import DatabaseEntry, Privilege
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.name_pattern import Matched, matching, never
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import quoted, remedy

# Databases of managed services that nobody but the provider enters. A pattern does not match them.
PROVIDERS_OWN = frozenset({"rdsadmin", "cloudsqladmin", "azure_maintenance", "azure_sys"})


@dataclass(frozen=True)
class Target:
    """A database that exists, and the entry that means it."""

    name: str
    entry: DatabaseEntry


@dataclass(frozen=True)
class Targets:
    """The databases meant, sorted by name, and what is wrong with the entries."""

    targets: tuple[Target, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the databases."""
        return tuple(target.name for target in self.targets)


def resolve(entries: Sequence[DatabaseEntry], databases: Iterable[ListedDatabase], admin: str) -> Targets:
    """Return the databases that the entries mean.

    An entry that is a name takes its database out of the patterns; a database that two patterns match is an error.
    """
    by_name = {database.name: database for database in databases}
    exact = {entry.name: entry for entry in entries if entry.name in by_name}
    matchable = [name for name, database in by_name.items() if name in exact or _is_matchable(database)]
    found = dict(exact)
    problems = [problem for entry in exact.values() for problem in not_enterable(by_name[entry.name], admin)]
    for entry in entries:
        if entry.name in exact:
            continue
        matched = matching([entry.name], matchable, is_reserved=never)
        meant = [name for name in matched.names if name not in exact]
        problems += [_two_patterns(name, found[name], entry) for name in meant if name in found]
        found.update({name: entry for name in meant})
        if matched.unmatched and not entry.allow_empty:
            problems.append(_unknown_database(entry.name))
    return Targets(tuple(Target(name, found[name]) for name in sorted(found)), tuple(problems))


def _is_matchable(database: ListedDatabase) -> bool:
    is_ours = database.allows_connections and database.can_connect and not database.is_template
    return is_ours and database.name not in PROVIDERS_OWN


def not_enterable(database: ListedDatabase, admin: str) -> Iterator[Problem]:
    """Yield why the administrator cannot connect to a database; nothing where it can."""
    if not database.allows_connections:
        mend = remedy("ALTER DATABASE {} ALLOW_CONNECTIONS true", database.name)
        message = f"The database {quoted(database.name)} accepts no connections."
        yield Problem(message, f"Have its owner run: {mend}", database=database.name, statement=mend)
    elif not database.can_connect:
        mend = remedy("GRANT CONNECT ON DATABASE {} TO {}", database.name, admin)
        message = f"Role {quoted(admin)} may not connect to database {quoted(database.name)}."
        yield Problem(message, f"Have its owner run: {mend}", database=database.name, statement=mend)


def _unknown_database(name: str) -> Problem:
    message = f"The database {quoted(name)} does not exist on the server, and matches none as a pattern."
    advice = "Correct the name in metamapper_databases, or set allow_empty: true for it."
    return Problem(message, advice, database=name, object=name)


def _two_patterns(name: str, first: DatabaseEntry, second: DatabaseEntry) -> Problem:
    message = f"The database {quoted(name)} matches two patterns, {quoted(first.name)} and {quoted(second.name)}."
    return Problem(message, "Give it an entry with its own name.", database=name)


def chosen_schemas(entry: DatabaseEntry, names: Iterable[str]) -> Matched:
    """Return which of a database's schemas an entry means."""
    return matching(entry.schemas, names, excludes=entry.exclude_schemas)


def wanted_privileges(entry: DatabaseEntry, names: Iterable[str], privilege: Privilege) -> dict[str, Privilege]:
    """Return the privilege that the group is to have on the relations of each schema that an entry means."""
    chosen = chosen_schemas(entry, names).names
    metadata = set(matching(entry.metadata_schemas, chosen).names)
    return {schema: "REFERENCES" if schema in metadata else privilege for schema in chosen}


def schema_problems(entry: DatabaseEntry, facts: DatabaseFacts) -> list[Problem]:
    """Return what is wrong with the schemas of an entry in a database."""
    matched = chosen_schemas(entry, facts.schemas)
    problems = [_system_schema(facts.name, schema) for schema in matched.refused]
    if not entry.allow_empty:
        exist = [schema for schema in matched.unmatched if matching([schema], facts.schemas).names]
        problems += [
            _excluded_schema(facts.name, schema) if schema in exist else _unknown_schema(facts.name, schema)
            for schema in matched.unmatched
        ]
        # A slip here would make rows readable that are to be hidden.
        of_these = matching(entry.metadata_schemas, matched.names)
        problems += [_not_listed(facts.name, schema) for schema in (*of_these.unmatched, *of_these.refused)]
    return problems


def _not_listed(database: str, schema: str) -> Problem:
    message = f"The entry {quoted(schema)} of metadata_schemas means none of the schemas listed for {quoted(database)}."
    return Problem(message, "Correct it, or list the schema in schemas too.", database=database, object=schema)


def _system_schema(database: str, schema: str) -> Problem:
    message = f"The schema {quoted(schema)} listed for database {quoted(database)} is PostgreSQL's own."
    return Problem(message, "Take it out of schemas: Metamapper leaves it out too.", database=database, object=schema)


def _unknown_schema(database: str, schema: str) -> Problem:
    message = (
        f"The schema {quoted(schema)} does not exist in database {quoted(database)}, and matches none as a pattern."
    )
    advice = "Correct the name in schemas, or set allow_empty: true for the database."
    return Problem(message, advice, database=database, object=schema)


def _excluded_schema(database: str, schema: str) -> Problem:
    message = f"Every schema of database {quoted(database)} that {quoted(schema)} means is excluded again."
    advice = "Correct exclude_schemas, or take the entry out of schemas."
    return Problem(message, advice, database=database, object=schema)
