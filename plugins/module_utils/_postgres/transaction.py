# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""One transaction that writes: inspect again under a lock, write, verify, commit; retry after a conflict."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Callable, Generic, Mapping, Sequence, TypeVar

from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .._core.sql_statement import Statement
from .lock_holders import ADVISORY_LOCK_HOLDERS, TRANSACTIONS_THAT_WRITE, LockHolder
from .server_error import LOCK_NOT_AVAILABLE, RETRYABLE_SQLSTATES, OutcomeUnknown, ServerError
from .session import Session, render
from .settings import SAMPLED_AT_BEGIN, STATEMENT_LOGGING_OFF_FOR_SUPERUSERS, Setting
from .transaction_problems import ATTEMPTS, NOT_A_CLASH, another_run, held_by, transaction_problem

State = TypeVar("State")
Planned = TypeVar("Planned")

READ = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
WRITE = "ISOLATION LEVEL READ COMMITTED READ WRITE"

# Taken in every transaction that writes, and only there. Two runs on the same database would otherwise meet on the same
# catalog rows, and the second would fail with "tuple concurrently updated". The key is the text "metamapp".
# https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
ADVISORY_LOCK_KEY = int.from_bytes(b"metamapp", "big")
TAKE_ADVISORY_LOCK = f"SELECT pg_catalog.pg_advisory_xact_lock({ADVISORY_LOCK_KEY})"

LOCK_HALVES: Mapping[str, int] = MappingProxyType(
    {"high": ADVISORY_LOCK_KEY >> 32, "low": ADVISORY_LOCK_KEY & 0xFFFFFFFF}
)

# If a statement repeatedly does not find what was just inspected, with the same message, it is no conflict.
GONE_SQLSTATES = frozenset({"42P01", "3F000", "42704"})
SAME_ANSWERS = 3
FIRST_PAUSE_SECONDS = 0.05

# How long to reconnect to a server that has not answered COMMIT. A restarting server refuses at once; without a
# network, each attempt takes connect_timeout_seconds, so attempts are not counted.
REOPEN_SECONDS = 20.0


@dataclass(frozen=True)
class LockTimeouts:
    """How long to wait: for another run of this task, and for another session's lock."""

    wait_seconds: int
    lock_timeout_ms: int

    @property
    def for_other_runs_ms(self) -> int:
        """lock_timeout for the advisory lock."""
        return self.wait_seconds * 1000

    def for_locks(self) -> Setting:
        """Return lock_timeout for the writes."""
        return Setting("lock_timeout", str(self.lock_timeout_ms))


@dataclass(frozen=True)
class Work(Generic[State, Planned]):
    """What a transaction does.

    ``inspect`` reads the catalog, ``plan`` says what is to be changed, given what was read, ``statements`` with which
    statements, and ``missing`` what of the plan a second inspection does not show. ``settings`` apply to the whole
    transaction.
    """

    database: str
    inspect: Callable[[Session], State]
    plan: Callable[[State], Planned]
    statements: Callable[[Planned], Sequence[Statement]]
    missing: Callable[[Planned, State], Sequence[Problem]]
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True)
class Done(Generic[State, Planned]):
    """What a transaction found before and after, its plan and the statements it ran; none means nothing was written."""

    before: State
    after: State
    plan: Planned
    statements: tuple[Statement, ...]


def read(session: Session, look: Callable[[Session], State]) -> State:
    """Return what ``look`` reads, in one read-only transaction."""
    session.begin(READ)
    state = look(session)
    session.end_read()
    return state


def read_again(session: Session, look: Callable[[Session], State]) -> State:
    """Return what ``look`` reads; retry if another session drops roles or objects meanwhile.

    Functions that take a role's name look it up now, regardless of the snapshot.
    """
    for _attempt in range(ATTEMPTS - 1):
        try:
            return read(session, look)
        except ServerError as error:
            if error.sqlstate not in RETRYABLE_SQLSTATES:
                raise
            session.rollback()
    return read(session, look)


def write(session: Session, work: Work[State, Planned], timeouts: LockTimeouts) -> Done[State, Planned]:
    """Do the work in one transaction; restart it after a conflict.

    If COMMIT is not answered, an inspection over a new connection tells whether the work is done, and the rest is done
    then. Raises Failure with nothing written: ServerError if the server was the reason, OutcomeUnknown if the
    inspection fails too.
    """
    try:
        return _without_logging_secrets(session, work, timeouts)
    except _Unanswered as unanswered:
        _reopen(session, unanswered.error)
        return _settled(session, work, timeouts, unanswered)


class _Unanswered(Exception):
    """COMMIT was not answered; has what the transaction had done."""

    def __init__(self, error: OutcomeUnknown, done: Done[Any, Any]) -> None:
        super().__init__(str(error))
        self.error = error
        self.done = done


def _reopen(session: Session, error: OutcomeUnknown) -> None:
    """Reconnect, with pauses; raises ``error`` where that takes longer than REOPEN_SECONDS."""
    deadline = time.monotonic() + REOPEN_SECONDS
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            session.reopen()
            return
        except ServerError:
            if time.monotonic() + pause > deadline:
                raise error from None
            time.sleep(pause)
            pause *= 2


def _settled(
    session: Session, work: Work[State, Planned], timeouts: LockTimeouts, unanswered: _Unanswered
) -> Done[State, Planned]:
    """Inspect again under the lock, which a transaction that is still committing holds; do what is not done."""
    try:
        again = _without_logging_secrets(session, work, timeouts)
    except _Unanswered as another:
        raise another.error from another
    if again.statements:
        return again
    done: Done[State, Planned] = unanswered.done
    return Done(done.before, again.after, done.plan, done.statements)


def _without_logging_secrets(
    session: Session, work: Work[State, Planned], timeouts: LockTimeouts
) -> Done[State, Planned]:
    if set(STATEMENT_LOGGING_OFF_FOR_SUPERUSERS) <= set(work.settings):
        with session.holding(SAMPLED_AT_BEGIN):
            return _until_done(session, work, timeouts)
    return _until_done(session, work, timeouts)


def _until_done(session: Session, work: Work[State, Planned], timeouts: LockTimeouts) -> Done[State, Planned]:
    pause = FIRST_PAUSE_SECONDS
    one_by_one = False
    answers: list[str] = []
    for attempt in range(1, ATTEMPTS + 1):
        is_last = attempt == ATTEMPTS  # one by one, so that the failing statement is known
        try:
            return _transaction(session, work, timeouts, one_by_one=one_by_one or is_last)
        except _Refused as refused:
            session.rollback()
            answers.append(refused.error.text)
            if refused.error.sqlstate in GONE_SQLSTATES and answers[-SAME_ANSWERS:] == SAME_ANSWERS * answers[-1:]:
                raise refused.error.explained_by(replace(refused.problem, remedies=by_hand(NOT_A_CLASH))) from refused
            if is_last and refused.error.sqlstate == LOCK_NOT_AVAILABLE:
                parameters = {"waited_ms": timeouts.lock_timeout_ms}
                problem = held_by(refused.problem, _holders(session, TRANSACTIONS_THAT_WRITE, parameters))
                raise refused.error.explained_by(problem) from refused
            if is_last or not (refused.is_clash or (refused.is_worth_a_closer_look and not one_by_one)):
                raise refused.error.explained_by(refused.problem) from refused
            if refused.is_clash:
                time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
                pause *= 2
            one_by_one = not refused.is_clash
        except Failure:
            session.rollback()
            raise
    raise AssertionError("the last attempt returns or raises")


class _Refused(Exception):
    """What the server refused, and in which step; a clash is worth another attempt, if it was not waited for."""

    def __init__(
        self,
        error: ServerError,
        problem: Problem,
        *,
        was_waited_for: bool = False,
        is_worth_a_closer_look: bool = False,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.problem = problem
        self.is_clash = error.sqlstate in RETRYABLE_SQLSTATES and not was_waited_for
        self.is_worth_a_closer_look = is_worth_a_closer_look


def _transaction(
    session: Session, work: Work[State, Planned], timeouts: LockTimeouts, *, one_by_one: bool
) -> Done[State, Planned]:
    before = after = _locked_look(session, work, timeouts)
    plan = work.plan(before)
    statements = tuple(work.statements(plan))
    if statements:
        _run(session, work.database, statements, timeouts, one_by_one=one_by_one)
        after = _guarded_look(session, work)
        missing = work.missing(plan, after)
        if missing:
            raise Failure(missing)
    done = Done(before, after, plan, statements)
    try:
        _commit(session, work.database)
    except OutcomeUnknown as error:
        raise _Unanswered(error, done) from error
    return done


def _commit(session: Session, database: str) -> None:
    """Commit; raises OutcomeUnknown if there is no answer, and _Refused if the server has rolled back."""
    try:
        session.commit()
    except OutcomeUnknown:
        raise
    except ServerError as error:
        raise _Refused(error, transaction_problem(database, error, "Cannot commit in")) from error


def _locked_look(session: Session, work: Work[State, Planned], timeouts: LockTimeouts) -> State:
    # READ COMMITTED: what is read after the wait sees what the other run has committed.
    session.begin(WRITE, *work.settings, lock_timeout_ms=timeouts.for_other_runs_ms)
    session.add(TAKE_ADVISORY_LOCK)
    try:
        return work.inspect(session)
    except ServerError as error:
        if error.sqlstate != LOCK_NOT_AVAILABLE:
            raise _Refused(error, transaction_problem(work.database, error, "Cannot read the catalog of")) from error
        holders = _holders(session, ADVISORY_LOCK_HOLDERS, LOCK_HALVES)
        problem = another_run(work.database, error, timeouts.wait_seconds, holders)
        raise _Refused(error, problem, was_waited_for=True) from error


def _guarded_look(session: Session, work: Work[State, Planned]) -> State:
    try:
        return work.inspect(session)
    except ServerError as error:
        raise _Refused(error, transaction_problem(work.database, error, "Cannot read the catalog of")) from error


def _run(
    session: Session, database: str, statements: Sequence[Statement], timeouts: LockTimeouts, *, one_by_one: bool
) -> None:
    """Run the statements: together, in one round trip, or one by one to find out which one fails."""
    limit = timeouts.for_locks().statement()
    if statements[0].secret:
        session.run([limit])
    else:
        session.add(limit)
    for group in _messages(statements, one_by_one=one_by_one):
        try:
            session.run([render(statement) for statement in group])
        except ServerError as error:
            named = group[0] if len(group) == 1 else None
            problem = transaction_problem(database, error, "Cannot change", named)
            raise _Refused(error, problem, is_worth_a_closer_look=bool(error.sqlstate)) from error


def _messages(statements: Sequence[Statement], *, one_by_one: bool) -> list[list[Statement]]:
    """Return which statements are sent together; one with a secret is sent alone."""
    messages: list[list[Statement]] = []
    for statement in statements:
        if one_by_one or statement.secret or not messages or messages[-1][0].secret:
            messages.append([])
        messages[-1].append(statement)
    return messages


def _holders(session: Session, query: str, parameters: Mapping[str, int]) -> list[LockHolder]:
    """Return who holds a lock, after a lock timeout; empty if the server does not tell."""
    try:
        session.rollback()
        return read(session, lambda again: again.records(query, parameters, LockHolder))
    except ServerError:
        return []
