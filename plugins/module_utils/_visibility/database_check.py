# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Checks one database: what the catalog says, and what a scan like Metamapper's gets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Iterable, List, Mapping, Optional

from .._core.unquoted_names import UnquotedNameParser
from .._postgres.driver import ServerError
from .._postgres.lock_holders import ReadersLockHolder
from .._postgres.server_error import LOCK_NOT_AVAILABLE
from .._scope.account import DatabaseScope
from .._scope.databases import Target
from .catalog.facts import DatabaseFacts, Loss, ScanResult, SessionFacts, Totals, Unchecked
from .catalog.inspect import (
    attributes,
    begin,
    begin_with_path,
    database_facts,
    less_visible,
    lock_holders,
    losses,
    memberships,
    owned,
    session_facts,
    system_identifier,
)
from .catalog.metamapper_connection import MetamapperConnection
from .catalog.questions import Questions
from .catalog.rows import PathRow
from .catalog.scan import ENCODING_REFUSED, Scanner, refused_for_encoding
from .checks.audit import excess, exposed, login_excess
from .checks.connection import NO_SUCH_DATABASE, admitted, interrupted, refused, wrong_identity
from .checks.coverage import future, is_future_covered, limits, lost, missing
from .checks.scan_failures import confirmed, scan_failures
from .checks.unchecked import ALL_BUT_CONNECTION, not_compared, unreadable
from .finding import Finding
from .logins import LoginRefused, Logins
from .request import Expectation, Request, VisibleColumns

# By schema, in the order of the names of its relations.
Oids = Mapping[str, List[Optional[int]]]
PRIVILEGE_WORDS: Mapping[str, str] = {"SELECT": "select", "REFERENCES": "metadata"}
# Errors in reading the catalog that need not make a scan fail: a name that is not UTF-8 or has no equivalent in it; no
# permission for a function or a catalog.
UNREADABLE = frozenset({"22021", "22P05", "42501"})


@dataclass(frozen=True)
class DatabaseResult:
    """One database: its findings and, if the login worked, its part of the return values.

    ``oids`` are those of what was seen, ``lost_oids`` those of what was seen earlier, exists, and is not seen now.
    ``is_unknown`` tells that there is no such database, ``ends_it`` that no other database needs to be tried.
    """

    name: str
    findings: tuple[Finding, ...]
    login: SessionFacts | None = None
    schemas: tuple[Mapping[str, Any], ...] = ()
    seen: VisibleColumns | None = None
    is_confirmed: bool = True
    ends_it: bool = False
    scope: DatabaseScope | None = None
    is_unknown: bool = False
    unchecked: tuple[Unchecked, ...] = ()
    oids: Oids = field(default_factory=dict)
    lost_oids: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def not_checked(name: str, *findings: Finding, ends_it: bool = False, is_unknown: bool = False) -> DatabaseResult:
    """Return the result of a database of which nothing but these findings is known."""
    unchecked = (Unchecked(ALL_BUT_CONNECTION, "The database was not entered, or not to the end."),)
    return DatabaseResult(name, findings, ends_it=ends_it, is_unknown=is_unknown, unchecked=unchecked)


def check_database(target: Target, request: Request, logins: Logins, *, is_first: bool) -> DatabaseResult:
    """Return everything found about one database, with one connection open at a time."""
    try:
        return _checked(target, request, logins, is_first=is_first)
    except LoginRefused as refusal:
        is_unknown = refusal.failure.sqlstate == NO_SUCH_DATABASE
        if is_unknown and target.entry.allow_empty:
            return DatabaseResult(target.name, (), is_unknown=True)
        finding = refused(refusal.failure, logins.login, target.name, request)
        return not_checked(target.name, finding, ends_it=refusal.failure.is_of_the_server, is_unknown=is_unknown)
    except ServerError as error:
        return not_checked(target.name, interrupted(error, target.name, _holders(error, target.name, request, logins)))


def _holders(error: ServerError, name: str, request: Request, logins: Logins) -> tuple[ReadersLockHolder, ...]:
    if error.sqlstate != LOCK_NOT_AVAILABLE:
        return ()
    try:
        with logins.session(name) as session:
            return lock_holders(session, request)
    except (LoginRefused, ServerError):
        return ()


def _checked(target: Target, request: Request, logins: Logins, *, is_first: bool) -> DatabaseResult:
    with logins.session(target.name) as session:
        path = begin_with_path(session, request)
        login = session_facts(session, request.group)
        impostor = wrong_identity(login, request, target.name)
        if impostor is not None:
            return not_checked(target.name, impostor, ends_it=login.is_superuser)
        questions = Questions(session, login.unreadable_catalogs)
        login = replace(login, attributes=attributes(questions))
        if is_first:
            login = replace(login, system_identifier=system_identifier(session))
        general = _of_the_server(questions, login, request, used_md5=logins.used_md5) if is_first else ()
        facts = _catalog(questions, target, login, path, request)
        session.rollback()
    facts = _compared(replace(facts, scan=_scanned(facts, request, logins)), request, logins)
    return DatabaseResult(
        target.name,
        findings=(*general, *_findings(facts), *unreadable(facts, request)),
        login=login,
        schemas=tuple(_schemas(facts)),
        seen=facts.scan.seen,
        is_confirmed=confirmed(facts),
        scope=facts.scope,
        unchecked=facts.unchecked,
        oids=_in_order_of_names(facts.scan.oids),
        lost_oids=_lost_oids(facts.losses),
    )


def _in_order_of_names(oids: Mapping[str, Mapping[str, int | None]]) -> Oids:
    """Return oids without the names of their relations, which are elsewhere in the result: there may be many."""
    return {schema: [held[name] for name in sorted(held)] for schema, held in oids.items()}


def _lost_oids(losses: Iterable[Loss]) -> Mapping[str, Mapping[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for loss in losses:
        if loss.oid is not None and not loss.columns:
            found.setdefault(loss.schema, {})[loss.relation] = loss.oid
    return found


def _of_the_server(
    questions: Questions, login: SessionFacts, request: Request, *, used_md5: bool
) -> tuple[Finding, ...]:
    held = memberships(questions, request.group)
    owns = owned(questions, request.group)
    return (*admitted(login, request, used_md5=used_md5), *login_excess(login, request.group, held, owns))


def _catalog(
    questions: Questions, target: Target, login: SessionFacts, path: PathRow, request: Request
) -> DatabaseFacts:
    try:
        facts = database_facts(questions, target, login, path, request)
    except ServerError as error:
        if error.is_connection_lost or error.sqlstate not in UNREADABLE:
            raise
        facts = _unknown(target, login, request, error)
    beneficiary = facts.beneficiary
    return replace(facts, unchecked=(*facts.unchecked, *questions.unchecked(beneficiary)))


def _unknown(target: Target, login: SessionFacts, request: Request, error: ServerError) -> DatabaseFacts:
    """Return the result for a database whose catalog cannot be read."""
    reason = f"The catalog cannot be read: {error.text} (SQLSTATE {error.sqlstate})."
    return DatabaseFacts(
        name=target.name,
        group=request.group,
        reader=UnquotedNameParser(login.version, target.name),
        session=login,
        expectation=Expectation(),
        schemas={},
        totals={},
        details=(),
        creators=(),
        defaults=(),
        namesakes=frozenset(),
        scan=ScanResult(None),
        unchecked=(Unchecked(ALL_BUT_CONNECTION, reason),),
    )


def _scanned(facts: DatabaseFacts, request: Request, logins: Logins) -> ScanResult:
    try:
        with logins.metamapper_session(facts.name) as session:
            path, needs_quotes = facts.search_path, facts.reader.odd_relation
            return Scanner(MetamapperConnection(session, path, request.lock_timeout_ms, needs_quotes)).scan()
    except LoginRefused as refusal:
        if refusal.failure.sqlstate not in ENCODING_REFUSED:
            raise
        return refused_for_encoding(refusal.failure.sqlstate, refusal.failure.message)


def _compared(facts: DatabaseFacts, request: Request, logins: Logins) -> DatabaseFacts:
    """Return the facts with what was seen at the time of the baseline and is not seen now."""
    if request.baseline is None or facts.name not in request.baseline:
        return replace(facts, unchecked=(*facts.unchecked, *not_compared(request, facts.name)))
    less = less_visible(request.baseline[facts.name], facts.scan.seen)
    if not less:
        return facts
    with logins.session(facts.name) as session:
        begin(session, request)
        questions = Questions(session, facts.session.unreadable_catalogs)
        found = losses(questions, less)
        session.rollback()
    return replace(facts, losses=found, unchecked=(*facts.unchecked, *questions.unchecked(facts.beneficiary)))


def _findings(facts: DatabaseFacts) -> tuple[Finding, ...]:
    questions = (missing, scan_failures, future, lost, exposed, excess, limits)
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
