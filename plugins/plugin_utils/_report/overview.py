# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The rows of the overview: the servers, or where there is one server, its databases."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Aspect,
    Counts,
    Finding,
    Report,
    Server,
    counts_of,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import aspects_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import STATUS_OF, Status, worst
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import share


@dataclass(frozen=True)
class Row:
    """The answers to all questions for a server or a database.

    ``place`` is the number of the server, and that of the database where it is one, both from 1.
    """

    name: str
    place: tuple[int, ...]
    status: Status
    aspects: tuple[Aspect, ...]
    findings: tuple[Finding, ...]
    size: str = ""

    @property
    def counts(self) -> Counts:
        """How many findings there are in all."""
        return counts_of(self.findings)


def rows_of(report: Report) -> list[Row]:
    """Return the rows of the overview, worst first."""
    names = report.aspects
    if len(report.servers) == 1:
        return parts_of(report.servers[0], 1, names)
    return [_server_row(server, number, names) for number, server in enumerate(report.servers, start=1)]


def parts_of(server: Server, number: int, names: list[str]) -> list[Row]:
    """Return a row for what concerns a server as a whole, and one for each of its databases."""
    if not server.databases:
        return [_server_row(server, number, names)]
    databases = (_database_row(server, (number, place), names) for place in range(1, len(server.databases) + 1))
    return [_whole_row(server, number, names), *databases]


def _server_row(server: Server, number: int, names: list[str]) -> Row:
    given = {aspect.name: aspect for aspect in server.summary}
    aspects = tuple(given.get(name, Aspect(name)) for name in names)
    size = f"{share(server.relations)} relations" if server.databases else ""
    return Row(server.name, (number,), server.status, aspects, server.findings, size)


def _answers(server: Server) -> dict[str, dict[str, str]]:
    """Return what is known if nothing was found: a question that was not checked has no answer."""
    return {each.name: {"status": "unknown" if each.status == "unknown" else "ok"} for each in server.summary}


def _whole_row(server: Server, number: int, names: list[str]) -> Row:
    own = tuple(finding for finding in server.findings if not finding.database)
    status = worst(STATUS_OF[finding.severity] for finding in own)
    return Row(server.name, (number,), status, aspects_of(own, _answers(server), names=names), own, "the server itself")


def _database_row(server: Server, place: tuple[int, int], names: list[str]) -> Row:
    database = server.databases[place[1] - 1]
    aspects = aspects_of(database.findings, _answers(server), names=names, is_blind=not database.is_checked)
    size = f"{share(database.relations)} relations" if database.schemas else "not checked"
    return Row(database.name, place, database.status, aspects, database.findings, size)
