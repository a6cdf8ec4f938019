# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The steps that change roles: group, users and their passwords, and the users that are retired or dropped."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Sequence

from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .._core.sql_statement import Statement, quoted
from .._postgres.lock_holders import end_session
from .._postgres.server_error import LOCK_NOT_AVAILABLE, ServerError
from .._postgres.session import Session, render
from .._postgres.settings import Setting, statement_logging_off
from .._postgres.transaction import read
from .catalog.facts import Connection
from .catalog.inspect_roles import inspect_connections, inspect_roles, inspect_starting
from .progress import Roles, Run, possible
from .request import User
from .roles.password import Password, probe_password, why_refused
from .roles.plan import RolePlan, plan_roles
from .roles.retirement import nologin, still_connected, still_starting
from .roles.sessions import (
    CONFIRMATION_SECONDS,
    PAUSE_SECONDS,
    SECONDS_FOR_SESSIONS_TO_END,
    SECONDS_FOR_SESSIONS_TO_START,
    still_open,
)
from .steps import ChangeRoles, CheckSuccessor, EndSessions, SettlePasswords
from .survey import lost_by_retirement


def _role_plan(run: Run, roles: Roles, to_set: frozenset[str]) -> RolePlan:
    found, request = run.found, run.request
    server = replace(found.server.facts, roles=roles, connections=run.progress.connections)
    if request.is_absent:
        return RolePlan(nologin=tuple(nologin(roles.get(name) for name in request.user_names)))
    return plan_roles(
        server,
        found.possible(request),
        databases=found.database_names,
        verifiers=found.server.verifiers,
        to_set=to_set,
    )


def change_roles(run: Run, step: ChangeRoles, to_set: frozenset[str] | None = None) -> None:
    """Change roles in one transaction, if the survey or ``to_set`` asks for it."""
    if step.part == "retired" and run.progress.starting:
        return  # one of them may be a session of a retired user that has yet to scan
    setting = run.found.to_set if to_set is None else to_set
    planned = _role_plan(run, run.progress.roles, setting).part(step.part)
    if not planned:
        return
    try:
        _converge(run, step, setting, planned)
    except ServerError as error:
        if step.part != "nologin" or error.sqlstate != LOCK_NOT_AVAILABLE or not run.request.end_connections:
            raise
        # An attacker who has the login can block this, for example by an uncommitted change of its password.
        with run.where.session() as session:
            _end(run, session, _open(run, session).connections)
        _converge(run, step, setting, planned)


def _converge(run: Run, step: ChangeRoles, setting: frozenset[str], planned: Sequence[Statement]) -> None:
    run.progress.roles = run.converge(
        f"{step.label}: {', '.join(map(quoted, step.roles))}",
        lambda session: inspect_roles(session, run.request),
        lambda roles: possible(_role_plan(run, roles, setting)).part(step.part),
        # Whether a password is stored is unknown.
        lambda roles: _role_plan(run, roles, frozenset()).part(step.part),
        settings=_logging_off(run) if any(statement.secret for statement in planned) else (),
    )


def _logging_off(run: Run) -> tuple[Setting, ...]:
    return statement_logging_off(is_superuser=run.found.server.facts.admin.is_superuser)


# Sessions.


@dataclass(frozen=True)
class _Open:
    """The sessions of some users, and how many processes are starting whose user is not known yet."""

    connections: tuple[Connection, ...]
    starting: int


def end_sessions(run: Run, step: EndSessions) -> None:
    """Return when no session of some users is open, twice, a second apart.

    Users that retire are not waited for: the next run revokes their membership, and this one says so. Raises Failure if
    users that are to be dropped still have sessions at the end of the time.
    """
    users = step.users
    if not any(name in run.progress.roles for name in users):
        return
    waits = run.request.is_absent or run.request.end_connections
    limit = SECONDS_FOR_SESSIONS_TO_END if run.request.end_connections else float(run.request.wait_seconds)
    with run.where.session() as session:
        open_ones = _awaited(run, session, limit if waits else 0.0)
        if open_ones.starting and not open_ones.connections:
            open_ones = _awaited(run, session, SECONDS_FOR_SESSIONS_TO_START)
    if (open_ones.connections or open_ones.starting) and run.request.is_absent:
        raise Failure([still_open(open_ones.connections, open_ones.starting, limit)])
    run.progress.connections, run.progress.starting = open_ones.connections, open_ones.starting
    notes = (still_connected(open_ones.connections, name) for name in users)
    run.progress.notes += [note for note in notes if note]
    if open_ones.starting and not run.progress.notes:
        run.progress.notes.append(still_starting(open_ones.starting))


def _awaited(run: Run, session: Session, seconds: float) -> _Open:
    """Return what is still open after some seconds; nothing is open only if a second look finds nothing either."""
    deadline = time.monotonic() + seconds
    told: set[int] = set()
    while True:
        found = _open(run, session)
        if not (found.connections or found.starting):
            time.sleep(CONFIRMATION_SECONDS)
            found = _open(run, session)
            if not (found.connections or found.starting):
                return found
        if run.request.end_connections:
            _end(run, session, [each for each in found.connections if each.process not in told])
            told.update(each.process for each in found.connections)
        if time.monotonic() >= deadline:
            return found
        time.sleep(PAUSE_SECONDS)


def _open(run: Run, session: Session) -> _Open:
    return read(session, lambda again: _Open(inspect_connections(again, run.request), inspect_starting(again)))


def _end(run: Run, session: Session, connections: Sequence[Connection]) -> None:
    statements = [end_session(each.process) for each in connections]
    if statements:
        session.begin("READ ONLY")
        session.run([render(statement) for statement in statements])
        session.commit()
        run.progress.keep("sessions of the users ended", statements)


# Passwords.


def check_successor(run: Run, _step: CheckSuccessor) -> None:
    """Raise Failure unless the first user can log in and sees everything that the retiring users see."""
    first = run.request.users[0]
    known = _probe(run, first)
    if known.state == "wrong":
        message = f"The user {quoted(first.name)} cannot log in, so no user is retired. {known.reason}"
        raise Failure([Problem(message, by_hand("Repair the login first."), object=first.name)])
    facts = replace(run.found.server.facts, roles=run.progress.roles)
    missing = lost_by_retirement(run.where, facts, run.request, run.found.roles)
    if missing:
        raise Failure(missing)


def settle_passwords(run: Run, _step: SettlePasswords) -> None:
    """Prove what could not be proven before the users were changed, and what this task has set."""
    settled = run.progress.passwords
    for user in run.request.users:
        known = settled.get(user.name)
        if known is None and user.name in run.progress.roles:
            settled[user.name] = Password("set", "The role was made by this task.")
        elif known is not None and known.state == "wrong":
            settled[user.name] = _proven_after_setting(run, user)
        elif known is not None and known.state == "blocked":
            settled[user.name] = _settled(run, user)


def _settled(run: Run, user: User) -> Password:
    known = _probe(run, user)
    if known.state != "wrong":
        return known
    change_roles(run, ChangeRoles("users", "the users", run.request.user_names), frozenset([user.name]))
    return _proven_after_setting(run, user)


def _proven_after_setting(run: Run, user: User) -> Password:
    known = _probe(run, user)
    if known.state == "wrong":
        message = f"The password of user {quoted(user.name)} was set, but is still refused. {known.reason}"
        advice = (
            "Look into the server's log, and into pg_hba.conf for a method that asks elsewhere (ldap, pam, radius)."
        )
        raise Failure([Problem(message, by_hand(advice), object=user.name)])
    return Password("set", known.reason)


def _probe(run: Run, user: User) -> Password:
    facts = run.progress.roles.get(user.name)
    against = why_refused(facts) if facts is not None else ""
    if against:
        return Password("unproven", f"A login as the user could prove nothing: {against}.")
    names = run.found.database_names
    database = names[0] if names else run.where.database
    return probe_password(run.where, user, database, uses_tls=run.found.server.uses_tls)
