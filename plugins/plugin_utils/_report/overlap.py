# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Compares the oids of all databases of a run: where Metamapper could give the text of one table to another.

Metamapper matches hidden tables with visible ones by oid, over all its datastores. What is found becomes findings of
the aspect overlap in the results of the module, so that each format of the report has them like all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

ASPECT = "overlap"
Result = Mapping[str, Any]
Results = Mapping[str, Optional[Result]]
# A server and one of its databases.
Place = Tuple[str, str]
QualifiedName = Tuple[str, str]
# Of a kind, for each database.
MOST_EXAMPLES = 10
EXPORT = "ansible-playbook metamapper.postgresql.export_documentation"


@dataclass(frozen=True)
class Table:
    """A relation that Metamapper sees."""

    place: Place
    name: QualifiedName

    def __str__(self) -> str:
        server, database = self.place
        return f"{'.'.join(self.name)} of database {database} on {server}"


Index = Dict[int, List[Table]]


def with_overlaps(results: Results, kept: Mapping[str, Result] | None = None) -> dict[str, Result | None]:
    """Return the results with what the oids of all of them tell, where there are two databases or more.

    ``kept`` is what earlier runs have kept of other servers, which are compared with as well.
    """
    compared = {**(kept or {}), **results}
    tables = {host: list(_tables(host, result)) for host, result in compared.items() if result}
    databases = {table.place for found in tables.values() for _oid, table in found}
    if len(databases) < 2:
        return dict(results)
    index: Index = {}
    for found in tables.values():
        for oid, table in found:
            index.setdefault(oid, []).append(table)
    # Many databases of fresh servers have the same oids: one set for all oids that are in the same databases.
    same: dict[frozenset[Place], frozenset[Place]] = {}
    places = {oid: same.setdefault(each, each) for oid, each in _places(index)}
    copies = _copies(compared)
    return {
        host: _with(result, [*_copy_findings(host, copies), *_findings(host, result, tables[host], index, places)])
        if result and result.get("oids")
        else result
        for host, result in results.items()
    }


def _tables(host: str, result: Result) -> Iterator[tuple[int, Table]]:
    """Yield each relation with its oid; the oids of a schema stand in the order of the names."""
    seen = result.get("seen") or {}
    for database, schemas in (result.get("oids") or {}).items():
        for schema, oids in schemas.items():
            for name, oid in zip(sorted(seen.get(database, {}).get(schema, {})), oids):
                if oid is not None:
                    yield oid, Table((host, database), (schema, name))


def _places(index: Index) -> Iterator[tuple[int, frozenset[Place]]]:
    for oid, tables in index.items():
        yield oid, frozenset(table.place for table in tables)


def _with(result: Result, found: list[dict[str, str]]) -> Result:
    # What was not compared has no entry in the summary, and so no line in the report.
    status = "warning" if any(each["severity"] == "warning" for each in found) else "ok"
    summary = {**(result.get("summary") or {}), ASPECT: {"status": status, "count": len(found)}}
    return {**result, "findings": [*(result.get("findings") or ()), *found], "summary": summary}


def _finding(
    severity: str, reason: str, remedy: str, database: str = "", name: QualifiedName = ("", "")
) -> dict[str, str]:
    return {
        "aspect": ASPECT,
        "severity": severity,
        "database": database,
        "schema": name[0],
        "relation": name[1],
        "reason": reason,
        "remedy": remedy,
    }


def _copies(results: Results) -> dict[str, list[str]]:
    """Return of each host the others with its system identifier, where there are any."""
    by_identifier: dict[str, list[str]] = {}
    for host, result in results.items():
        if result and result.get("system_identifier"):
            by_identifier.setdefault(result["system_identifier"], []).append(host)
    return {
        host: sorted(other for other in hosts if other != host)
        for hosts in by_identifier.values()
        for host in hosts
        if len(hosts) > 1
    }


def _copy_findings(host: str, copies: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    if host in copies:
        others = ", ".join(copies[host][:MOST_EXAMPLES])
        reason = (
            f"This server and {others} have the same system identifier: one is a replica or another copy of the other, "
            "or they are one server. Their tables have equal oids, and what Metamapper hides of one takes the text of "
            "the other."
        )
        yield _finding("warning", reason, "Make datastores of one of them only.")


def _findings(
    host: str,
    result: Result,
    tables: Iterable[tuple[int, Table]],
    index: Index,
    places: Mapping[int, frozenset[Place]],
) -> Iterator[dict[str, str]]:
    by_database: dict[str, list[tuple[int, Table]]] = {}
    for oid, table in tables:
        by_database.setdefault(table.place[1], []).append((oid, table))
    for database, own in by_database.items():
        place = (host, database)
        yield from _hidden_here(place, (result.get("lost_oids") or {}).get(database, {}), index)
        yield from _twins(place, own)
        yield from _swaps(place, result)
        yield from _shared(place, own, index, places)


def _others(oid: int, place: Place, index: Index) -> list[Table]:
    return [table for table in index.get(oid, ()) if table.place != place]


def _hidden_here(place: Place, lost: Mapping[str, Mapping[str, int]], index: Index) -> Iterator[dict[str, str]]:
    """Yield what Metamapper would delete of others when its next scan hides what is lost here."""
    met = [
        ((schema, name), _others(oid, place, index))
        for schema, held in sorted(lost.items())
        for name, oid in sorted(held.items())
    ]
    met = [(name, others) for name, others in met if others]
    for name, others in met[:MOST_EXAMPLES]:
        reason = (
            f"The next scan hides this table, and Metamapper then gives its text to {others[0]}, which has the same "
            "oid and whose own text is lost."
        )
        yield _finding("warning", reason, f"Stop the scans and run: {EXPORT}. Then fix the regression.", place[1], name)
    if len(met) > MOST_EXAMPLES:
        reason = f"The same holds for {len(met) - MOST_EXAMPLES} more tables of this database that the next scan hides."
        yield _finding("warning", reason, "", place[1])


def _twins(place: Place, own: Iterable[tuple[int, Table]]) -> Iterator[dict[str, str]]:
    by_oid: dict[int, list[Table]] = {}
    for oid, table in own:
        by_oid.setdefault(oid, []).append(table)
    for table, *others in [tables for tables in by_oid.values() if len(tables) > 1][:MOST_EXAMPLES]:
        names = ", ".join(".".join(each.name) for each in others)
        reason = f"Metamapper takes this table and {names} for one: its query gets the same oid for both."
        yield _finding("warning", reason, "Rename one of them, or do not list its schema.", place[1], table.name)


def _swaps(place: Place, result: Result) -> Iterator[dict[str, str]]:
    """Yield tables that are new since the baseline beside one whose name they extend."""
    baseline = (result.get("request") or {}).get("baseline") or {}
    before, now = baseline.get(place[1]), (result.get("seen") or {}).get(place[1], {})
    found = [
        ((schema, name), old)
        for schema, held in sorted(now.items())
        for name in sorted(set(held) - set((before or {}).get(schema, {})))
        for old in _extended(name, (before or {}).get(schema, {}))
    ]
    for (schema, name), old in found[:MOST_EXAMPLES]:
        reason = (
            f'This table is new beside "{old}", whose name it extends. If it takes the place of that one by a rename, '
            "Metamapper loses the text of one of them."
        )
        remedy = "Build the new table in a schema that is not listed, and move it with SET SCHEMA."
        yield _finding("information", reason, remedy, place[1], (schema, name))


def _extended(name: str, others: Iterable[str]) -> list[str]:
    """Return the longest name that a name extends by more than letters, as orders_new does; empty for none."""
    found = [
        other
        for other in others
        if other and name.startswith(other) and len(name) > len(other) and not name[len(other)].isalpha()
    ]
    return sorted(found, key=len)[-1:]


def _shared(
    place: Place, own: list[tuple[int, Table]], index: Index, places: Mapping[int, frozenset[Place]]
) -> Iterator[dict[str, str]]:
    """Yield how many tables have the oid of a table of another database."""
    met = [(oid, table) for oid, table in own if len(places[oid]) > 1]
    if met:
        databases = frozenset().union(*{places[oid] for oid, _table in met}) - {place}
        oid, table = met[0]
        reason = (
            f"{len(met)} of {len(own)} tables have the oid of a table in {len(databases)} other databases, for example "
            f"{'.'.join(table.name)} here and {_others(oid, place, index)[0]}. If one of them is hidden, Metamapper "
            "gives its text to the other."
        )
        remedy = f"Before anything is hidden here, narrowed or dropped, run: {EXPORT}."
        yield _finding("information", reason, remedy, place[1])
