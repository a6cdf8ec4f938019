# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Logs in to one database after the other and brings together what is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ContextManager, Iterable, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.route import Route
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import quoted
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import (
    ServerError,
    require_psycopg2,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session, open_session
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import (
    DatabaseFacts,
    SessionFacts,
    Totals,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.inspect import (
    begin,
    connectable_databases,
    database_facts,
    memberships,
    owned,
    session_facts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.audit import (
    excess,
    exposed,
    login_excess,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.connection import (
    Refusal,
    admitted,
    broken_way,
    is_hba_proven,
    refusal_of,
    refused,
    wrong_identity,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.coverage import (
    future,
    is_future_covered,
    limits,
    lost,
    missing,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.scan_failures import (
    breakers,
    confirmed,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.finding import (
    Finding,
    status,
    summary,
    weighed,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.request import (
    Entry,
    Request,
    Seen,
    expanded,
    is_pattern,
)

MAINTENANCE_DATABASE = "postgres"
PRIVILEGE_WORDS: Mapping[str, str] = {"SELECT": "select", "REFERENCES": "metadata"}


@dataclass(frozen=True)
class Examined:
    """One database: its findings and, where the login worked, all that the return values tell of it."""

    name: str
    findings: tuple[Finding, ...]
    login: SessionFacts | None = None
    schemas: tuple[Mapping[str, Any], ...] = ()
    seen: Seen | None = None
    is_confirmed: bool = True
    ends_it: bool = False


@dataclass(frozen=True)
class Examination:
    """Everything about one server."""

    request: Request
    findings: tuple[Finding, ...]
    databases: tuple[Examined, ...]

    @property
    def login(self) -> SessionFacts | None:
        """The first login that worked, None where none did."""
        return next((one.login for one in self.databases if one.login), None)

    def as_dict(self) -> dict[str, Any]:
        """Return the module's return values."""
        return {
            "findings": [found.as_dict() for found in self.findings],
            "summary": summary(self.findings),
            "connection": self._connection(),
            "databases": [self._database(one) for one in self.databases],
            "seen": {one.name: one.seen for one in self.databases if one.seen is not None},
            "server_version": self.login.version if self.login else None,
            "breakers_confirmed": self.login is not None and all(one.is_confirmed for one in self.databases),
        }

    def _connection(self) -> dict[str, Any]:
        login = self.login
        return {
            "works": login is not None,
            "address": login.address if login else "",
            "tls": login.tls if login else "",
            "pg_hba_proven": login is not None and is_hba_proven(login, self.request),
        }

    def _database(self, one: Examined) -> dict[str, Any]:
        found = [finding for finding in self.findings if finding.database == one.name]
        return {"name": one.name, "status": status(found), "schemas": list(one.schemas)}


def examine(request: Request, login: Login, way: ContextManager[Route]) -> Examination:
    """Return all that is found out about one server, one connection open at a time.

    What is wrong is a finding and no exception, a way that does not open included; Failure is raised only where
    psycopg2 is missing.
    """
    require_psycopg2()
    try:
        with way as path:
            return _examination(request, login, path)
    except Failure as failure:
        return Examination(request, broken_way(failure), ())


def _examination(request: Request, login: Login, path: Route) -> Examination:
    entries, general = _entries(request, login, path)
    examined: list[Examined] = []
    for name in entries:
        if examined and examined[-1].ends_it:
            examined.append(_not_tried(name, examined[-1].findings[-1]))
            continue
        is_first = all(one.login is None for one in examined)
        examined.append(_examined(name, entries[name], request, login, path, is_first=is_first))
    findings = [*general, *(found for one in examined for found in one.findings)]
    return Examination(request, weighed(dict.fromkeys(findings), request.fail_on), tuple(examined))


def _entries(
    request: Request, login: Login, path: Route
) -> tuple[Mapping[str, tuple[Entry, ...]], tuple[Finding, ...]]:
    plain = [entry.name for entry in request.entries if not is_pattern(entry.name)]
    if len(plain) == len(request.entries):
        return expanded(request.entries, ())[0], ()
    existing: tuple[str, ...] = ()
    refusal: Finding | None = None
    for name in dict.fromkeys([*plain, MAINTENANCE_DATABASE, login.user]):
        try:
            with open_session(login, name, path) as session:
                begin(session)
                existing, refusal = connectable_databases(session), None
            break
        except Failure as failure:
            cause = refusal_of(failure, login, name, path)
            refusal = refusal or refused(cause, login, name, request)
            if cause.is_of_the_server:
                break
    entries, unmatched = expanded(request.entries, existing)
    if refusal is not None:
        return entries, (_unknown_databases(refusal),)
    return entries, tuple(_no_such_database(name) for name in unmatched)


def _unknown_databases(refusal: Finding) -> Finding:
    reason = f"The databases that the patterns mean cannot be looked up: {refusal.reason}"
    return Finding("connection", "failure", reason, refusal.remedy)


def _no_such_database(name: str) -> Finding:
    reason = f"The pattern {quoted(name)} matches no database that accepts connections and is no template."
    return Finding("missing", "failure", reason, "Correct or remove it, or set allow_empty: true for it.", name)


def _not_tried(name: str, cause: Finding) -> Examined:
    reason = "Not tried: what was found for another database holds for the whole server."
    return Examined(name, (Finding("connection", "failure", reason, cause.remedy, name),), ends_it=True)


def _examined(
    name: str, entries: Sequence[Entry], request: Request, login: Login, path: Route, *, is_first: bool
) -> Examined:
    try:
        session = open_session(login, name, path)
    except Failure as failure:
        refusal = refusal_of(failure, login, name, path)
        return Examined(name, (refused(refusal, login, name, request),), ends_it=refusal.is_of_the_server)
    with session:
        try:
            return _looked_at(session, name, entries, request, is_first=is_first)
        except ServerError as error:
            cause = Refusal(error.sqlstate, f"The check of this database was interrupted: {error.text}.")
            reason = f"{cause.message} SQLSTATE {cause.sqlstate or 'unknown'}."
            remedy = "Mend what the server says, and run the check again."
            return Examined(name, (Finding("connection", "failure", reason, remedy, name),))


def _looked_at(session: Session, name: str, entries: Sequence[Entry], request: Request, *, is_first: bool) -> Examined:
    begin(session)
    facts = session_facts(session, request.group)
    impostor = wrong_identity(facts, request, name)
    if impostor is not None:
        return Examined(name, (impostor,), ends_it=facts.is_superuser)
    general: Iterable[Finding] = ()
    if is_first:
        held = memberships(session, request.group)
        general = (*admitted(facts, request), *login_excess(facts, request.group, held, owned(session, request.group)))
    found = database_facts(session, name, facts, entries, request)
    session.rollback()
    return Examined(
        name,
        findings=(*general, *_findings(found)),
        login=facts,
        schemas=tuple(_schemas(found)),
        seen=found.answer.seen,
        is_confirmed=confirmed(found),
    )


def _findings(facts: DatabaseFacts) -> tuple[Finding, ...]:
    questions = (missing, breakers, future, lost, exposed, excess, limits)
    return tuple(found for question in questions for found in question(facts))


def _schemas(facts: DatabaseFacts) -> Iterable[Mapping[str, Any]]:
    covered = is_future_covered(facts)
    for name in sorted(facts.expectation.schemas):
        totals = facts.totals.get(name, Totals())
        yield {
            "name": name,
            "privilege": PRIVILEGE_WORDS[facts.expectation.schemas[name]],
            "relations": {"expected": totals.relations, "visible": totals.visible_relations},
            "columns": {"expected": totals.columns, "visible": totals.visible_columns},
            "future_covered": covered[name],
        }
