# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Compares the oids of all databases of a report: where Metamapper could give the text of one table to another.

Metamapper matches hidden tables with visible ones by oid, over all its datastores. What is found becomes findings of
the aspect overlap, so that each format of the report has them like all others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import Dict, Iterable, Iterator, List, Mapping, Sequence, Tuple

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.derived import with_aspect
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Finding,
    Report,
    worst_first,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.observation import (
    MOST_EXAMPLES,
    Observation,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.remedy import Remedy
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import Severity

ASPECT = "overlap"
# A server and one of its databases.
Place = Tuple[str, str]
QualifiedName = Tuple[str, str]
EXPORT = "ansible-playbook metamapper.postgresql.export_documentation"


@dataclass(frozen=True)
class Table:
    """A relation that Metamapper sees."""

    place: Place
    name: QualifiedName

    def __str__(self) -> str:
        server, database = self.place
        return f"{'.'.join(self.name)} of database {database} on {server}"


class Index:
    """The tables of each oid, and the databases that they are in.

    A set of databases is a number with a bit for each: a thousand servers have thousands, and the sets of all oids of
    all databases are united.
    """

    def __init__(self, tables: Iterable[tuple[int, Table]]) -> None:
        self._databases: dict[Place, int] = {}
        self._tables: dict[int, list[Table]] = {}
        self._places: dict[int, int] = {}
        for oid, table in tables:
            self._tables.setdefault(oid, []).append(table)
            place = self._databases.setdefault(table.place, 1 << len(self._databases))
            self._places[oid] = self._places.get(oid, 0) | place

    def other(self, oid: int, place: Place) -> Table | None:
        """Return a table with an oid in another database; None where there is none."""
        return next((table for table in self._tables.get(oid, ()) if table.place != place), None)

    def number_of_others(self, oids: Iterable[int], place: Place) -> int:
        """Return how many other databases have a table with one of some oids."""
        found = 0
        for oid in oids:
            found |= self._places.get(oid, 0)
        return bin(found & ~self._databases[place]).count("1")


Tables = Sequence[Tuple[int, Table]]
ByDatabase = Dict[str, List[Tuple[int, Table]]]


def with_overlaps(report: Report, observations: Mapping[str, Observation]) -> Report:
    """Return a report with what the oids of all observed servers tell, where they have two databases or more.

    A server says what was observed when it was verified: one that was not reached then stays as it is.
    """
    found = overlaps(observations)
    servers = [
        with_aspect(server, ASPECT, found.get(server.name))
        if observations.get(server.name, {}).get("created") == server.created
        else server
        for server in report.servers
    ]
    return replace(report, servers=worst_first(servers))


def overlaps(observations: Mapping[str, Observation]) -> dict[str, list[Finding]]:
    """Return the findings about each observed server; nothing where there is only one database."""
    tables = {server: list(_tables(server, one)) for server, one in observations.items()}
    lost = {(server, database) for server, one in observations.items() for database in one.get("lost_oids") or ()}
    if len(lost | {table.place for found in tables.values() for _oid, table in found}) < 2:
        return {}
    index = Index(pair for found in tables.values() for pair in found)
    copies = _copies(observations)
    return {
        server: [replace(each, server=server) for each in _findings(server, one, tables[server], index, copies)]
        for server, one in observations.items()
    }


def _tables(server: str, one: Observation) -> Iterator[tuple[int, Table]]:
    """Yield each relation with its oid; the oids of a schema stand in the order of the names."""
    seen = one.get("seen") or {}
    for database, schemas in (one.get("oids") or {}).items():
        for schema, oids in schemas.items():
            for name, oid in zip(sorted(seen.get(database, {}).get(schema, {})), oids):
                if oid is not None:
                    yield oid, Table((server, database), (schema, name))


def _finding(
    severity: Severity, reason: str, remedy: str, database: str = "", name: QualifiedName = ("", "")
) -> Finding:
    remedies = (Remedy("person", remedy),) if remedy else ()
    return Finding(ASPECT, severity, "", database, *name, reason, remedies)


def _copies(observations: Mapping[str, Observation]) -> dict[str, list[str]]:
    """Return of each server all that have its system identifier, in the order of names."""
    by_identifier: dict[str, list[str]] = {}
    for server, one in sorted(observations.items()):
        if one.get("system_identifier"):
            by_identifier.setdefault(one["system_identifier"], []).append(server)
    return {server: servers for servers in by_identifier.values() for server in servers}


def _copied(server: str, copies: Sequence[str]) -> Iterator[Finding]:
    """Yield that other servers are copies of one; the first of them are named."""
    if len(copies) > 1:
        named = list(islice((other for other in copies if other != server), MOST_EXAMPLES))
        more = len(copies) - 1 - len(named)
        reason = (
            f"This server and {', '.join(named)}{f' and {more} more' if more else ''} have the same system identifier: "
            "one is a replica or another copy of the other, or they are one server. Their tables have equal oids, and "
            "what Metamapper hides of one takes the text of the other."
        )
        yield _finding("warning", reason, "Make datastores of one of them only.")


def _findings(
    server: str, one: Observation, tables: Tables, index: Index, copies: Mapping[str, Sequence[str]]
) -> Iterator[Finding]:
    lost = one.get("lost_oids") or {}
    by_database: ByDatabase = {database: [] for database in lost}
    for oid, table in tables:
        by_database.setdefault(table.place[1], []).append((oid, table))
    yield from _copied(server, copies.get(server, ()))
    for database, own in by_database.items():
        place = (server, database)
        yield from _hidden_here(place, lost.get(database, {}), index)
        yield from _twins(place, own)
        yield from _swapped(place, (one.get("swaps") or {}).get(database, ()))
        yield from _shared(place, own, index)


def _hidden_here(place: Place, lost: Mapping[str, Mapping[str, int]], index: Index) -> Iterator[Finding]:
    """Yield what Metamapper would delete of others when its next scan hides what is lost here."""
    met = [
        ((schema, name), index.other(oid, place))
        for schema, held in sorted(lost.items())
        for name, oid in sorted(held.items())
    ]
    met = [(name, other) for name, other in met if other]
    for name, other in met[:MOST_EXAMPLES]:
        reason = (
            f"The next scan hides this table, and Metamapper then gives its text to {other}, which has the same "
            "oid and whose own text is lost."
        )
        yield _finding("warning", reason, f"Stop the scans and run: {EXPORT}. Then fix the regression.", place[1], name)
    if len(met) > MOST_EXAMPLES:
        reason = f"The same holds for {len(met) - MOST_EXAMPLES} more tables of this database that the next scan hides."
        yield _finding("warning", reason, "", place[1])


def _twins(place: Place, own: Tables) -> Iterator[Finding]:
    by_oid: dict[int, list[Table]] = {}
    for oid, table in own:
        by_oid.setdefault(oid, []).append(table)
    for table, *others in [tables for tables in by_oid.values() if len(tables) > 1][:MOST_EXAMPLES]:
        names = ", ".join(".".join(each.name) for each in others)
        reason = f"Metamapper takes this table and {names} for one: its query gets the same oid for both."
        yield _finding("warning", reason, "Rename one of them, or do not list its schema.", place[1], table.name)


def _swapped(place: Place, swaps: Iterable[Sequence[str]]) -> Iterator[Finding]:
    """Yield tables that are new since the baseline beside one whose name they extend."""
    for schema, name, old in swaps:
        reason = (
            f'This table is new beside "{old}", whose name it extends. If it takes the place of that one by a rename, '
            "Metamapper loses the text of one of them."
        )
        remedy = "Build the new table in a schema that is not listed, and move it with SET SCHEMA."
        yield _finding("information", reason, remedy, place[1], (schema, name))


def _shared(place: Place, own: Tables, index: Index) -> Iterator[Finding]:
    """Yield how many tables have the oid of a table of another database."""
    met = [(table, oid, other) for oid, table in own for other in [index.other(oid, place)] if other]
    if met:
        table, _oid, other = met[0]
        databases = index.number_of_others((oid for _table, oid, _other in met), place)
        reason = (
            f"{len(met)} of {len(own)} tables have the oid of a table in {databases} other databases, for example "
            f"{'.'.join(table.name)} here and {other}. If one of them is hidden, Metamapper gives its text to the "
            "other."
        )
        remedy = f"Before anything is hidden here, narrowed or dropped, run: {EXPORT}."
        yield _finding("information", reason, remedy, place[1])
