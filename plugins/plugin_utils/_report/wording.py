# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The texts that all formats of the report share."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import visible
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Counts,
    Coverage,
    Finding,
    Report,
    Server,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.remedy import Remedy
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import Status, label

STATUS_WORDS: Mapping[Status, str] = MappingProxyType(
    {"failure": "failure", "warning": "warning", "unknown": "not checked", "ok": "ok"}
)
FACT_LABELS: Mapping[str, str] = MappingProxyType(
    {"address": "Client address", "tls": "TLS", "pg_hba_proven": "pg_hba.conf rule for Metamapper"}
)

NAMES_SHOWN = 20  # of what patterns left out on a server, and took in of a database


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, of which the last word takes the plural: 1 server, 2 servers, 1,204 servers."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def enumerated(texts: Sequence[str]) -> str:
    """Return texts as an enumeration: a, b and c."""
    return " and ".join(part for part in (", ".join(texts[:-1]), *texts[-1:]) if part)


def counts_text(counts: Counts) -> str:
    """Return how many findings there are, each severity apart: 3 failures, 1 note; empty for none."""
    numbers = ((counts.failures, "failure"), (counts.warnings, "warning"), (counts.notes, "note"))
    return ", ".join(counted(number, noun) for number, noun in numbers if number)


def share(coverage: Coverage) -> str:
    """Return visible and expected as numbers; a dash where there is nothing to see."""
    return f"{coverage.visible:,}/{coverage.expected:,}" if coverage.expected else "–"


def part(coverage: Coverage, noun: str) -> str:
    """Return how much of something is visible: all 12 relations, 10 of 12 relations."""
    if coverage.is_full:
        return f"all {counted(coverage.expected, noun)}" if coverage.expected else f"no {noun}s"
    return f"{coverage.visible:,} of {counted(coverage.expected, noun)}"


def place(finding: Finding) -> str:
    """Return the object of a finding: database, then schema.relation; empty for the server itself."""
    inner = ".".join(visible(name) for name in (finding.schema, finding.relation) if name)
    return " / ".join(name for name in (visible(finding.database), inner) if name)


def _where(report: Report) -> str:
    """Return on how many servers and in how many databases the failures are, as far as there are several."""
    failures = report.failures
    failing = {(finding.server, finding.database) for finding in failures if finding.database}
    parts = []
    if len(report.servers) > 1:
        parts.append(f"on {len(report.failed):,} of {counted(len(report.servers), 'server')}")
    if failing and len(report.databases) > 1:
        parts.append(f"in {len(failing):,} of {counted(len(report.databases), 'database')}")
    return f" {', '.join(parts)}" if parts else ""


def verdict(report: Report) -> str:
    """Return the result of a whole report in one sentence, without its period."""
    failures = len(report.failures)
    if report.failed or failures:
        return "Verification failed" + (f": {counted(failures, 'failure')}" if failures else "") + _where(report)
    if not report.servers:
        return "No server was verified"
    if report.pending:
        return f"{counted(len(report.servers), 'server')} verified, {len(report.pending):,} still to come"
    warnings = sum(finding.severity == "warning" for finding in report.findings)
    seen = "All configured schemas are visible to Metamapper"
    if not report.relations.is_full:
        seen = f"{part(report.relations, 'configured relation')} are visible to Metamapper"
    return f"{seen}, with {counted(warnings, 'warning')}" if warnings else seen


def moment(report: Report) -> str:
    """Return when it was verified, and how; or that no database was."""
    if report.databases:
        return f"Verified {visible(report.created)}, logged in as Metamapper does."
    return f"{visible(report.created)}: no database was verified."


def consequence(report: Report) -> str:
    """Return in one sentence what Metamapper's next scan would do; empty if it would do what it should.

    A scan that fails hides nothing, so what is lost or missing counts only in databases where it succeeds.
    """
    failing = {
        (each.server, each.database) for each in report.failures if each.aspect == "breaks_scan" and each.database
    }
    closed = [server for server in report.servers if (server.connection or {}).get("works") is False]
    hidden = sum(
        each.aspect == "lost" and bool(each.relation) and (each.server, each.database) not in failing
        for each in report.findings
    )
    short = sum(
        database.relations.short
        for server in report.servers
        for database in server.databases
        if (server.name, database.name) not in failing
    )
    clauses = [
        f"cannot log in to {counted(len(closed), 'server')}" if closed else "",
        f"fails in {counted(len(failing), 'database')}" if failing else "",
        f"hides the documentation of {counted(hidden, 'table')}" if hidden else "",
        f"does not see {short - hidden:,} {'other ' if hidden else ''}{'tables' if short - hidden > 1 else 'table'}"
        if short > hidden
        else "",
    ]
    told = [f"it {clause}" if number == 0 else clause for number, clause in enumerate(filter(None, clauses))]
    return f"If Metamapper scans now, {enumerated(told)}." if told else ""


def absence(report: Report) -> str:
    """Return which servers the report says nothing of, and why; empty for none."""
    told = []
    if report.pending:
        told.append(f"Still to come: {', '.join(map(visible, report.pending))}.")
    if report.absent:
        told.append(f"Not in this run: {_names(report.absent)}.")
    if report.earlier:
        told.append(f"From earlier runs: {_names([_with_time(server) for server in report.earlier])}.")
    if report.removed:
        told.append(f"No longer in the inventory, and left out here: {_names(report.removed)}.")
    return " ".join(told)


def _with_time(server: Server) -> str:
    return f"{server.name} ({server.created}{', failure' if server.status == 'failure' else ''})"


def merged_into(whole: Report, report: Report) -> list[str]:
    """Return what the console says of the servers that a run was merged with; empty if it knew all of them."""
    told = absence(replace(whole, absent=(), pending=()))
    if not told:
        return []
    return ["", *([f"With the servers of earlier runs: {verdict(whole)}."] if whole.earlier else []), told]


def _names(names: Sequence[str], most: int = 50) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(visible, names[:most])) + more


def remedy_label(remedy: Remedy, findings: Sequence[Finding]) -> str:
    """Return what the remedy of some findings is, and where it belongs: SQL in database erp, as role erp_owner."""
    label = _label(remedy, findings)
    if remedy.kind == "person" and remedy.is_alternative:
        return "Or"
    return f"Or {label[0].lower() if remedy.kind != 'sql' else label[0]}{label[1:]}" if remedy.is_alternative else label


def _label(remedy: Remedy, findings: Sequence[Finding]) -> str:
    if remedy.kind == "variable":
        entry = f", in the entry of database {visible(remedy.database)}" if remedy.database else ""
        return f"Variable{entry}"
    if remedy.kind == "line":
        return f"Line of {visible(remedy.file)}" if remedy.file else "Line of a file"
    if remedy.kind == "person":
        return "To do"
    databases = {(finding.server, remedy.database or finding.database) for finding in findings}
    names = [visible(name) for _server, name in databases if name]
    where = f" in database {names[0]}" if len(names) == 1 else " in each of these databases" if names else ""
    by = f"role {visible(remedy.role)}" if remedy.role else visible(remedy.by)
    return f"SQL{where}, as {by}" if by else f"SQL{where}"


def fact_text(value: object) -> str:
    """Return a fact of the connection as people write it."""
    if isinstance(value, bool):
        return "verified" if value else "not verified"
    return visible(str(value))


def facts(server: Server, report: Report) -> list[tuple[str, str]]:
    """Return label and value of each fact that is known about the connection, the version of the server first.

    Where no login worked, none but when that was, if in an earlier run.
    """
    moment = [("Verified", visible(server.created))] if server.created < report.created else []
    if (server.connection or {}).get("works") is False:
        return moment
    found = [("PostgreSQL", visible(server.version))] if server.version else []
    for key, value in (server.connection or {}).items():
        if key != "works" and value not in (None, "") and not isinstance(value, (dict, list, tuple)):
            found.append((FACT_LABELS.get(key, visible(str(key)).replace("_", " ").capitalize()), fact_text(value)))
    return found + moment


def extent(server: Server) -> str:
    """Return what was checked and how much of it Metamapper sees; empty if no database was."""
    databases = [database for database in server.databases if database.is_in_scope]
    if not databases:
        return ""
    schemas = sum(len(database.schemas) for database in databases)
    if not schemas:
        return f"{counted(len(databases), 'database')}, schemas not checked"
    where = f"{counted(len(databases), 'database')}, {counted(schemas, 'schema')}"
    return f"{where}: {part(server.relations, 'relation')}, {part(server.columns, 'column')} visible"


def left_out(server: Server) -> list[str]:
    """Return lines about what is in scope: how much, what patterns left out and why, what they newly took in."""
    found = [("database", visible(each.name), each.reason) for each in server.left_out]
    lines = []
    for database in server.databases:
        name = visible(database.name)
        found += [("schema", f"{name} / {visible(each.name)}", each.reason) for each in database.left_out]
        if database.taken_in:
            names = enumerated([visible(schema) for schema in database.taken_in[:NAMES_SHOWN]])
            lines.append(f"New in this run in database {name}: {names}{_and_more(len(database.taken_in))}")
    reasons = [
        f"Left out by a pattern: {kind} {name}{f'. {visible(why)}' if why else ''}"
        for kind, name, why in found[:NAMES_SHOWN]
    ]
    if len(found) > NAMES_SHOWN:
        reasons.append(f"Left out by patterns: {len(found) - NAMES_SHOWN:,} more, all in the JSON report")
    in_scope = [] if server.in_scope.is_full else [f"In scope: {part(server.in_scope, 'schema')}"]
    return in_scope + reasons + lines


def unchecked(server: Server, aspect: str) -> list[str]:
    """Return where and why an aspect was not checked, or not everywhere, a line a reason."""
    by_reason: dict[str, list[str]] = {}
    for each in server.not_checked:
        if aspect in each.aspects:
            by_reason.setdefault(each.reason, []).append(each.database)
    return [f"{_in_databases(names)}{visible(reason)}" for reason, names in by_reason.items()]


def _in_databases(names: Sequence[str]) -> str:
    return f"In {_names([name for name in names if name], 5)}: " if any(names) else ""


def notes(server: Server) -> list[str]:
    """Return lines about what is in scope, and about what was not checked."""
    by_reason: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for each in server.not_checked:
        by_reason.setdefault((each.aspects, each.reason), []).append(each.database)
    return [
        *left_out(server),
        *(
            f"Not checked: {enumerated([label(aspect) for aspect in aspects])}. {_in_databases(names)}{visible(reason)}"
            for (aspects, reason), names in by_reason.items()
        ),
    ]


def _and_more(number: int) -> str:
    return f" ({number - NAMES_SHOWN:,} more)" if number > NAMES_SHOWN else ""
