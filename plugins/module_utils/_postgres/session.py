# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""A session on one database of a server."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence

from .._core.problem import Problem
from .._core.route import DIRECT, Route
from .._core.server_version import has_feature
from .._core.sql_statement import Statement, quoted
from . import driver
from .driver import Connection, Query, Result, Row, sql
from .login import DEFAULT_TIMEOUTS, GRACE_SECONDS, SILENCE_SECONDS, Login, Timeouts, connection_problem
from .record import Record, to_records
from .server_error import OutcomeUnknown, ServerError

# By settings of a database or a role, a statement, an idle session or a transaction may end before ours are set.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
CUT_SHORT = frozenset({"57014", "57P05", "25P04"})


def open_session(login: Login, database: str, route: Route = DIRECT) -> Session:
    """Return a session on a database; raises ServerError where there is no way in, and Failure from the route."""
    driver.require_psycopg2()

    def connect(**more: str) -> Connection:
        return _connected(login, database, route, more)

    return Session(
        connect(), database=database, session_role=login.session_role, timeouts=login.timeouts, reconnect=connect
    )


def _connected(login: Login, database: str, route: Route, more: Mapping[str, str]) -> Connection:
    while True:
        parameters = {**login.parameters(database), **route.parameters(), **more}
        started = time.monotonic()
        try:
            return driver.connect(parameters, login.timeout_seconds)
        except ServerError as error:
            # libpq counts whole seconds.
            is_timeout = error.is_timeout or time.monotonic() - started >= login.timeouts.connect_seconds - 1
            if not route.must_retry(error, is_timeout=is_timeout):
                raise error.explained_by(connection_problem(login, database, error)) from error


def render(statement: Statement) -> sql.Composed:
    """Return a statement with its names quoted, and the secret in clear: for the server only."""
    literals = [sql.Literal(statement.secret.reveal())] if statement.secret else []
    return sql.SQL(statement.template).format(*(sql.Identifier(*name) for name in statement.names), *literals)


@dataclass(frozen=True)
class Setting:
    """A run-time parameter for one transaction."""

    name: str
    value: str
    since: int = 0  # the server's version that knows it

    def statement(self) -> Query:
        """Return the SET LOCAL for it: a pooler in transaction mode forgets anything longer-lived."""
        return sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(self.name), sql.Literal(self.value))


# pg_catalog alone: a function or an operator that somebody put into another schema must not be found first.
PINNED_SEARCH_PATH = Setting("search_path", "pg_catalog")


# A session whose client is gone without a word gives its locks back.
# https://www.postgresql.org/docs/current/runtime-config-client.html
GIVE_UP_WHEN_ABANDONED = Setting("idle_in_transaction_session_timeout", str(SILENCE_SECONDS * 1000))
# Who is killed sends no cancel request: the server itself ends what it runs for a client that is gone. It refuses the
# setting on systems that cannot tell, such as Windows. Operators are looked for in a path that is not ours yet.
END_WHEN_CLIENT_IS_GONE = """\
SELECT pg_catalog.set_config('client_connection_check_interval', '500', true)
 WHERE pg_catalog.strpos(pg_catalog.version(), 'linux') OPERATOR(pg_catalog.>) 0"""
NO_TRANSACTION_TIMEOUT = Setting("transaction_timeout", "0")

# Before 13 the time limit of a message's first statement holds for the whole of it; a savepoint starts the clock anew.
RESTART_CLOCK = "SAVEPOINT metamapper; RELEASE SAVEPOINT metamapper"


def search_path_statement(search_path: str) -> Query:
    """Return what sets a search_path, written as PostgreSQL does, for the rest of a transaction."""
    return sql.SQL("SELECT pg_catalog.set_config('search_path', {}, true)").format(sql.Literal(search_path))


class Session:
    """One connection, on which transactions are opened by hand. What is sent raises ServerError.

    BEGIN and the settings of a transaction travel with its first query, so that they cost no round trip of their own.
    Every transaction has the same ones, whatever the database, the role or the administrator have set: names are looked
    for in pg_catalog alone, statements and locks are waited for as long as ``timeouts`` says.
    ``round_trips`` counts what was sent since login. ``reconnect`` makes the connection anew, with more parameters.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        database: str = "",
        session_role: str = "",
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        reconnect: Callable[..., Connection] | None = None,
    ) -> None:
        self.connection = connection
        self.database = database
        self.session_role = session_role
        self.round_trips = 0
        self._timeouts = timeouts
        self._lock_ms = timeouts.lock_ms
        self._reconnect = reconnect
        self._has_own_limits = False
        self._opening: list[Query] = []
        self._is_read = False

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.connection.close()

    def begin(
        self, mode: str, *settings: Setting, lock_timeout_ms: int | None = None, is_own_path: bool = False
    ) -> None:
        """Open a transaction with the next query; ``mode`` as in BEGIN, for example ``READ ONLY``.

        ``is_own_path`` leaves the search path of the login, for a query that asks for it.
        https://www.postgresql.org/docs/current/sql-begin.html
        """
        self._lock_ms = max(1, self._timeouts.lock_ms if lock_timeout_ms is None else lock_timeout_ms)
        role = [sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(self.session_role))] if self.session_role else []
        self._opening = [
            sql.SQL("BEGIN " + mode),
            *self._limits(),
            *role,
            *([] if is_own_path else [PINNED_SEARCH_PATH.statement()]),
            *(setting.statement() for setting in self._known(settings)),
        ]

    def _limits(self) -> Iterable[Query]:
        """Yield what lifts the time limits of others and sets our own: PostgreSQL reads 0 as no limit."""
        version = self.connection.server_version
        if has_feature(version, "transaction_timeout"):
            yield NO_TRANSACTION_TIMEOUT.statement()
        yield Setting("statement_timeout", str(self._statement_ms)).statement()
        if not has_feature(version, "timeout_for_each_statement"):
            yield RESTART_CLOCK
        yield Setting("lock_timeout", str(self._lock_ms)).statement()
        yield GIVE_UP_WHEN_ABANDONED.statement()
        if has_feature(version, "client_connection_check"):
            yield END_WHEN_CLIENT_IS_GONE

    @property
    def _statement_ms(self) -> int:
        """How long a statement may take on the server, the wait for a lock included."""
        return self._timeouts.statement_seconds * 1000 + self._lock_ms

    def _known(self, settings: Iterable[Setting]) -> Iterable[Setting]:
        """Return those of the settings that the server knows."""
        return (setting for setting in settings if setting.since <= self.connection.server_version)

    @contextmanager
    def holding(self, settings: Iterable[Setting]) -> Iterator[None]:
        """Set, around transactions, what is decided at BEGIN; a pooler in transaction mode may not keep it so long."""
        known = tuple(self._known(settings))
        self.run([sql.SQL("SET {} = {}").format(sql.Identifier(one.name), sql.Literal(one.value)) for one in known])
        try:
            yield
        finally:
            if not self.connection.is_lost:
                self.run([sql.SQL("RESET {}").format(sql.Identifier(one.name)) for one in known])

    def reopen(self, **more: str) -> None:
        """Connect anew, whatever became of the connection; raises ServerError, and then it stays closed."""
        self._opening = []
        self.connection.close()
        if self._reconnect is None:
            raise ServerError("", "the connection is closed", is_connection_lost=True)
        self.connection = self._reconnect(**more)

    def accept_any_bytes(self) -> None:
        """Let a server that does not know the encoding of its names (SQL_ASCII) tell and take them byte by byte."""
        if self.connection.encodings[1] == "SQL_ASCII":
            self.exchange_bytes()

    def exchange_bytes(self) -> None:
        """Let texts be any bytes, for a server that does not know their encoding; see ``_core.byte_text``."""
        self.connection.exchange_bytes(self._timeouts.statement_seconds + GRACE_SECONDS)

    def add(self, statement: Query) -> None:
        """Send a statement along with the next query, at no round trip of its own."""
        self._opening.append(statement)

    def rows(self, query: Query, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Return the rows of a query; one round trip."""
        return self._result(query, parameters).rows

    def records(self, query: Query, parameters: Mapping[str, Any] | None, record: type[Record]) -> list[Record]:
        """Return the rows of a query as dataclasses or NamedTuples, whose fields are the query's columns by name.

        Raises TypeError where the names differ.
        """
        result = self._result(query, parameters)
        return to_records(result.columns, result.rows, record)

    def run(self, statements: Sequence[Query]) -> None:
        """Execute statements that return nothing, together in one round trip."""
        if statements:
            self._send([self.connection.text(statement) for statement in statements])

    def commit(self) -> None:
        """End the transaction and keep what it did; raises OutcomeUnknown where there is no answer."""
        try:
            self.run(["COMMIT"])
        except ServerError as error:
            if not error.is_connection_lost:
                raise
            raise OutcomeUnknown(
                error.sqlstate,
                error.text,
                problem=_commit_problem(self.database, error),
                is_connection_lost=True,
                is_timeout=error.is_timeout,
            ) from error

    def end_read(self) -> None:
        """End a transaction that has only read: with the next message, or with the session, at no round trip."""
        self._is_read = True

    def rollback(self) -> None:
        """End the transaction and undo what it did; a lost connection has done so already."""
        self._opening = []
        self._is_read = False
        if not self.connection.is_lost:
            self.run(["ROLLBACK"])

    def _result(self, query: Query, parameters: Mapping[str, Any] | None) -> Result:
        return self._send([self.connection.text(query, parameters)])

    def _send(self, statements: Sequence[str]) -> Result:
        opening = [self.connection.text(statement) for statement in self._opening]
        ending = ["COMMIT"] if self._is_read else []
        self._opening, self._is_read = [], False
        message = ";\n".join((*ending, *opening, *statements))
        started = time.monotonic()
        try:
            return self._execute(message)
        except ServerError as error:
            is_ours = time.monotonic() - started >= self._statement_ms / 1000
            if is_ours or not opening or not self._may_reconnect(error):
                raise
        self._connect_without_limits()
        return self._execute(message)

    def _execute(self, message: str) -> Result:
        self.round_trips += 1
        timeout_seconds = self._statement_ms / 1000 + GRACE_SECONDS
        try:
            return self.connection.execute(message, timeout_seconds)
        except ServerError as error:
            raise error.explained_by(_statement_problem(self.database, error)) from error

    def _may_reconnect(self, error: ServerError) -> bool:
        """Tell whether a transaction was ended by somebody else's time limit before ours were set."""
        has_ended = error.is_connection_lost and not error.is_timeout and not error.sqlstate
        return self._reconnect is not None and not self._has_own_limits and (has_ended or error.sqlstate in CUT_SHORT)

    def _connect_without_limits(self) -> None:
        """Connect anew, once, with startup options: the only settings that hold before the first statement.

        A pooler in transaction mode refuses them; it is asked for them only where nothing else would do.
        """
        self._has_own_limits = True
        version, exchanges_bytes = self.connection.server_version, self.connection.exchanges_bytes
        limits = {
            "statement_timeout": True,
            "idle_session_timeout": has_feature(version, "idle_session_timeout"),
            "transaction_timeout": has_feature(version, "transaction_timeout"),
        }
        options = [os.environ.get("PGOPTIONS", ""), *(f"-c {name}=0" for name, exists in limits.items() if exists)]
        self.reopen(options=" ".join(options).strip())
        if exchanges_bytes:
            self.exchange_bytes()


def _statement_problem(database: str, error: ServerError) -> Problem:
    asked = f"database {quoted(database)}" if database else "the server"
    message = f"The answer of {asked} was an error: {error.text} (SQLSTATE {error.sqlstate or 'none'})."
    return Problem(message, sqlstate=error.sqlstate, database=database)


def _commit_problem(database: str, error: ServerError) -> Problem:
    message = f"The connection to database {quoted(database)} broke during COMMIT: {error.text}."
    remedy = "PostgreSQL has kept either all of the transaction or nothing of it. Run again: it finds out which."
    return Problem(message, remedy, error.sqlstate, database=database)
