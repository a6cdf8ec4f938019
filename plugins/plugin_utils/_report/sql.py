# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The remedies as a script for psql: by server, by database, by role."""

from __future__ import annotations

from typing import Iterable, Iterator

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import (
    is_exact,
    visible,
    visible_lines,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Finding, Report, Server
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.remedy import Remedy
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import label
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import counted, place

HEAD = """\
-- What fixes the failures of a verification. Read it, then run it with psql, as an administrator:
--   psql -X -h SERVER -U ADMINISTRATOR -d postgres -f remedies.sql
-- It stops at the first error. What stands behind "--" is not run: somebody has to decide it.
\\set ON_ERROR_STOP on
\\encoding UTF8"""


def _comment(text: str) -> list[str]:
    return [f"-- {line}" for line in visible_lines(text)]


def quoted(name: str) -> str:
    """Return an identifier of SQL."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def connect(server: Server, database: str, *, by_host: bool) -> str:
    """Return the psql command that connects to a database as the current user.

    A value is quoted twice, for libpq's connection string and for psql's argument, where also a line feed is spelled.
    https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-META-COMMAND-CONNECT
    """
    parts = {"dbname": database or "postgres"}
    if by_host:
        parts = {"host": server.host or server.name, **({"port": server.port} if server.port else {}), **parts}
    values = (f"{key}='{_escaped(value)}'" for key, value in parts.items())
    argument = " ".join(values).replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n").replace("\r", "\\r")
    return f"\\connect -reuse-previous=on '{argument}'"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _is_run(finding: Finding) -> bool:
    """Return whether the script runs a remedy: what needs a decision is in it as a comment."""
    needed = finding.needed
    is_sql = bool(needed) and all(remedy.statements and not remedy.is_intrusive for remedy in needed)
    return finding.severity == "failure" and is_sql


def _is_writable(text: str) -> bool:
    """Return whether a text can be written as UTF-8: a name of other bytes cannot."""
    return not any("\ud800" <= each <= "\udfff" for each in text)


def _statements(remedies: Iterable[Remedy]) -> Iterator[str]:
    """Yield the statements of one database and one role, each once."""
    for statement in dict.fromkeys(statement for remedy in remedies for statement in remedy.statements):
        if not _is_writable(statement):
            yield from _comment(f"Not UTF-8, to be written by hand: {statement}")
            continue
        yield from [] if is_exact(statement) else _comment(f"Hidden characters are in: {statement}")
        yield statement


def _by_role(remedies: list[Remedy]) -> Iterator[str]:
    for role in sorted({remedy.role for remedy in remedies}):
        yield from [f"SET ROLE {quoted(role)};"] if role else []
        yield from _statements(remedy for remedy in remedies if remedy.role == role)
        yield from ["RESET ROLE;"] if role else []


def _open_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield comments on failures that the script does not fix, and on warnings that have a remedy."""
    told = set()
    for finding in findings:
        if finding.severity == "information" or _is_run(finding):
            continue
        where = f" {place(finding)}" if place(finding) else ""
        lines = [f"-- {finding.severity}, {visible(label(finding.aspect))}{where}:", *_comment(finding.reason)]
        lines += [f"--   {line}" for remedy in finding.remedies for line in visible_lines(remedy.text)]
        key = (finding.reason, finding.remedies)
        yield from [] if key in told else lines
        told.add(key)


def _server_lines(server: Server, *, by_host: bool) -> Iterator[str]:
    run: dict[str, list[Remedy]] = {}
    fixed: dict[str, set[Finding]] = {}
    for finding in filter(_is_run, server.findings):
        for remedy in finding.needed:
            database = remedy.database or finding.database
            run.setdefault(database, []).append(remedy)
            fixed.setdefault(database, set()).add(finding)
    left = list(_open_lines(server.findings))
    if not run and not left:
        return
    yield from ("", f"-- Server {visible(server.name)}")
    for database, remedies in sorted(run.items()):
        yield from ("", f"-- Database {visible(database)}: {counted(len(fixed[database]), 'failure')}")
        yield connect(server, database, by_host=by_host)
        yield from _by_role(remedies)
    if left:
        yield from ("", "-- To be decided:", *left)


def render_sql(report: Report) -> str:
    """Return the script, without a line feed at its end; with nothing to fix, it is a comment."""
    by_host = len(report.servers) > 1
    lines = [line for server in report.servers for line in _server_lines(server, by_host=by_host)]
    return "\n".join([HEAD, *(lines or ["-- There is nothing to fix."])])
