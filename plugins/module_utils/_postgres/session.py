# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""A session on one database of a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.route import DIRECT, Route
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres import driver
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import (
    Connection,
    Query,
    Result,
    Row,
    ServerError,
    sql,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import (
    SILENCE_SECONDS,
    Login,
    connection_problem,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.record import Record, to_records


def open_session(login: Login, database: str, route: Route = DIRECT) -> Session:
    """Return a session on a database; raises ServerError where there is no way in, and Failure from the route."""
    driver.require_psycopg2()
    while True:
        parameters = {**login.parameters(database), **route.parameters()}
        try:
            return Session(driver.connect(parameters), session_role=login.session_role)
        except ServerError as error:
            if not route.must_retry(error):
                problem = connection_problem(login, database, error)
                raise ServerError(error.sqlstate, error.text, problem=problem, is_connection_lost=True) from error


def render(statement: Statement) -> sql.Composed:
    """Return a statement with its names quoted, and the secret in clear: for the server only."""
    literals = [sql.Literal(statement.secret.reveal())] if statement.secret else []
    return sql.SQL(statement.template).format(*(sql.Identifier(*name) for name in statement.names), *literals)


@dataclass(frozen=True)
class Setting:
    """A run-time parameter for one transaction."""

    name: str
    value: str

    def statement(self) -> Query:
        """Return the SET LOCAL for it: a pooler in transaction mode forgets anything longer-lived."""
        return sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(self.name), sql.Literal(self.value))


# The server's side of the same: a session whose client is gone without a word gives its locks back.
# https://www.postgresql.org/docs/current/runtime-config-client.html
GIVE_UP_WHEN_ABANDONED = Setting("idle_in_transaction_session_timeout", str(SILENCE_SECONDS * 1000))


class Session:
    """One connection, on which transactions are opened by hand. What is sent raises ServerError.

    BEGIN and the settings of a transaction travel with its first query, so that they cost no round trip of their own.
    ``round_trips`` counts what was sent since login.
    """

    def __init__(self, connection: Connection, *, session_role: str = "") -> None:
        self.connection = connection
        self.session_role = session_role
        self.round_trips = 0
        self._opening: list[Query] = []

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.connection.close()

    def begin(self, mode: str, *settings: Setting) -> None:
        """Open a transaction with the next query; ``mode`` as in BEGIN, for example ``READ ONLY``.

        https://www.postgresql.org/docs/current/sql-begin.html
        """
        role = [sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(self.session_role))] if self.session_role else []
        always = (GIVE_UP_WHEN_ABANDONED, *settings)
        self._opening = [sql.SQL("BEGIN " + mode), *role, *(setting.statement() for setting in always)]

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
        """End the transaction and keep what it did."""
        self.run(["COMMIT"])

    def rollback(self) -> None:
        """End the transaction and undo what it did; a lost connection has done so already."""
        if not self.connection.is_lost:
            self.run(["ROLLBACK"])

    def _result(self, query: Query, parameters: Mapping[str, Any] | None) -> Result:
        return self._send([self.connection.text(query, parameters)])

    def _send(self, statements: Iterable[str]) -> Result:
        opening = [self.connection.text(statement) for statement in self._opening]
        self._opening = []
        self.round_trips += 1
        return self.connection.execute(";\n".join((*opening, *statements)))
