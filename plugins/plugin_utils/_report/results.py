# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Reads what the module ``visibility`` returned for each host of a play."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Aspect,
    Coverage,
    Database,
    Finding,
    Report,
    Schema,
    Server,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import (
    ASPECTS,
    STATUS_OF,
    STATUSES,
    Status,
    severity_of,
    status_of,
    worst,
)


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
