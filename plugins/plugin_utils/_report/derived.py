# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What follows from findings: the statuses of schemas, databases and servers, and the answers to the questions."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable, Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Aspect,
    Database,
    Finding,
    Schema,
    Server,
    counts_of,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import (
    STATUS_OF,
    STATUSES,
    Status,
    aspect_place,
    worst,
)


def worst_of(findings: Iterable[Finding]) -> Status:
    """Return the status that follows from findings."""
    return worst(STATUS_OF[finding.severity] for finding in findings)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings of a server, worst first."""
    return tuple(sorted(findings, key=lambda finding: (finding.rank, finding.place)))


def databases_in_order(databases: Iterable[Database]) -> tuple[Database, ...]:
    """Return the databases of a server, worst first."""
    return tuple(sorted(databases, key=lambda each: (STATUSES.index(each.status), each.name)))


def with_findings(database: Database, findings: Iterable[Finding]) -> Database:
    """Return a database with its findings, and the statuses of its schemas and its own that follow."""
    by_schema: dict[str, list[Finding]] = {}
    for finding in findings:
        by_schema.setdefault(finding.schema, []).append(finding)
    own = tuple(found for group in by_schema.values() for found in group)
    schemas = [_rated(schema, worst_of(by_schema.get(schema.name, ()))) for schema in database.schemas]
    return replace(
        database,
        status=worst([worst_of(own), *(schema.status for schema in schemas)]),
        schemas=tuple(sorted(schemas, key=lambda schema: schema.rank)),
        findings=in_order(own),
    )


def _rated(schema: Schema, status: Status) -> Schema:
    is_short = not (schema.relations.is_full and schema.columns.is_full)
    is_at_least_a_warning = is_short or schema.is_future_covered is False
    return replace(schema, status=worst([status, "warning"]) if is_at_least_a_warning else status)


def passed(summary: Sequence[Aspect]) -> Status:
    """Return ok or warning: what the caller does not want to fail (``fail_on``) is a warning at most."""
    return "ok" if all(aspect.status in ("ok", "unknown") for aspect in summary) else "warning"


def with_aspect(server: Server, name: str, findings: Sequence[Finding] | None) -> Server:
    """Return a server with these findings of an aspect instead of those that it has; None: it was not checked.

    They are no reason to fail.
    """
    kept = in_order([*(each for each in server.findings if each.aspect != name), *(findings or ())])
    summary = [each for each in server.summary if each.name != name]
    if findings is not None:
        summary.append(Aspect(name, worst_of(findings), counts_of(findings)))
    by_database: dict[str, list[Finding]] = {}
    for finding in kept:
        by_database.setdefault(finding.database, []).append(finding)
    databases = (with_findings(each, by_database.get(each.name, ())) for each in server.databases)
    return replace(
        server,
        status=server.status if server.status == "failure" else passed(summary),
        summary=tuple(sorted(summary, key=lambda aspect: (aspect_place(aspect.name), aspect.name))),
        findings=kept,
        databases=databases_in_order(databases),
    )
