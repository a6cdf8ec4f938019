# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The report for programs, and as the baseline of a later verification; docs/report.schema.json describes it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Mapping

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Coverage,
    Database,
    Report,
    Schema,
    Server,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import worst

FORMAT = "metamapper.postgresql/report"
VERSION = 1


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


def _database(database: Database) -> dict[str, Any]:
    return {
        "name": database.name,
        "status": database.status,
        "schemas": [_schema(schema) for schema in database.schemas],
    }


def _server(server: Server) -> dict[str, Any]:
    return {
        "name": server.name,
        "status": server.status,
        "message": server.message,
        "server_version": server.version,
        "connection": dict(server.connection or {}),
        "summary": {aspect.name: {"status": aspect.status, "count": aspect.count} for aspect in server.summary},
        "findings": [asdict(finding) for finding in server.findings],
        "databases": [_database(database) for database in server.databases],
        "seen": server.seen,
    }


def _summary(report: Report) -> dict[str, dict[str, Any]]:
    together: dict[str, dict[str, Any]] = {}
    for server in report.servers:
        for aspect in server.summary:
            before = together.get(aspect.name, {"status": "ok", "count": 0})
            status = worst([before["status"], aspect.status])
            together[aspect.name] = {"status": status, "count": before["count"] + aspect.count}
    return together


def as_document(report: Report) -> dict[str, Any]:
    """Return the report as plain values, in the form of docs/report.schema.json."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "created": report.created,
        "status": report.status,
        "summary": _summary(report),
        "servers": [_server(server) for server in report.servers],
        "pending": list(report.pending),
    }


def render_json(report: Report) -> str:
    """Return the report as JSON in ASCII: whatever a name holds, no reader of the file can stumble over it."""
    return json.dumps(as_document(report), indent=1, ensure_ascii=True)


def baseline_of(document: Any, server: str) -> Mapping[str, Any] | None:
    """Return what an earlier report says that Metamapper saw on a server; None where it does not know the server.

    Raises ValueError where the document is not such a report.
    """
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise ValueError(f'it is not a JSON report of this collection: its "format" is not "{FORMAT}"')
    if document.get("version") != VERSION:
        raise ValueError(f'its "version" is {document.get("version")!r}; this release reads {VERSION}')
    return next((each.get("seen") for each in document.get("servers") or () if each.get("name") == server), None)
