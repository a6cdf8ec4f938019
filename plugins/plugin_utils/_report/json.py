# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The report for programs, and for later runs; docs/report.schema.json describes it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Iterable, Mapping

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Aspect,
    Counts,
    Coverage,
    Database,
    Finding,
    LeftOut,
    Report,
    Schema,
    Server,
    counts_of,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import worst

FORMAT = "metamapper.postgresql/report"
VERSION = 2


def _coverage(coverage: Coverage) -> dict[str, int]:
    return {"expected": coverage.expected, "visible": coverage.visible}


def _schema(schema: Schema) -> dict[str, Any]:
    return {
        "name": schema.name,
        "status": schema.status,
        "privilege": schema.privilege,
        "relations": _coverage(schema.relations),
        "columns": _coverage(schema.columns),
        "future_covered": schema.is_future_covered,
    }


def _left_out(items: Iterable[LeftOut]) -> list[dict[str, str]]:
    return [{"name": item.name, "reason": item.reason} for item in items]


def _database(database: Database) -> dict[str, Any]:
    return {
        "name": database.name,
        "status": database.status,
        "counts": asdict(counts_of(database.findings)),
        "schemas": [_schema(schema) for schema in database.schemas],
        "left_out": _left_out(database.left_out),
        "taken_in": list(database.taken_in),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "aspect": finding.aspect,
        "severity": finding.severity,
        "database": finding.database,
        "schema": finding.schema,
        "relation": finding.relation,
        "reason": finding.reason,
        "remedy": asdict(finding.remedy) if finding.remedy else None,
        "remedies": [asdict(remedy) for remedy in finding.remedies],
        "fixed_by_grant": finding.is_fixed_by_grant,
    }


def _answer(aspect: Aspect) -> dict[str, Any]:
    return {"status": aspect.status, **asdict(aspect.counts)}


def _server(server: Server) -> dict[str, Any]:
    return {
        "name": server.name,
        "created": server.created,
        "host": server.host,
        "port": server.port,
        "status": server.status,
        "message": server.message,
        "server_version": server.version,
        "connection": dict(server.connection or {}),
        "counts": asdict(counts_of(server.findings)),
        "summary": {aspect.name: _answer(aspect) for aspect in server.summary},
        "not_checked": [
            {"database": each.database, "aspects": list(each.aspects), "reason": each.reason}
            for each in server.not_checked
        ],
        "findings": [_finding(finding) for finding in server.findings],
        "databases": [_database(database) for database in server.databases],
        "left_out": _left_out(server.left_out),
        "schemas": {"existing": server.in_scope.expected, "in_scope": server.in_scope.visible},
    }


def _summary(report: Report) -> dict[str, dict[str, Any]]:
    by_name: dict[str, list[Aspect]] = {name: [] for name in report.aspects}
    for server in report.servers:
        for aspect in server.summary:
            by_name[aspect.name].append(aspect)
    return {
        name: _answer(
            Aspect(name, worst(each.status for each in found), sum((each.counts for each in found), Counts()))
        )
        for name, found in by_name.items()
        if found
    }


def require_version(document: Mapping[str, Any], version: int, place: str = "") -> None:
    """Raise ValueError if a document has another version; ``place`` begins the message."""
    if document.get("version") != version:
        raise ValueError(f'{place}its "version" is {document.get("version")!r}; this release reads {version}')


def as_document(report: Report) -> dict[str, Any]:
    """Return the report as plain values, in the form of docs/report.schema.json."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "created": report.created,
        "status": report.status,
        "counts": asdict(counts_of(report.findings)),
        "summary": _summary(report),
        "servers": [_server(server) for server in report.servers],
        "pending": list(report.pending),
        "absent": list(report.absent),
        "removed": list(report.removed),
    }


def render_json(report: Report) -> str:
    """Return the report as JSON in ASCII: whatever a name holds, every reader of the file can parse it."""
    return json.dumps(as_document(report), indent=1, ensure_ascii=True)
