# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Scans a database as Metamapper does: on a connection made as Metamapper makes it, with queries of its form."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Iterator, NamedTuple

from ..._core.metamapper_form import DEFAULT_CHARACTERS
from ..._core.unquoted_names import QualifiedName
from ..._postgres.driver import ServerError
from ..._postgres.login import Login
from ..._postgres.session import Session
from . import metamapper_queries as queries
from .encoding import undecodable_texts
from .facts import LongDefault, QueryFailure, ScanResult, TimeLimit, Undecodable
from .metamapper_connection import MetamapperConnection

FETCHED_AT_ONCE = 5000
# Errors of a login without a requested encoding, whose encoding the server does not convert to, or (no SQLSTATE) Python
# does not know; a login with UTF8 has just worked.
ENCODING_REFUSED = frozenset({"", "0A000", "22023"})

# By statement_timeout or transaction_timeout. An idle session or a lost connection says nothing about a scan.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
TIMED_OUT = frozenset({"57014", "25P04"})


class MetamapperLogin(Login):
    """A login as Metamapper makes it: without an encoding, so that the server, database or role decides."""

    def parameters(self, database: str, *, refuses_md5: bool = False) -> dict[str, Any]:
        """Return libpq's connection parameters; empty ones are not taken from our environment either."""
        parameters = super().parameters(database, refuses_md5=refuses_md5)
        return {**parameters, "client_encoding": "", "options": ""}

    @classmethod
    def of(cls, login: Login) -> MetamapperLogin:
        """Return the same login, as Metamapper makes it."""
        return cls(**vars(login))


class DefinitionRow(NamedTuple):
    """What a scan got of a relation."""

    schema: str
    relation: str
    columns: int
    properties: int
    has_no_comment: bool
    is_misread: bool
    oid: int | None


class IndexRow(NamedTuple):
    """What a scan got of the indexes of a schema."""

    schema: str
    is_misread: bool
    indexes: int


class DefaultRow(NamedTuple):
    """A default that may be too long."""

    schema: str
    relation: str
    column: str
    expression: str


@dataclass(frozen=True)
class Scanner:
    """A session like Metamapper's, and the search path for its queries."""

    connection: MetamapperConnection

    def scan(self) -> ScanResult:
        """Return what a scan gets; raises ServerError if the connection is lost or a lock times out."""
        undecodable = undecodable_texts(self.connection)
        failure = undecodable.failure if undecodable else None
        long_defaults, failure = self._long_defaults() if failure is None else ((), failure)
        self.connection.begin(is_own_path=self.connection.path.is_trusted)
        limit = time_limit(self.connection.session)
        started = time.monotonic()
        rows, definitions_failure = self._definitions()
        milliseconds = 1000 * (time.monotonic() - started)
        failure = definitions_failure or failure
        index_failure, misread_schemas = self._indexes()
        seen: dict[str, dict[str, int]] = {}
        oids: dict[str, dict[str, int | None]] = {}
        for row in rows:
            schema, relation = self.connection.own_names((row.schema, row.relation))
            seen.setdefault(schema, {})[relation] = row.columns
            oids.setdefault(schema, {})[relation] = row.oid
        return ScanResult(
            seen=None if failure else seen,
            oids={} if failure else oids,
            definitions_failure=failure,
            index_failure=index_failure,
            misread=tuple(self._own_name(row) for row in rows if row.is_misread),
            misread_schemas=misread_schemas,
            long_defaults=long_defaults,
            undecodable=undecodable,
            time_limit=limit,
            milliseconds=milliseconds,
        )

    def _own_name(self, row: DefinitionRow) -> QualifiedName:
        schema, relation = self.connection.own_names((row.schema, row.relation))
        return schema, relation

    def _definitions(self) -> tuple[list[DefinitionRow], QueryFailure | None]:
        try:
            return list(self._streamed(queries.DEFINITIONS)), None
        except ServerError as error:
            return [], self._query_failure(error)

    def _streamed(self, query: str) -> Iterator[DefinitionRow]:
        """Yield the rows of a query through a server-side cursor, so that they are sent in parts."""
        fetch = f"FETCH FORWARD {FETCHED_AT_ONCE} FROM metamapper_rows"
        rows = self.connection.session.records(
            f"DECLARE metamapper_rows NO SCROLL CURSOR FOR {query};\n{fetch}", None, DefinitionRow
        )
        while rows:
            yield from rows
            rows = self.connection.session.records(fetch, None, DefinitionRow) if len(rows) == FETCHED_AT_ONCE else []
        self.connection.session.run(["CLOSE metamapper_rows"])

    def _indexes(self) -> tuple[QueryFailure | None, tuple[str, ...]]:
        try:
            rows = self.connection.session.records(queries.INDEXES, None, IndexRow)
        except ServerError as error:
            return self._query_failure(error), ()
        return None, self.connection.own_names([row.schema for row in rows if row.is_misread])

    def _query_failure(self, error: ServerError) -> QueryFailure:
        """Return how a query failed, in a new transaction; raises the error if it says nothing about a scan."""
        if is_no_answer(error):
            raise error
        self.connection.begin(is_own_path=self.connection.path.is_trusted)
        return QueryFailure(error.sqlstate, error.text)

    def _long_defaults(self) -> tuple[tuple[LongDefault, ...], QueryFailure | None]:
        """Return the defaults that are too long, and why a scan that asks for the defaults fails."""
        self.connection.begin(is_own_path=True)
        try:
            rows = self.connection.session.records(
                queries.LONG_DEFAULTS, {"characters": DEFAULT_CHARACTERS}, DefaultRow
            )
        except ServerError as error:
            return (), self._query_failure(error)
        return tuple(self._long_default(row) for row in rows if len(row.expression) > DEFAULT_CHARACTERS), None

    def _long_default(self, row: DefaultRow) -> LongDefault:
        schema, relation, column = self.connection.own_names((row.schema, row.relation, row.column))
        return LongDefault(schema, relation, column, len(row.expression))


def time_limit(session: Session) -> TimeLimit | None:
    """Return the least time limit of the login, None for none; startup options have lifted one too short for us."""
    if session.cut_short_by in TIMED_OUT:
        return TimeLimit("statement_timeout", 0)
    limits = session.records(queries.TIME_LIMITS, None, TimeLimit)
    return limits[0] if limits else None


def is_no_answer(error: ServerError) -> bool:
    """Return whether a query was not answered at all: lost connection, lock, time limit, shutdown."""
    return error.is_connection_lost or not error.sqlstate or error.sqlstate[:2] in ("55", "57", "58", "53", "08")


def refused_for_encoding(sqlstate: str, message: str) -> ScanResult:
    """Return the result of a scan whose login fails because of its configured encoding."""
    failure = QueryFailure(sqlstate or "unknown", message.rstrip("."))
    return ScanResult(None, failure, undecodable=Undecodable((), "", "UTF8", failure))
