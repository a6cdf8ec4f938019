# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Reads a JSON report, so that a later run can add to it."""

from __future__ import annotations

import json
from typing import Any, Iterable, Mapping

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import FORMAT, VERSION, require_version
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Aspect,
    Counts,
    Coverage,
    Database,
    Finding,
    LeftOut,
    NotChecked,
    Report,
    Schema,
    Server,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.remedy import Remedy

Document = Mapping[str, Any]


def parse_report(text: str) -> Report:
    """Return the report that ``render_json`` wrote; raises ValueError if the text is none of this version."""
    document = json.loads(text)
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise ValueError(f'it is not a JSON report of this collection: its "format" is not "{FORMAT}"')
    require_version(document, VERSION)
    try:
        return Report(
            document["created"],
            tuple(map(_server, document["servers"])),
            tuple(document["pending"]),
            tuple(document["absent"]),
            tuple(document["removed"]),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"it is not what its schema says: {error!r}") from error


def _server(item: Document) -> Server:
    findings = tuple(_finding(each, item["name"]) for each in item["findings"])
    return Server(
        name=item["name"],
        status=item["status"],
        message=item["message"],
        version=item["server_version"],
        connection=item["connection"] or None,
        summary=tuple(Aspect(name, each["status"], _counts(each)) for name, each in item["summary"].items()),
        findings=findings,
        databases=tuple(_database(each, findings) for each in item["databases"]),
        left_out=_left_out(item["left_out"]),
        in_scope=Coverage(item["schemas"]["existing"], item["schemas"]["in_scope"]),
        host=item["host"],
        port=item["port"],
        created=item["created"],
        not_checked=tuple(
            NotChecked(tuple(each["aspects"]), each["reason"], each["database"]) for each in item["not_checked"]
        ),
    )


def _finding(item: Document, server: str) -> Finding:
    names = ("aspect", "severity", "database", "schema", "relation", "reason")
    remedies = tuple(Remedy(**one) for one in item["remedies"])
    return Finding(server=server, remedies=remedies, **{name: item[name] for name in names})


def _database(item: Document, findings: Iterable[Finding]) -> Database:
    return Database(
        name=item["name"],
        status=item["status"],
        schemas=tuple(map(_schema, item["schemas"])),
        findings=tuple(finding for finding in findings if finding.database == item["name"]),
        left_out=_left_out(item["left_out"]),
        taken_in=tuple(item["taken_in"]),
    )


def _schema(item: Document) -> Schema:
    return Schema(
        name=item["name"],
        privilege=item["privilege"],
        relations=_coverage(item["relations"]),
        columns=_coverage(item["columns"]),
        is_future_covered=item["future_covered"],
        status=item["status"],
    )


def _coverage(item: Document) -> Coverage:
    return Coverage(item["expected"], item["visible"])


def _counts(item: Document) -> Counts:
    return Counts(item["failures"], item["warnings"], item["notes"])


def _left_out(items: Iterable[Document]) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(item["name"], item["reason"]) for item in items)
