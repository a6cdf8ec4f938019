# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What the text and the page say in the same words."""

from __future__ import annotations

from types import MappingProxyType
from typing import Mapping

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Coverage,
    Finding,
    Report,
    Server,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import Status
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.visible import visible

STATUS_WORDS: Mapping[Status, str] = MappingProxyType(
    {"failure": "failure", "warning": "warning", "unknown": "not checked", "ok": "ok"}
)
FACT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "address": "Seen as coming from",
        "tls": "TLS",
        "pg_hba_proven": "pg_hba.conf proven for Metamapper",
    }
)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, of which the last word takes the plural: 1 server, 2 servers, 1,204 servers."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def part(coverage: Coverage, noun: str) -> str:
    """Return how much of something is visible: all 12 relations, 10 of 12 relations."""
    if coverage.is_full:
        return f"all {counted(coverage.expected, noun)}" if coverage.expected else f"no {noun}s"
    return f"{coverage.visible:,} of {counted(coverage.expected, noun)}"


def place(finding: Finding) -> str:
    """Return the object of a finding: database, then schema.relation; empty for the server itself."""
    inner = ".".join(visible(name) for name in (finding.schema, finding.relation) if name)
    return " / ".join(name for name in (visible(finding.database), inner) if name)


def verdict(report: Report) -> str:
    """Return the result of a whole report in one sentence."""
    all_servers = counted(len(report.servers), "server")
    if report.failed:
        failed = f"{len(report.failed):,} of {all_servers}" if len(report.servers) > 1 else "The server"
        return f"{failed} failed the verification"
    if not report.servers:
        return "No server was verified"
    if report.pending:
        return f"{all_servers} verified, {len(report.pending):,} still to come"
    if report.status == "warning":
        return "Metamapper sees all that is listed, with warnings"
    return "Metamapper sees all that is listed"


def fact_text(value: object) -> str:
    """Return a fact of the connection as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return visible(str(value))


def facts(server: Server) -> list[tuple[str, str]]:
    """Return label and value of each fact that is known about the connection, the version of the server first.

    None is known where no login worked.
    """
    if (server.connection or {}).get("works") is False:
        return []
    found = [("PostgreSQL", visible(server.version))] if server.version else []
    for key, value in (server.connection or {}).items():
        if key != "works" and value not in (None, "") and not isinstance(value, (dict, list, tuple)):
            found.append((FACT_LABELS.get(key, visible(str(key)).replace("_", " ").capitalize()), fact_text(value)))
    return found


def extent(server: Server) -> str:
    """Return what was looked at and how much of it Metamapper sees; empty where no database was."""
    if not server.databases:
        return ""
    schemas = sum(len(database.schemas) for database in server.databases)
    if not schemas:
        return f"{counted(len(server.databases), 'database')}, no schema looked at"
    where = f"{counted(len(server.databases), 'database')}, {counted(schemas, 'schema')}"
    return f"{where}: {part(server.relations, 'relation')}, {part(server.columns, 'column')} visible"
