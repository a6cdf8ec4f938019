# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What a play found out about its servers, as plain values that every format of the report is written from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator, Mapping

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import (
    ASPECTS,
    SEVERITIES,
    STATUSES,
    Severity,
    Status,
    worst,
)


@dataclass(frozen=True)
class Finding:
    """One thing that was found; empty ``database``, ``schema`` or ``relation`` where it is about something larger.

    ``remedy`` is a statement or a sentence, empty where nothing can or need be done.
    """

    aspect: str
    severity: Severity
    database: str = ""
    schema: str = ""
    relation: str = ""
    reason: str = ""
    remedy: str = ""

    @property
    def rank(self) -> tuple[int, int]:
        """The place of this finding: worst first, then in the order of the aspects."""
        return SEVERITIES.index(self.severity), _aspect_place(self.aspect)

    @property
    def place(self) -> tuple[str, ...]:
        """The names that lead to the object, outermost first; empty for the server itself."""
        return tuple(name for name in (self.database, self.schema, self.relation) if name)


@dataclass(frozen=True)
class Coverage:
    """How many of the objects that exist can be seen."""

    expected: int = 0
    visible: int = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing is missing; so it is where nothing exists."""
        return self.visible >= self.expected

    @property
    def percent(self) -> int:
        """The visible part, rounded down so that 100 means all."""
        return 100 if self.is_full else self.visible * 100 // self.expected

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(self.expected + other.expected, self.visible + other.visible)


@dataclass(frozen=True)
class Schema:
    """One schema; ``is_future_covered`` is None where it is not known."""

    name: str
    privilege: str = ""
    relations: Coverage = Coverage()
    columns: Coverage = Coverage()
    is_future_covered: bool | None = None
    status: Status = "ok"

    @property
    def rank(self) -> tuple[int, int, str]:
        """The place of this schema: worst first."""
        return STATUSES.index(self.status), self.relations.percent, self.name


@dataclass(frozen=True)
class Database:
    """One database and its listed schemas, worst first."""

    name: str
    status: Status = "ok"
    schemas: tuple[Schema, ...] = ()

    @property
    def relations(self) -> Coverage:
        """The coverage of all its schemas."""
        return sum((schema.relations for schema in self.schemas), Coverage())

    @property
    def columns(self) -> Coverage:
        """The coverage of all its schemas."""
        return sum((schema.columns for schema in self.schemas), Coverage())


@dataclass(frozen=True)
class Aspect:
    """The answer to one question; ``count`` is the number of findings."""

    name: str
    status: Status = "unknown"
    count: int = 0


@dataclass(frozen=True)
class Server:
    """One server; findings and databases stand worst first. ``message`` is empty unless the verification failed."""

    name: str
    status: Status
    message: str = ""
    version: str = ""
    connection: Mapping[str, Any] | None = None
    summary: tuple[Aspect, ...] = ()
    findings: tuple[Finding, ...] = ()
    databases: tuple[Database, ...] = ()
    seen: Any = None

    @property
    def relations(self) -> Coverage:
        """The coverage of all its databases."""
        return sum((database.relations for database in self.databases), Coverage())

    @property
    def columns(self) -> Coverage:
        """The coverage of all its databases."""
        return sum((database.columns for database in self.databases), Coverage())

    def of_aspect(self, name: str) -> list[Finding]:
        """Return the findings of one aspect, worst first."""
        return [finding for finding in self.findings if finding.aspect == name]


@dataclass(frozen=True)
class Report:
    """All servers, worst first; ``pending`` are those whose turn (``serial``) had not come when it was written."""

    created: str
    servers: tuple[Server, ...] = ()
    pending: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The worst of all servers; unknown where there is none, or where some are still to come."""
        unfinished: Status = "unknown" if self.pending or not self.servers else "ok"
        return worst([unfinished, *(server.status for server in self.servers)])

    @property
    def failed(self) -> tuple[Server, ...]:
        """The servers that failed."""
        return tuple(server for server in self.servers if server.status == "failure")

    @property
    def databases(self) -> Iterator[Database]:
        """The databases of all servers."""
        return (database for server in self.servers for database in server.databases)

    @property
    def relations(self) -> Coverage:
        """The coverage of all servers."""
        return sum((server.relations for server in self.servers), Coverage())


def _aspect_place(name: str) -> int:
    return ASPECTS.index(name) if name in ASPECTS else len(ASPECTS)


@dataclass
class Group:
    """One reason and one remedy, for all of the findings."""

    findings: list[Finding] = field(default_factory=list)

    @property
    def first(self) -> Finding:
        """The finding that speaks for all of them."""
        return self.findings[0]

    @property
    def places(self) -> list[tuple[str, ...]]:
        """The objects that they are about, those of the server itself left out."""
        return [finding.place for finding in self.findings if finding.place]


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Return findings with those of the same reason and remedy together, in the order of their first."""
    groups: dict[tuple[str, ...], Group] = {}
    for finding in findings:
        key = (finding.aspect, finding.severity, finding.reason, finding.remedy)
        groups.setdefault(key, Group()).findings.append(finding)
    return list(groups.values())
