# SPDX-License-Identifier: GPL-3.0-or-later
"""The report on very large simulated fleets: CPU seconds and file sizes, without a server and without Ansible.

All servers are alike, but each has findings of its own: more than a real fleet should have.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Iterator

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.observation import observed
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.publish import publish
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import ASPECTS

from tools.bench.figures import Figure, Goal, amount, growth
from tools.bench.scenario import Scenario, Turn
from tools.bench.sizes import Sizes

HTML, JSON = "report.html", "report.json"
LONGEST = 63  # bytes: the longest name in PostgreSQL
SCHEMAS, RELATIONS = 3, 20
TIMES = ("2026-11-26 06:00:00 UTC", "2026-11-26 07:00:00 UTC")
FIRST, AGAIN = "written for the first time", "merged into the one that is there"
LARGEST_MEGABYTES = 3
NOTE = (
    "Results of the module are made up: all names have 63 characters, servers are clones of each other, and a table in "
    "ten is missing. Seconds are those of a processor, for what one task does on the controller once a play."
)


def _name(*parts: object) -> str:
    return "_".join(map(str, parts)).ljust(LONGEST, "x")


def _missing(database: str, schema: str, relation: str) -> dict[str, Any]:
    return {
        "aspect": "missing",
        "severity": "failure",
        **{"database": database, "schema": schema, "relation": relation},
        "reason": 'The group "metamapper_readers" has no SELECT on it.',
        "remedy": f"GRANT SELECT ON TABLE {schema}.{relation} TO metamapper_readers;",
    }


@dataclass(frozen=True)
class Fleet:
    """Servers with equal numbers of databases, and of tables in each database."""

    servers: int
    databases: int
    tables: int
    schemas: int = 1

    @property
    def part(self) -> str:
        """The label in the tables."""
        return f"{self.servers:,} servers × {self.databases} databases × {self.tables:,} tables"

    def results(self) -> dict[str, Any]:
        """Return the result that the module would return for each server."""
        return {f"server{number:04}.example.org": self._result(number) for number in range(self.servers)}

    def _result(self, number: int) -> dict[str, Any]:
        schemas = [_name("schema", each) for each in range(self.schemas)]
        held = self.tables // self.schemas
        tables = {_name("table", f"{each:04}"): 9 for each in range(held)}
        databases = [_name("database", each) for each in range(self.databases)]
        lacks = number % 10 == 0 and self.servers > 1
        findings = [_missing(databases[0], schema, next(iter(tables))) for schema in schemas if lacks]
        covered = {"expected": held, "visible": held - lacks}
        rows = [
            {"name": name, "privilege": "select", "relations": covered, "columns": covered, "future_covered": True}
            for name in schemas
        ]
        starts = range(number + 16384, number + 16384 + held * len(schemas), max(1, held))
        oids = [list(range(start, start + held)) for start in starts]
        return {
            "summary": {aspect: {"status": "ok"} for aspect in ASPECTS if aspect != "overlap"},
            "connection": {"works": True, "address": "10.20.0.7", "tls": "TLSv1.3", "pg_hba_proven": True},
            "server_version": 170010,
            "findings": findings,
            **({"msg": f"{len(findings)} failures", "failed": True} if findings else {}),
            "databases": [{"name": name, "status": "ok", "schemas": rows} for name in databases],
            "system_identifier": str(number // 2),
            "seen": {name: dict.fromkeys(schemas, tables) for name in databases},
            "oids": {name: dict(zip(schemas, oids)) for name in databases},
        }

    def turn(self) -> Iterable[Figure]:
        """Measure writing the report, twice."""
        results = self.results()
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name) / "report"
            for what, created in zip((FIRST, AGAIN), TIMES):
                start = time.process_time()
                publish(
                    directory,
                    report_of(results, created=created),
                    ["txt", "html", "json"],
                    inventory=list(results),
                    known=list(results),
                    observations=observed(results, created),
                )
                yield Figure(self.part, what, time.process_time() - start)
            for file in (HTML, JSON):
                yield Figure(self.part, file, (directory / file).stat().st_size / 1e6, "MB")


def goals(fleets: list[Fleet], wide: Fleet) -> list[Goal]:
    """Return the goals: the time grows no faster than the fleet, and no file grows too large."""
    sizes = [(fleet.servers, fleet.part) for fleet in fleets]
    grown = growth(sizes, (FIRST, AGAIN), "servers")
    pages = [amount(f"{fleet.part}: {HTML}", (fleet.part, HTML), LARGEST_MEGABYTES, "MB") for fleet in (*fleets, wide)]
    json = amount(f"{wide.part}: {JSON}", (wide.part, JSON), LARGEST_MEGABYTES, "MB")
    return [*grown, *pages, json]


@contextlib.contextmanager
def report(sizes: Sizes) -> Iterator[Scenario]:
    """Simulate the fleets."""
    fleets = [Fleet(names, 3, SCHEMAS * RELATIONS, SCHEMAS) for names in sizes.fleets]
    wide = Fleet(1, 2 * sizes.databases, 50 * sizes.relations)  # one server, usually 200 databases of 1,000 tables
    turns: list[Turn] = [fleet.turn for fleet in (*fleets, wide)]
    yield Scenario("The report of a fleet", turns, goals(fleets, wide), NOTE)
