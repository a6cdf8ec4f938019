# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What a play found about its servers, as plain values from which every format of the report is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.remedy import Remedy
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import (
    ASPECTS,
    OPTIONAL_ASPECTS,
    SEVERITIES,
    STATUSES,
    Severity,
    Status,
    aspect_place,
    worst,
)

# The aspects that a grant on what is configured can fix.
GRANTED = frozenset({"missing", "breaks_scan", "future", "lost"})


@dataclass(frozen=True)
class Finding:
    """One thing that was found; ``database``, ``schema`` or ``relation`` is empty if it is about something larger.

    ``remedies`` are in their order; empty if nothing can or need be done.
    """

    aspect: str
    severity: Severity
    server: str = ""
    database: str = ""
    schema: str = ""
    relation: str = ""
    reason: str = ""
    remedies: tuple[Remedy, ...] = ()

    @property
    def rank(self) -> tuple[int, int]:
        """The place of this finding: worst first, then in the order of the aspects."""
        return SEVERITIES.index(self.severity), aspect_place(self.aspect)

    @property
    def is_fixed_by_grant(self) -> bool:
        """Whether the role ``grant`` does what the remedy says: to grant on what is configured."""
        needed = self.needed
        return self.aspect in GRANTED and bool(needed) and all(remedy.is_grant for remedy in needed)

    @property
    def remedy(self) -> Remedy | None:
        """The first remedy; None for none."""
        return self.remedies[0] if self.remedies else None

    @property
    def needed(self) -> tuple[Remedy, ...]:
        """The remedies that are needed together; the others are alternatives."""
        return tuple(remedy for remedy in self.remedies if not remedy.is_alternative)

    @property
    def place(self) -> tuple[str, ...]:
        """The names that lead to the object, outermost first; empty for the server itself."""
        return tuple(name for name in (self.database, self.schema, self.relation) if name)


@dataclass(frozen=True)
class Counts:
    """How many findings there are; notes are for information."""

    failures: int = 0
    warnings: int = 0
    notes: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.failures + other.failures, self.warnings + other.warnings, self.notes + other.notes)


def counts_of(findings: Iterable[Finding]) -> Counts:
    """Return how many of each severity there are."""
    found = [finding.severity for finding in findings]
    return Counts(found.count("failure"), found.count("warning"), found.count("information"))


@dataclass(frozen=True)
class Coverage:
    """How many of the objects that exist can be seen."""

    expected: int = 0
    visible: int = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing is missing; also true if nothing exists."""
        return self.visible >= self.expected

    @property
    def short(self) -> int:
        """How many are not visible."""
        return max(0, self.expected - self.visible)

    @property
    def percent(self) -> int:
        """The visible part, rounded down so that 100 means all."""
        return 100 if self.is_full else self.visible * 100 // self.expected

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(self.expected + other.expected, self.visible + other.visible)


@dataclass(frozen=True)
class Schema:
    """One schema; ``is_future_covered`` is None if it is not known."""

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
class LeftOut:
    """A database or a schema that a pattern would match and that was left out of the run, with the reason."""

    name: str
    reason: str = ""


@dataclass(frozen=True)
class NotChecked:
    """Questions that were not answered for a database, or not wholly, and why; empty ``database``: the whole server."""

    aspects: tuple[str, ...]
    reason: str
    database: str = ""


@dataclass(frozen=True)
class Aspect:
    """The answer to one question."""

    name: str
    status: Status = "unknown"
    counts: Counts = Counts()


@dataclass(frozen=True)
class Database:
    """One database and its configured schemas, worst first.

    ``left_out`` are schemas that a pattern left out, ``taken_in`` those that it matched for the first time.
    """

    name: str
    status: Status = "ok"
    schemas: tuple[Schema, ...] = ()
    findings: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    taken_in: tuple[str, ...] = ()

    @property
    def relations(self) -> Coverage:
        """The coverage of all its schemas."""
        return sum((schema.relations for schema in self.schemas), Coverage())

    @property
    def columns(self) -> Coverage:
        """The coverage of all its schemas."""
        return sum((schema.columns for schema in self.schemas), Coverage())

    @property
    def is_in_scope(self) -> bool:
        """Whether it was to be verified; a database that left the scope is known only from earlier runs."""
        return bool(self.schemas) or not self.findings or any(found.aspect != "lost" for found in self.findings)

    @property
    def is_checked(self) -> bool:
        """Whether its schemas were checked: a database that refuses the login, or no longer exists, has none."""
        return bool(self.schemas) or not any(
            finding.aspect in ("connection", "lost") and not finding.schema for finding in self.findings
        )


@dataclass(frozen=True)
class Server:
    """One server; findings and databases stand worst first. ``message`` is empty unless the verification failed.

    ``left_out`` are databases that a pattern left out, ``in_scope`` counts the schemas that exist in the others, and of
    them those in scope. ``host`` and ``port`` are where Metamapper connects to, empty if it is not known. ``created``
    is when it was verified.
    """

    name: str
    status: Status
    message: str = ""
    version: str = ""
    connection: Mapping[str, Any] | None = None
    summary: tuple[Aspect, ...] = ()
    findings: tuple[Finding, ...] = ()
    databases: tuple[Database, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    in_scope: Coverage = Coverage()
    host: str = ""
    port: str = ""
    created: str = ""
    not_checked: tuple[NotChecked, ...] = ()

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
    """All servers, worst first.

    ``created`` is when the newest of them was verified. ``pending`` are those of later batches (``serial``), ``absent``
    those of the inventory that no run covered, ``removed`` those of earlier runs that the inventory no longer has:
    nothing else is said of these.
    """

    created: str
    servers: tuple[Server, ...] = ()
    pending: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def earlier(self) -> list[Server]:
        """The servers that were verified before the newest of them, the longest ago first."""
        earlier = [server for server in self.servers if server.created < self.created]
        return sorted(earlier, key=lambda server: (server.created, server.name))

    @property
    def status(self) -> Status:
        """The worst of all servers; unknown if there is none, or if some are pending."""
        unfinished: Status = "unknown" if self.pending or not self.servers else "ok"
        return worst([unfinished, *(server.status for server in self.servers)])

    @property
    def failed(self) -> tuple[Server, ...]:
        """The servers that failed."""
        return tuple(server for server in self.servers if server.status == "failure")

    @property
    def aspects(self) -> list[str]:
        """The names of the questions that are answered, in their order."""
        names = {aspect.name for server in self.servers for aspect in server.summary}
        names.update(name for name in ASPECTS if name not in OPTIONAL_ASPECTS)
        return sorted(names, key=lambda name: (aspect_place(name), name))

    @property
    def databases(self) -> list[Database]:
        """The databases of all servers that were to be verified."""
        return [database for server in self.servers for database in server.databases if database.is_in_scope]

    @property
    def relations(self) -> Coverage:
        """The coverage of all servers."""
        return sum((server.relations for server in self.servers), Coverage())

    @property
    def findings(self) -> list[Finding]:
        """The findings of all servers, the worst server first."""
        return [finding for server in self.servers for finding in server.findings]

    @property
    def failures(self) -> list[Finding]:
        """The findings that fail the verification."""
        return [finding for finding in self.findings if finding.severity == "failure"]


@dataclass
class Group:
    """One reason and one remedy, for all of the findings."""

    findings: list[Finding] = field(default_factory=list)

    @property
    def first(self) -> Finding:
        """The finding that represents all of them."""
        return self.findings[0]

    @property
    def places(self) -> list[tuple[str, ...]]:
        """The objects that they are about, those of the server itself left out."""
        return [finding.place for finding in self.findings if finding.place]

    @property
    def servers(self) -> list[str]:
        """The servers that they are about, each once."""
        return list(dict.fromkeys(finding.server for finding in self.findings))


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Return findings with those of the same reason and remedy together, in the order of their first."""
    groups: dict[tuple[Any, ...], Group] = {}
    for finding in findings:
        key = (finding.aspect, finding.severity, finding.reason, finding.remedies)
        groups.setdefault(key, Group()).findings.append(finding)
    return list(groups.values())


def worst_first(servers: Iterable[Server]) -> tuple[Server, ...]:
    """Return servers in the order of a report."""
    return tuple(sorted(servers, key=lambda server: (STATUSES.index(server.status), server.name)))
