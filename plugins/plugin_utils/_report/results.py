# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Reads what the module ``visibility`` returned for each host of a play."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.derived import (
    databases_in_order,
    in_order,
    passed,
    with_findings,
    worst_of,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Aspect,
    Coverage,
    Database,
    Finding,
    LeftOut,
    NotChecked,
    Report,
    Schema,
    Server,
    counts_of,
    worst_first,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.remedy import Remedy, remedies_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import (
    ASPECTS,
    OPTIONAL_ASPECTS,
    aspect_place,
    severity_of,
    status_of,
    worst,
)


def _findings(items: Iterable[Mapping[str, Any]], server: str) -> tuple[Finding, ...]:
    found = []
    for item in items:
        texts = {key: str(item.get(key) or "") for key in ("database", "schema", "relation", "reason")}
        severity = severity_of(item.get("severity")) or "warning"
        found.append(Finding(str(item.get("aspect") or ""), severity, server, remedies=remedies_of(item), **texts))
    return in_order(found)


def _coverage(item: Any) -> Coverage:
    counts = item or {}
    return Coverage(int(counts.get("expected") or 0), int(counts.get("visible") or 0))


def _schema(item: Mapping[str, Any]) -> Schema:
    future = item.get("future_covered")
    return Schema(
        name=str(item.get("name") or ""),
        privilege=str(item.get("privilege") or ""),
        relations=_coverage(item.get("relations")),
        columns=_coverage(item.get("columns")),
        is_future_covered=None if future is None else bool(future),
    )


def _left_out(scope: Mapping[str, Any], database: str = "") -> tuple[LeftOut, ...]:
    """Return the schemas of a database that patterns left out; the databases, where none is named."""
    items = scope.get("left_out") or ()
    if database:
        found = [(item["schema"], item) for item in items if item["database"] == database and item.get("schema")]
    else:
        found = [(item["database"], item) for item in items if not item.get("schema")]
    return tuple(LeftOut(str(name), str(item.get("reason") or "")) for name, item in found)


def _taken_in(scope: Mapping[str, Any], database: str) -> tuple[str, ...]:
    return tuple(str(item["schema"]) for item in scope.get("taken_in") or () if item["database"] == database)


def _in_scope(scope: Mapping[str, Any]) -> Coverage:
    """Return how many schemas of all databases in scope exist, and how many of them are in scope."""
    counts = scope.get("databases") or ()
    return sum((Coverage(item["existing_schemas"], item["schemas"]) for item in counts), Coverage())


def _database(item: Mapping[str, Any], findings: Sequence[Finding], scope: Mapping[str, Any]) -> Database:
    name = str(item.get("name") or "")
    database = Database(
        name=name,
        schemas=tuple(map(_schema, item.get("schemas") or ())),
        left_out=_left_out(scope, name),
        taken_in=_taken_in(scope, name),
    )
    return with_findings(database, findings)


def _databases(
    items: Iterable[Mapping[str, Any]], findings: Iterable[Finding], scope: Mapping[str, Any]
) -> tuple[Database, ...]:
    """Return the databases, worst first; those that only findings know (they refused the login) are among them."""
    by_name: dict[str, list[Finding]] = {}
    for finding in findings:
        by_name.setdefault(finding.database, []).append(finding)
    given = {str(item.get("name") or ""): item for item in items}
    named = {**{name: {"name": name} for name in by_name if name}, **given}
    databases = [_database(item, by_name.get(name, ()), scope) for name, item in named.items()]
    return databases_in_order(databases)


def aspects_of(
    findings: Sequence[Finding], given: Mapping[str, Any], *, names: Iterable[str] = (), is_blind: bool = False
) -> tuple[Aspect, ...]:
    """Return the answers to all questions; ``given`` are those of the module, by name.

    Where no login worked (``is_blind``), nothing found is not a good answer but none.
    """
    by_name: dict[str, list[Finding]] = {}
    for finding in findings:
        by_name.setdefault(finding.aspect, []).append(finding)
    usual = [name for name in ASPECTS if name not in OPTIONAL_ASPECTS or name in given]
    aspects = []
    for name in sorted({*(names or usual), *by_name}, key=lambda name: (aspect_place(name), name)):
        found = by_name.get(name, [])
        answer = status_of((given.get(name) or {}).get("status"))
        is_known = bool(found) or (answer is not None and not is_blind)
        status = worst([answer or "ok", worst_of(found)]) if is_known else "unknown"
        aspects.append(Aspect(name, status, counts_of(found)))
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


def _dropped_out(databases: Iterable[str]) -> list[dict[str, Any]]:
    reason = (
        "Metamapper saw this database earlier, and it is no longer in scope: it does not exist, accepts no "
        "connections, or is not meant by metamapper_databases."
    )
    remedy = {"kind": "variable", "name": "metamapper_accept_lost", "value": True}
    return [
        {"aspect": "lost", "severity": "warning", "database": name, "reason": reason, "remedy": remedy}
        for name in databases
    ]


def _not_checked(items: Iterable[Mapping[str, Any]]) -> tuple[NotChecked, ...]:
    return tuple(
        NotChecked(tuple(map(str, item.get("aspects") or ())), str(item["reason"]), str(item.get("database") or ""))
        for item in items
    )


def _unreached(name: str, failed: Mapping[str, Any], message: str, created: str) -> Server:
    """Return a server of which nothing is known but why it could not be verified.

    ``failed`` is the result of the task that failed for it, with its problems; ``message`` is used if it has none.
    """
    problems = failed.get("problems") or [{"message": failed.get("msg") or message}]
    findings = tuple(_cause(name, problem) for problem in problems)
    summary = aspects_of(findings, {})
    return Server(name, "failure", findings[0].reason, summary=summary, findings=findings, created=created)


def _cause(server: str, problem: Mapping[str, Any]) -> Finding:
    remedies = remedies_of(problem) or (Remedy("person", "Fix what is said here, and verify again."),)
    database = str(problem.get("database") or "")
    placed = tuple(replace(one, database=one.database or database) for one in remedies)
    return Finding("connection", "failure", server, reason=f"Not verified: {problem['message']}", remedies=placed)


def server_of(
    name: str,
    result: Mapping[str, Any] | None,
    *,
    cause: Mapping[str, Any] | None = None,
    created: str = "",
    dropped: Iterable[str] = (),
) -> Server:
    """Return what the module ``visibility`` found about a server; None: the host failed earlier in the play.

    ``cause`` is the result of the task that it was lost in, as far as that is known. A result without ``summary`` (the
    host was unreachable, the module crashed) is a failure of the connection. ``dropped`` are databases of the baseline
    that are no longer in scope.
    """
    if result is None:
        lost = "the play stopped for this host before. Its own message says why."
        return _unreached(name, cause or {}, lost, created)
    message = str(result.get("msg") or "")
    if not result.get("summary"):
        return _unreached(name, result, "the module ended without a result.", created)
    findings = _findings([*(result.get("findings") or ()), *_dropped_out(dropped)], name)
    connection = result.get("connection") or {}
    scope = result.get("scope") or {}
    options = result.get("request") or {}
    summary = aspects_of(findings, result["summary"], is_blind=connection.get("works") is False)
    return Server(
        name=name,
        status="failure" if message else passed(summary),
        message=message,
        version=version_text(result.get("server_version")),
        connection=connection,
        summary=summary,
        findings=findings,
        databases=_databases(result.get("databases") or (), findings, scope),
        left_out=_left_out(scope),
        in_scope=_in_scope(scope),
        host=str(options.get("login_host") or ""),
        port=str(options.get("login_port") or ""),
        created=created,
        not_checked=_not_checked(result.get("not_checked") or ()),
    )


def report_of(
    results: Mapping[str, Mapping[str, Any] | None],
    *,
    created: str,
    pending: Iterable[str] = (),
    absent: Iterable[str] = (),
    causes: Mapping[str, Mapping[str, Any]] | None = None,
    dropped: Mapping[str, Sequence[str]] | None = None,
) -> Report:
    """Return the report on servers, given the module's result of each.

    See ``server_of`` for None, ``causes`` and ``dropped``, which are by server.
    """
    servers = [
        server_of(name, result, cause=(causes or {}).get(name), created=created, dropped=(dropped or {}).get(name, ()))
        for name, result in results.items()
    ]
    return Report(created, worst_first(servers), tuple(pending), tuple(absent))
