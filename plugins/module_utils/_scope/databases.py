# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which databases the option ``databases`` means, given those that exist. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, Mapping, Protocol, Sequence

from .._core.name import suggestion
from .._core.name_pattern import is_pattern, matching
from .._core.problem import Problem
from .._core.remedy import OWNER, by_hand, sql
from .._core.sql_statement import quoted, statement_text
from .account import LeftOut
from .entry import DatabaseEntry

# Databases of managed services that only the provider can connect to. Patterns do not match them.
PROVIDERS_OWN = frozenset({"rdsadmin", "cloudsqladmin", "azure_maintenance", "azure_sys"})


class ExistingDatabase(Protocol):
    """What the catalog says about a database; ``can_connect`` is about the role that reads the catalog."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def allows_connections(self) -> bool:
        """Whether it accepts connections at all."""

    @property
    def is_template(self) -> bool:
        """Whether it is a template."""

    @property
    def can_connect(self) -> bool:
        """Whether the role has CONNECT on it."""


@dataclass(frozen=True)
class Target:
    """A database in scope, and its entry."""

    name: str
    entry: DatabaseEntry


@dataclass(frozen=True)
class Targets:
    """The databases in scope, sorted by name, those that patterns left out, and what is wrong with the entries."""

    targets: tuple[Target, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the databases."""
        return tuple(target.name for target in self.targets)


def has_pattern(entries: Iterable[DatabaseEntry]) -> bool:
    """Return whether the existing databases must be known to resolve the entries."""
    return any(is_pattern(entry.name) for entry in entries)


def named(entries: Iterable[DatabaseEntry]) -> Targets:
    """Return the databases that entries name without patterns, whether they exist or not."""
    return Targets(tuple(Target(entry.name, entry) for entry in sorted(entries, key=lambda entry: entry.name)))


def resolve(entries: Sequence[DatabaseEntry], databases: Iterable[ExistingDatabase], role: str) -> Targets:
    """Return the databases that the entries mean to a role that logs in.

    An entry with a name excludes its database from patterns; a database that two patterns match is an error. Patterns
    do not match templates, and leave out databases that the role cannot connect to and those of the provider.
    """
    existing = {database.name: database for database in databases}
    found = {entry.name: entry for entry in entries if entry.name in existing}
    candidates = {name for name, database in existing.items() if name not in found and not database.is_template}
    reasons = {name: reason for name in candidates for reason in [_reason(existing[name], role)] if reason}
    left_out: dict[str, LeftOut] = {}
    problems: list[Problem] = []
    for entry in entries:
        if entry.name in existing:
            continue
        matched = sorted(matching(entry.name, candidates))
        out = [LeftOut(name, entry.name, reasons[name]) for name in matched if name in reasons]
        left_out.update({one.database: one for one in out})
        meant = [name for name in matched if name not in reasons]
        problems += [_two_patterns(name, found[name], entry) for name in meant if name in found]
        found.update({name: entry for name in meant})
        if not (meant or entry.allow_empty or matching(entry.name, found.keys())):
            problems.append(_all_left_out(entry.name, out) if out else _unknown_database(entry.name, existing))
    targets = tuple(Target(name, found[name]) for name in sorted(found))
    return Targets(targets, tuple(left_out[name] for name in sorted(left_out)), tuple(problems))


def _reason(database: ExistingDatabase, role: str) -> str:
    """Return why a pattern leaves a database out; empty if it does not."""
    if database.name in PROVIDERS_OWN:
        return "It belongs to the provider of the server."
    if not database.allows_connections:
        return "It accepts no connections."
    return "" if database.can_connect else f"Role {quoted(role)} lacks CONNECT on it."


def not_enterable(database: ExistingDatabase, admin: str) -> Iterator[Problem]:
    """Yield why the administrator cannot connect to a database; nothing if it can."""
    if not database.allows_connections:
        statement = statement_text("ALTER DATABASE {} ALLOW_CONNECTIONS true", database.name)
        message = f"The database {quoted(database.name)} accepts no connections."
        remedy = sql("accept connections", statement, by=OWNER)
        yield Problem(message, (remedy,), database=database.name, statement=statement)
    elif not database.can_connect:
        statement = statement_text("GRANT CONNECT ON DATABASE {} TO {}", database.name, admin)
        message = f"Role {quoted(admin)} may not connect to database {quoted(database.name)}."
        remedy = sql("let the administrator connect", statement, by=OWNER)
        yield Problem(message, (remedy,), database=database.name, statement=statement)


def entry_obstacles(targets: Targets, databases: Iterable[ExistingDatabase], admin: str) -> list[Problem]:
    """Return the databases listed by name that the administrator cannot connect to."""
    names = frozenset(targets.names)
    return [problem for one in databases if one.name in names for problem in not_enterable(one, admin)]


def unknown_database(name: str, existing: Iterable[str]) -> str:
    """Return the message on a database that does not exist, with a suggestion."""
    return f"Database {quoted(name)} not found (as a name or a pattern).{suggestion(name, existing)}"


def _unknown_database(name: str, existing: Mapping[str, ExistingDatabase]) -> Problem:
    advice = "Correct the name in metamapper_databases, or set allow_empty: true for it."
    return Problem(unknown_database(name, existing), by_hand(advice), database=name, object=name)


def _all_left_out(entry: str, left_out: Sequence[LeftOut]) -> Problem:
    first = left_out[0]
    message = (
        f"Every database that the pattern {quoted(entry)} matches is left out: {len(left_out)}, for example "
        f"{quoted(first.database)}. {first.reason}"
    )
    advice = "List the database by its name to see what is missing, or set allow_empty: true for the pattern."
    return Problem(message, by_hand(advice), database=entry, object=entry)


def _two_patterns(name: str, first: DatabaseEntry, second: DatabaseEntry) -> Problem:
    message = f"The database {quoted(name)} matches two patterns, {quoted(first.name)} and {quoted(second.name)}."
    return Problem(message, by_hand("Give it an entry with its own name."), database=name)
