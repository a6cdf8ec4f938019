# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The error for everything that a server or libpq returns instead of a result."""

from __future__ import annotations

from .._core.problem import Failure, Problem

# Classes of errors without an answer: lost connection, no resources, wrong state, operator intervention, system.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
NO_ANSWER = ("08", "53", "55", "57", "58")

# What another session's GRANT or DDL between our look and our write leads to; a second look is the cure.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
RETRYABLE_SQLSTATES = frozenset(
    {
        "XX000",  # tuple concurrently updated or deleted, cache lookup failed
        "23505",  # the same role, membership or default privilege was made first
        "40001",  # serialization failure
        "40P01",  # deadlock
        "42P01",  # a relation is gone
        "3F000",  # a schema is gone
        "42704",  # a role is gone
        "55P03",  # lock_timeout
    }
)
LOCK_NOT_AVAILABLE = "55P03"


class ServerError(Failure):
    """What the server or libpq returned instead of a result.

    ``sqlstate`` is the server's five characters, empty if it does not come from the server. ``text`` is what was said,
    in one line and without a full stop: the sentence around it has its own. ``is_timeout`` tells that our wait timed
    out. It is a Failure with one problem, so that a module reports it even if no caller adds an explanation.
    """

    def __init__(
        self,
        sqlstate: str,
        text: str,
        *,
        problem: Problem | None = None,
        is_connection_lost: bool = False,
        is_timeout: bool = False,
    ) -> None:
        message = f"The answer of the server was an error: {text} (SQLSTATE {sqlstate or 'none'})."
        super().__init__([problem or Problem(message, sqlstate=sqlstate)])
        self.sqlstate = sqlstate
        self.text = text
        self.is_connection_lost = is_connection_lost
        self.is_timeout = is_timeout

    @property
    def is_unreachable(self) -> bool:
        """Whether there was no answer: no login, lost connection, time limit, lock of another session.

        Anything else is an answer: the statement was refused.
        """
        return self.is_connection_lost or not self.sqlstate or self.sqlstate[:2] in NO_ANSWER

    def explained_by(self, problem: Problem) -> ServerError:
        """Return the same error with the caller's explanation."""
        return type(self)(
            self.sqlstate,
            self.text,
            problem=problem,
            is_connection_lost=self.is_connection_lost,
            is_timeout=self.is_timeout,
        )


class OutcomeUnknown(ServerError):
    """COMMIT was sent and not answered: all of the transaction took effect, or none. Only an inspection can tell."""


def one_line(text: str) -> str:
    """Return a text in one line and without a full stop."""
    return " ".join(line.strip() for line in text.strip().splitlines()).rstrip(".")


def said_by(error: BaseException, message: bytes = b"") -> str:
    """Return the message of the server or libpq: the error's own text, or else ``message``.

    Until a login is complete, a server uses the language and encoding of its lc_messages, and psycopg2 decodes it as
    UTF-8. What is not UTF-8 is usually close to LATIN1.
    """
    if isinstance(error, UnicodeDecodeError):
        return one_line(bytes(error.object).decode("latin-1"))
    return one_line(str(error)) or one_line(message.decode("latin-1")) or type(error).__name__
