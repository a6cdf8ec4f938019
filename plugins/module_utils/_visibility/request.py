# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What the module visibility is told to expect, as values, and what of it exists in a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Literal, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.name_pattern import (
    PATTERN_CHARACTERS,
    is_system_schema,
    matching,
    never,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem

Privilege = Literal["SELECT", "REFERENCES"]
Seen = Mapping[str, Mapping[str, int]]

PRIVILEGES: Mapping[str, Privilege] = {"select": "SELECT", "metadata": "REFERENCES"}
AUTO = "auto"


@dataclass(frozen=True)
class Entry:
    """One entry of the option ``databases``; ``creators`` is None for ``auto``."""

    name: str
    schemas: tuple[str, ...]
    exclude_schemas: tuple[str, ...] = ()
    metadata_schemas: tuple[str, ...] = ()
    creators: tuple[str, ...] | None = None
    allow_empty: bool = False


@dataclass(frozen=True)
class Request:
    """All that the options say, apart from the way to the server.

    ``source`` is Metamapper's own address, empty where it is not known. ``baseline`` is what was seen earlier, by
    database, schema and relation, with the number of columns; None where there is none.
    """

    user: str
    group: str
    entries: tuple[Entry, ...]
    privilege: Privilege = "SELECT"
    source: str = ""
    fail_on: frozenset[str] = frozenset()
    baseline: Mapping[str, Seen] | None = None
    through_bastion: bool = False


@dataclass(frozen=True)
class Expectation:
    """What is expected of one database: a privilege for each schema, by name.

    ``creators`` holds the schemas whose creators are listed by name; the others are ``auto``. ``unmatched`` are the
    entries that mean no schema although they must, ``unmatched_metadata`` those of ``metadata_schemas``.
    """

    schemas: Mapping[str, Privilege] = field(default_factory=dict)
    creators: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    unmatched_metadata: tuple[str, ...] = ()


def request_from_options(options: Mapping[str, Any], *, through_bastion: bool = False) -> Request:
    """Return what a module's options say; raises Failure with all that is wrong with them."""
    request = Request(
        user=options["user"],
        group=options["group"],
        entries=tuple(_entry(entry) for entry in options["databases"]),
        privilege=PRIVILEGES[options["privilege"]],
        source=options["source"] or "",
        fail_on=frozenset(options["fail_on"]),
        baseline=_baseline(options["baseline"]),
        through_bastion=through_bastion,
    )
    problems = [*_wrong_names(request, options["password"]), *_wrong_entries(request.entries)]
    if problems:
        raise Failure(problems)
    return request


def _entry(entry: Mapping[str, Any]) -> Entry:
    creators = tuple(dict.fromkeys(entry["creators"]))
    return Entry(
        name=entry["name"],
        schemas=tuple(dict.fromkeys(entry["schemas"])),
        exclude_schemas=tuple(entry["exclude_schemas"]),
        metadata_schemas=tuple(entry["metadata_schemas"]),
        creators=None if creators == (AUTO,) else creators,
        allow_empty=entry["allow_empty"],
    )


def _baseline(value: Any) -> Mapping[str, Seen] | None:
    if not value:
        return None
    seen = value.get("seen", value)
    if not _is_seen(seen):
        message = "The baseline is not what an earlier run returned as seen: it must give, by database, by schema and "
        raise Failure([Problem(message + "by relation, the number of its columns.", "Hand in that value unchanged.")])
    return dict(seen)


def _is_seen(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(schemas, dict)
        and all(
            isinstance(relations, dict) and all(isinstance(columns, int) for columns in relations.values())
            for relations in schemas.values()
        )
        for schemas in value.values()
    )


def _wrong_names(request: Request, password: str) -> Iterable[Problem]:
    if not password:
        message = f'The password of user "{request.user}" is empty; PostgreSQL would refuse every login with it.'
        yield Problem(message, "Set metamapper_password (option password).", object=request.user)
    if request.user == request.group:
        message = f'Group and user have the same name "{request.user}". PostgreSQL has one name space for both.'
        yield Problem(message, "Give the group another name, for example metamapper_readers.", object=request.user)
    if not request.entries:
        yield Problem("No database is listed.", "List at least one in metamapper_databases (option databases).")


def _wrong_entries(entries: Sequence[Entry]) -> Iterable[Problem]:
    for entry in entries:
        for schema in (*entry.schemas, *entry.metadata_schemas):
            if is_system_schema(schema):
                message = f'"{schema}" is listed for database "{entry.name}", but belongs to PostgreSQL itself.'
                yield Problem(message, "Take it off the list.", database=entry.name, object=schema)
        if AUTO in (entry.creators or ()):
            message = f'creators of database "{entry.name}" is "auto" together with names of roles.'
            yield Problem(message, "Leave either of them out.", database=entry.name)
    names = [entry.name for entry in entries]
    for name in sorted({name for name in names if names.count(name) > 1}):
        message = f'The database "{name}" is listed more than once.'
        yield Problem(message, "Put its schemas into one entry.", database=name)


def is_pattern(name: str) -> bool:
    """Tell whether a name may be a pattern, so that the names that exist must be known."""
    return not PATTERN_CHARACTERS.isdisjoint(name)


def expanded(
    entries: Sequence[Entry], existing: Iterable[str]
) -> tuple[Mapping[str, tuple[Entry, ...]], tuple[str, ...]]:
    """Return the entries for each database, and the entries that mean no database although they must.

    A name without pattern characters is taken as it is: whether it exists is found out by logging in.
    """
    names = tuple(existing)
    meant: dict[str, list[Entry]] = {}
    unmatched: list[str] = []
    for entry in entries:
        found = matching([entry.name], names, is_reserved=never).names if is_pattern(entry.name) else (entry.name,)
        if not found and not entry.allow_empty:
            unmatched.append(entry.name)
        for name in found:
            meant.setdefault(name, []).append(entry)
    return {name: tuple(meant[name]) for name in sorted(meant)}, tuple(unmatched)


def expected(entries: Sequence[Entry], names: Iterable[str], privilege: Privilege) -> Expectation:
    """Return what the entries of one database expect of the schemas that exist.

    Where several entries mean one schema, they add up: SELECT wins, and so does ``auto``.
    """
    existing = tuple(names)
    schemas: dict[str, Privilege] = {}
    creators: dict[str, tuple[str, ...]] = {}
    automatic: set[str] = set()
    unmatched: list[str] = []
    unmatched_metadata: list[str] = []
    for entry in entries:
        found = matching(entry.schemas, existing, excludes=entry.exclude_schemas)
        hidden = matching(entry.metadata_schemas, found.names)
        if not entry.allow_empty:
            unmatched += found.unmatched
            unmatched_metadata += hidden.unmatched
        for name in found.names:
            wanted: Privilege = "REFERENCES" if name in hidden.names else privilege
            schemas[name] = "SELECT" if schemas.get(name) == "SELECT" else wanted
            creators[name] = (*creators.get(name, ()), *(entry.creators or ()))
            automatic.update([name] if entry.creators is None else [])
    named = {name: found for name, found in creators.items() if name not in automatic}
    return Expectation(schemas, named, tuple(unmatched), tuple(unmatched_metadata))
