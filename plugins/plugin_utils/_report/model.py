# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What a play found out about its servers, as plain values that every form of the report is written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import (
    ASPECTS,
    SEVERITIES,
    STATUS_OF,
    STATUSES,
    Severity,
    Status,
    severity_of,
    status_of,
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


def _findings(items: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    found = []
    for item in items:
        texts = {key: str(item.get(key) or "") for key in ("database", "schema", "relation", "reason", "remedy")}
        severity = severity_of(item.get("severity")) or "warning"
        found.append(Finding(str(item.get("aspect") or ""), severity, **texts))
    return tuple(sorted(found, key=lambda finding: (finding.rank, finding.place)))


def _coverage(item: Any) -> Coverage:
    counts = item or {}
    return Coverage(int(counts.get("expected") or 0), int(counts.get("visible") or 0))


def _schema(item: Mapping[str, Any], status: Status) -> Schema:
    relations, columns = _coverage(item.get("relations")), _coverage(item.get("columns"))
    is_short = not (relations.is_full and columns.is_full)
    future = item.get("future_covered")
    return Schema(
        name=str(item.get("name") or ""),
        privilege=str(item.get("privilege") or ""),
        relations=relations,
        columns=columns,
        is_future_covered=None if future is None else bool(future),
        status=worst([status, "warning"]) if is_short or future is False else status,
    )


def _worst_by_place(findings: Iterable[Finding]) -> dict[tuple[str, str], Status]:
    """Return the worst status of each (database, schema), and of each (database, "") as a whole."""
    statuses: dict[tuple[str, str], Status] = {}
    for finding in findings:
        for place in ((finding.database, finding.schema), (finding.database, "")):
            statuses[place] = worst([statuses.get(place, "ok"), STATUS_OF[finding.severity]])
    return statuses


def _database(item: Mapping[str, Any], statuses: Mapping[tuple[str, str], Status]) -> Database:
    name = str(item.get("name") or "")
    own = status_of(item.get("status")) or "ok"
    schemas = [
        _schema(schema, statuses.get((name, str(schema.get("name"))), "ok")) for schema in item.get("schemas") or ()
    ]
    status = worst([own, statuses.get((name, ""), "ok"), *(schema.status for schema in schemas)])
    return Database(name, status, tuple(sorted(schemas, key=lambda schema: schema.rank)))


def _summary(given: Mapping[str, Any], *, is_blind: bool = False) -> tuple[Aspect, ...]:
    """Return the answers; where no login worked (``is_blind``), nothing found is not a good answer but none."""
    aspects = []
    for name in ASPECTS:
        answer = given.get(name) or {}
        if is_blind and not answer.get("count"):
            answer = {}
        aspects.append(Aspect(name, status_of(answer.get("status")) or "unknown", int(answer.get("count") or 0)))
    return tuple(aspects)


def version_text(version: Any) -> str:
    """Return a server_version_num (170010) or a server_version as people write it (17.10); empty for none."""
    text = str(version or "")
    if not (text.isascii() and text.isdigit()) or int(text) < 90000:
        return text
    number = int(text)
    if number >= 100000:
        return f"{number // 10000}.{number % 10000}"
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def _unreached(name: str, message: str) -> Server:
    """Return a server of which nothing is known but that it could not be verified."""
    remedy = "Mend what the play says about this host, and verify again."
    finding = Finding("connection", "failure", reason=message, remedy=remedy)
    summary = _summary({"connection": {"status": "failure", "count": 1}})
    return Server(name, "failure", message, summary=summary, findings=(finding,))


def server_of(name: str, result: Mapping[str, Any] | None) -> Server:
    """Return what the module ``visibility`` said of a server; None: the play lost the host before it was asked.

    A result without ``summary`` (the host was unreachable, the module crashed) is a failure of the connection.
    """
    if result is None:
        return _unreached(name, "The play stopped for this host before it could be verified.")
    message = str(result.get("msg") or "")
    if not result.get("summary"):
        return _unreached(name, message or "The module ended without a result.")
    findings = _findings(result.get("findings") or ())
    statuses = _worst_by_place(findings)
    databases = [_database(item, statuses) for item in result.get("databases") or ()]
    connection = result.get("connection") or {}
    summary = _summary(result["summary"], is_blind=connection.get("works") is False)
    return Server(
        name=name,
        status="failure" if message else _passed(summary),
        message=message,
        version=version_text(result.get("server_version")),
        connection=connection,
        summary=summary,
        findings=findings,
        databases=tuple(sorted(databases, key=lambda each: (STATUSES.index(each.status), each.name))),
        seen=result.get("seen"),
    )


def _passed(summary: Sequence[Aspect]) -> Status:
    """Return ok or warning: what the caller does not want to fail (``fail_on``) is a warning at most."""
    return "ok" if all(aspect.status in ("ok", "unknown") for aspect in summary) else "warning"


def report_of(results: Mapping[str, Mapping[str, Any] | None], *, created: str, pending: Iterable[str] = ()) -> Report:
    """Return the report on servers, given the module's result of each; see ``server_of`` for None."""
    servers = [server_of(name, result) for name, result in results.items()]
    ordered = sorted(servers, key=lambda server: (STATUSES.index(server.status), server.name))
    return Report(created, tuple(ordered), tuple(pending))
