# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Logs in to the databases and combines the findings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ContextManager, Iterable

from .._core.byte_text import printable
from .._core.name_pattern import is_pattern
from .._core.problem import Failure, Problem
from .._core.remedy import SUPERUSER, sql, variable
from .._core.route import Route
from .._core.sql_statement import quoted, statement_text
from .._postgres.driver import ServerError, require_psycopg2
from .._postgres.login import Login
from .._postgres.side_by_side import side_by_side
from .._scope.account import LeftOut, account
from .._scope.databases import Target, Targets, has_pattern, named, resolve, unknown_database
from .catalog.facts import ListedDatabase, SessionFacts
from .catalog.inspect import begin, listed_databases
from .checks.connection import NO_SUCH_DATABASE, LoginFailure, broken_way, form_findings, is_hba_proven, way_remedies
from .checks.unchecked import ALL_BUT_CONNECTION
from .database_check import DatabaseResult, check_database, not_checked
from .finding import Finding, status, summary, weighed
from .logins import LoginRefused, Logins
from .request import Request

# Databases that most servers have, and that PUBLIC can usually connect to; defaultdb is a provider's.
WELL_KNOWN_DATABASES = ("postgres", "defaultdb", "template1")


@dataclass(frozen=True)
class Examination:
    """Everything about one server; ``left_out`` are the databases that patterns left out."""

    request: Request
    findings: tuple[Finding, ...]
    databases: tuple[DatabaseResult, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def login(self) -> SessionFacts | None:
        """The first login that worked, None if none did."""
        return next((one.login for one in self.databases if one.login), None)

    def as_dict(self) -> dict[str, Any]:
        """Return the module's return values."""
        values = {
            "findings": [found.as_dict() for found in self.findings],
            "summary": summary(self.findings, {aspect for one in self.not_checked for aspect in one["aspects"]}),
            "not_checked": self.not_checked,
            "connection": self._connection(),
            "databases": [self._database(one) for one in self.databases],
            "scope": account([one.scope for one in self.databases if one.scope], self.left_out),
            "seen": {one.name: one.seen for one in self.databases if one.seen is not None},
            "oids": {one.name: one.oids for one in self.databases if one.oids},
            "lost_oids": {one.name: one.lost_oids for one in self.databases if one.lost_oids},
            "system_identifier": self.login.system_identifier if self.login else "",
            "server_version": self.login.version if self.login else None,
            "breakers_confirmed": self.login is not None and all(one.is_confirmed for one in self.databases),
        }
        return dict(printable(values))

    @property
    def not_checked(self) -> list[dict[str, Any]]:
        """What could not be checked, by database; an empty database is the whole server."""
        if not self.databases:
            return [{"database": "", "aspects": list(ALL_BUT_CONNECTION), "reason": "No database was entered."}]
        rows = [
            {
                "database": "" if unchecked.is_of_the_server else one.name,
                "aspects": list(unchecked.aspects),
                "reason": unchecked.reason,
            }
            for one in self.databases
            for unchecked in one.unchecked
        ]
        return [row for number, row in enumerate(rows) if row not in rows[:number]]

    def _connection(self) -> dict[str, Any]:
        login = self.login
        return {
            "works": login is not None,
            "address": login.address if login else "",
            "tls": login.tls if login else "",
            "pg_hba_proven": login is not None and is_hba_proven(login, self.request),
        }

    def _database(self, one: DatabaseResult) -> dict[str, Any]:
        found = [finding for finding in self.findings if finding.database == one.name]
        return {"name": one.name, "status": status(found), "schemas": list(one.schemas)}


def examine(request: Request, login: Login, way: ContextManager[Route]) -> Examination:
    """Return everything found about one server, with one connection open at a time unless more are configured.

    Problems are findings, not exceptions, including a route that does not open; Failure is raised only if psycopg2 is
    missing.
    """
    require_psycopg2()
    try:
        with way as path:
            return _examination(request, Logins(login, path))
    except Failure as failure:
        return Examination(request, broken_way(failure), ())


@dataclass
class _Checks:
    """The checks of all databases, and why no further one needs to be tried, once there is a reason."""

    request: Request
    logins: Logins
    cause: Finding | None

    def check(self, target: Target, *, is_first: bool) -> DatabaseResult:
        """Return what is found about a database."""
        if self.cause is not None:
            return _not_tried(target.name, self.cause)
        result = check_database(target, self.request, self.logins, is_first=is_first)
        if result.ends_it:
            self.cause = result.findings[-1]
        return result


def _examination(request: Request, logins: Logins) -> Examination:
    targets, general, cause = _targets(request, logins)
    checks = _Checks(request, logins, cause)
    examined: list[DatabaseResult] = []
    while len(examined) < len(targets.targets) and all(one.login is None for one in examined):
        examined.append(checks.check(targets.targets[len(examined)], is_first=True))
    others = targets.targets[len(examined) :]
    examined += side_by_side(
        partial(checks.check, is_first=False),
        others,
        request.parallel_databases,
        "databases verified",
        already=len(examined),
    )
    examined = _with_suggestions(examined, request, logins)
    found = (finding for one in examined for finding in one.findings)
    findings = [*form_findings(logins.login, request), *general, *found]
    weighed_findings = weighed(dict.fromkeys(findings), request.fail_on)
    looked_at = tuple(one for one in examined if one.login or one.findings)  # a database may be allowed not to exist
    return Examination(request, weighed_findings, looked_at, targets.left_out)


def _targets(request: Request, logins: Logins) -> tuple[Targets, tuple[Finding, ...], Finding | None]:
    """Return the databases in scope, what is wrong with the entries, and why none of them need be tried."""
    if not has_pattern(request.entries):
        return named(request.entries), (), None
    by_name = named(entry for entry in request.entries if not is_pattern(entry.name))
    candidates = [*by_name.names, *([request.login_db] if request.login_db else []), *WELL_KNOWN_DATABASES]
    candidates.append(logins.login.user)
    looked_up = _look_up(candidates, request, logins)
    if isinstance(looked_up, LoginFailure):
        finding = _cannot_look_up(looked_up, candidates, logins.login)
        return by_name, (finding,), finding if looked_up.is_of_the_server else None
    targets = resolve(request.entries, looked_up, logins.login.user)
    return targets, tuple(_wrong_entry(problem) for problem in targets.problems), None


def _look_up(candidates: Iterable[str], request: Request, logins: Logins) -> tuple[ListedDatabase, ...] | LoginFailure:
    """Return all databases, according to the first that the user can connect to, or why there is none."""
    refusal: LoginFailure | None = None
    for name in dict.fromkeys(candidates):
        try:
            with logins.session(name) as session:
                begin(session, request)
                return listed_databases(session, request.group)
        except LoginRefused as refused:
            cause = refused.failure
            if cause.is_of_the_server:
                return cause
        except ServerError as error:
            statement = statement_text("GRANT SELECT ON pg_catalog.pg_database TO {}", logins.login.user)
            grant = (sql("let databases be read", statement, by=SUPERUSER, database=name),)
            cause = LoginFailure(error.sqlstate, f"Cannot read pg_database in {quoted(name)}: {error.text}.", grant)
        refusal = cause if refusal is None or refusal.sqlstate == NO_SUCH_DATABASE else refusal
    return refusal or LoginFailure("", "No database is known.")


def _cannot_look_up(refusal: LoginFailure, candidates: Iterable[str], login: Login) -> Finding:
    reason = f"The databases that the patterns mean cannot be looked up: {refusal.message}"
    if refusal.is_of_the_server:
        return Finding("connection", "failure", reason, refusal.remedies or way_remedies(refusal, login))
    if refusal.remedies:
        return Finding("connection", "failure", reason, refusal.remedies)
    tried = ", ".join(map(quoted, dict.fromkeys(candidates)))
    note = f"to a database that {quoted(login.user)} may connect to, or list one by its name; tried: {tried}"
    return Finding("connection", "failure", reason, (variable("name a database", "metamapper_login_db", note=note),))


def _wrong_entry(problem: Problem) -> Finding:
    return Finding("missing", "failure", problem.message, problem.remedies, problem.database)


def _with_suggestions(examined: list[DatabaseResult], request: Request, logins: Logins) -> list[DatabaseResult]:
    """Return the same, with suggestions for the names of databases that do not exist."""
    entered = [one.name for one in examined if one.login]
    if not (entered and any(one.is_unknown for one in examined)):
        return examined
    existing = _look_up(entered[:1], request, logins)
    names = [] if isinstance(existing, LoginFailure) else [database.name for database in existing]
    return [
        replace(one, findings=tuple(replace(each, reason=unknown_database(one.name, names)) for each in one.findings))
        if one.is_unknown
        else one
        for one in examined
    ]


def _not_tried(name: str, cause: Finding) -> DatabaseResult:
    reason = "Not tried: what was found for another database holds for the whole server."
    return not_checked(name, Finding("connection", "failure", reason, cause.remedies, name), ends_it=True)
