# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What is said of a transaction that failed. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Sequence

from .._core.problem import Problem
from .._core.remedy import Remedies, by_hand, variable
from .._core.sql_statement import Statement, quoted
from .lock_holders import LockHolder, ended, ends, named
from .server_error import LOCK_NOT_AVAILABLE, RETRYABLE_SQLSTATES, ServerError

ATTEMPTS = 8  # after which a clash is a failure
SHORTENED_CHARACTERS = 300
NOT_A_CLASH = (
    "It is there, and yet the server has said so again after each new look: something on the server carries the "
    "statement elsewhere. With Citus, roles reach the workers only from a database that has the extension: set "
    "metamapper_login_db (option login_db) to such a database. The server's log has more."
)
ADVICE_ON_REFUSAL = (
    "The server does not accept this password, or not as a verifier; clear text is never sent instead. With "
    "rds.restrict_password_commands the administrator must be a member of rds_password; with credcheck, set "
    "credcheck.encrypted_password_allowed = on; passwordcheck refuses a password that is the user's name. Or set the "
    "password by hand, the way the server asks for: the next run finds it to be right."
)


def transaction_problem(database: str, error: ServerError, tried: str, statement: Statement | None = None) -> Problem:
    """Return what was tried and refused, with the statement where one is known; a long one is cut in the message."""
    text = str(statement) if statement else ""
    shown = text if len(text) <= SHORTENED_CHARACTERS else text[:SHORTENED_CHARACTERS] + " …"
    what = f" with: {shown};" if shown else "."
    code = error.sqlstate
    message = f"{tried} database {quoted(database)}: {error.text} (SQLSTATE {code or 'none'}){what}"
    is_password = statement is not None and bool(statement.secret) and code not in RETRYABLE_SQLSTATES
    remedies = by_hand(ADVICE_ON_REFUSAL) if is_password else _remedies(code)
    return Problem(message, remedies, code, database=database, statement=text)


def _remedies(code: str) -> Remedies:
    if code == LOCK_NOT_AVAILABLE:
        more = "to more milliseconds, or run again when the session that holds the lock has finished"
        return (variable("wait for a lock", "metamapper_lock_timeout_ms", note=more),)
    if code in RETRYABLE_SQLSTATES:
        changed = f"Other sessions changed the same objects in each of {ATTEMPTS} attempts."
        return by_hand(f"{changed} Run again when they are done.")
    return by_hand("Nothing of this transaction was kept.")


def another_run(database: str, error: ServerError, wait_seconds: int, holders: Sequence[LockHolder]) -> Problem:
    """Return that another run of this task was waited for in vain, and who that is."""
    message = (
        f"Waited {wait_seconds} seconds for the advisory lock of this task in database {quoted(database)}, "
        f"which is held by {named(holders)}."
    )
    more = "to more seconds, or run again when that session has finished, if it is another run of this task"
    remedies = (variable("wait for another run", "metamapper_wait_seconds", note=more), *ended(holders))
    return Problem(message, remedies, error.sqlstate, database=database, statement=" ".join(ends(holders)))


def held_by(problem: Problem, holders: Sequence[LockHolder]) -> Problem:
    """Return the problem of a lock that was waited for in vain with who may hold it."""
    if not holders:
        return problem
    message = f"{problem.message} The lock may be held by {named(holders)}."
    return replace(problem, message=message, remedies=(*problem.remedies, *ended(holders)))
