# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Logs in to one database after the other and brings together what is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ContextManager, Iterable, Mapping

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.name_pattern import is_pattern
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.route import Route
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import quoted
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import (
    ServerError,
    require_psycopg2,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session, open_session
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.account import (
    DatabaseScope,
    LeftOut,
    account,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.databases import (
    Target,
    Targets,
    has_pattern,
    named,
    resolve,
    unknown_database,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import (
    DatabaseFacts,
    ListedDatabase,
    SessionFacts,
    Totals,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.inspect import (
    begin,
    database_facts,
    listed_databases,
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
    NO_SUCH_DATABASE,
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
    Request,
    Seen,
)

# Databases that most servers have, and that everybody may enter who is not kept out: defaultdb is a provider's.
WELL_KNOWN_DATABASES = ("postgres", "defaultdb", "template1")
PRIVILEGE_WORDS: Mapping[str, str] = {"SELECT": "select", "REFERENCES": "metadata"}


@dataclass(frozen=True)
class Examined:
    """One database: its findings and, where the login worked, all that the return values tell of it.

    ``is_unknown`` tells that there is no such database.
    """

    name: str
    findings: tuple[Finding, ...]
    login: SessionFacts | None = None
    schemas: tuple[Mapping[str, Any], ...] = ()
    seen: Seen | None = None
    is_confirmed: bool = True
    ends_it: bool = False
    scope: DatabaseScope | None = None
    is_unknown: bool = False


@dataclass(frozen=True)
class Examination:
    """Everything about one server; ``left_out`` are the databases that patterns left out."""

    request: Request
    findings: tuple[Finding, ...]
    databases: tuple[Examined, ...]
    left_out: tuple[LeftOut, ...] = ()

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
            "scope": account([one.scope for one in self.databases if one.scope], self.left_out),
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
    targets, general, cause = _targets(request, login, path)
    examined: list[Examined] = []
    for target in targets.targets:
        if cause is None:
            is_first = all(one.login is None for one in examined)
            examined.append(_examined(target, request, login, path, is_first=is_first))
            cause = examined[-1].findings[-1] if examined[-1].ends_it else None
        else:
            examined.append(_not_tried(target.name, cause))
    examined = _with_suggestions(examined, request, login, path)
    findings = [*general, *(found for one in examined for found in one.findings)]
    weighed_findings = weighed(dict.fromkeys(findings), request.fail_on)
    looked_at = tuple(one for one in examined if one.login or one.findings)  # a database may be allowed not to exist
    return Examination(request, weighed_findings, looked_at, targets.left_out)


def _targets(request: Request, login: Login, path: Route) -> tuple[Targets, tuple[Finding, ...], Finding | None]:
    """Return the databases in scope, what is wrong with the entries, and why none of them needs to be tried."""
    if not has_pattern(request.entries):
        return named(request.entries), (), None
    by_name = named(entry for entry in request.entries if not is_pattern(entry.name))
    candidates = [*by_name.names, *([request.login_db] if request.login_db else []), *WELL_KNOWN_DATABASES, login.user]
    looked_up = _look_up(candidates, request, login, path)
    if isinstance(looked_up, Refusal):
        finding = _cannot_look_up(looked_up, candidates, login)
        return by_name, (finding,), finding if looked_up.is_of_the_server else None
    targets = resolve(request.entries, looked_up, login.user)
    return targets, tuple(_wrong_entry(problem) for problem in targets.problems), None


def _look_up(
    candidates: Iterable[str], request: Request, login: Login, path: Route
) -> tuple[ListedDatabase, ...] | Refusal:
    """Return all databases, as the first of some tells that lets the user in, or why none does."""
    refusal: Refusal | None = None
    for name in dict.fromkeys(candidates):
        try:
            with open_session(login, name, path) as session:
                begin(session)
                return listed_databases(session, request.group)
        except Failure as failure:
            cause = refusal_of(failure, login, name, path)
            if cause.is_of_the_server:
                return cause
        except ServerError as error:
            cause = Refusal(error.sqlstate, f"Cannot read pg_database in {quoted(name)}: {error.text}.")
        refusal = cause if refusal is None or refusal.sqlstate == NO_SUCH_DATABASE else refusal
    return refusal or Refusal("", "No database is known.")


def _cannot_look_up(refusal: Refusal, candidates: Iterable[str], login: Login) -> Finding:
    reason = f"The databases that the patterns mean cannot be looked up: {refusal.message}"
    if refusal.is_of_the_server:
        remedy = refusal.remedy or "Correct metamapper_password, metamapper_login_host or metamapper_login_port."
        return Finding("connection", "failure", reason, remedy)
    tried = ", ".join(map(quoted, dict.fromkeys(candidates)))
    remedy = (
        f"Set metamapper_login_db (option login_db) to a database that {quoted(login.user)} may connect to, or list "
        f"one by its name. Tried: {tried}."
    )
    return Finding("connection", "failure", reason, remedy)


def _wrong_entry(problem: Problem) -> Finding:
    return Finding("missing", "failure", problem.message, problem.remedy, problem.database)


def _with_suggestions(examined: list[Examined], request: Request, login: Login, path: Route) -> list[Examined]:
    """Return the same, with what may have been meant by the names of databases that do not exist."""
    entered = [one.name for one in examined if one.login]
    if not (entered and any(one.is_unknown for one in examined)):
        return examined
    existing = _look_up(entered[:1], request, login, path)
    names = [] if isinstance(existing, Refusal) else [database.name for database in existing]
    return [
        replace(one, findings=tuple(replace(each, reason=unknown_database(one.name, names)) for each in one.findings))
        if one.is_unknown
        else one
        for one in examined
    ]


def _not_tried(name: str, cause: Finding) -> Examined:
    reason = "Not tried: what was found for another database holds for the whole server."
    return Examined(name, (Finding("connection", "failure", reason, cause.remedy, name),), ends_it=True)


def _examined(target: Target, request: Request, login: Login, path: Route, *, is_first: bool) -> Examined:
    name = target.name
    try:
        session = open_session(login, name, path)
    except Failure as failure:
        refusal = refusal_of(failure, login, name, path)
        is_unknown = refusal.sqlstate == NO_SUCH_DATABASE
        if is_unknown and target.entry.allow_empty:
            return Examined(name, (), is_unknown=True)
        findings = (refused(refusal, login, name, request),)
        return Examined(name, findings, ends_it=refusal.is_of_the_server, is_unknown=is_unknown)
    with session:
        try:
            return _looked_at(session, target, request, is_first=is_first)
        except ServerError as error:
            cause = Refusal(error.sqlstate, f"The check of this database was interrupted: {error.text}.")
            reason = f"{cause.message} SQLSTATE {cause.sqlstate or 'unknown'}."
            remedy = "Mend what the server says, and run the check again."
            return Examined(name, (Finding("connection", "failure", reason, remedy, name),))


def _looked_at(session: Session, target: Target, request: Request, *, is_first: bool) -> Examined:
    name = target.name
    begin(session)
    facts = session_facts(session, request.group)
    impostor = wrong_identity(facts, request, name)
    if impostor is not None:
        return Examined(name, (impostor,), ends_it=facts.is_superuser)
    general: Iterable[Finding] = ()
    if is_first:
        held = memberships(session, request.group)
        general = (*admitted(facts, request), *login_excess(facts, request.group, held, owned(session, request.group)))
    found = database_facts(session, target, facts, request)
    session.rollback()
    return Examined(
        name,
        findings=(*general, *_findings(found)),
        login=facts,
        schemas=tuple(_schemas(found)),
        seen=found.answer.seen,
        is_confirmed=confirmed(found),
        scope=found.scope,
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
