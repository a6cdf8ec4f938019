# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session sends: statements with quoted names, and the statements that are sent together with a query."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement, simple
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import Result
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Timeouts
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server_error import (
    OutcomeUnknown,
    ServerError,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session, render
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.settings import (
    END_WHEN_CLIENT_IS_GONE,
    Setting,
)
from psycopg2 import sql

from tests.support.values.names import HOSTILE, PASSWORD


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        pytest.param(Statement("COMMIT"), sql.Composed([sql.SQL("COMMIT")]), id="no name"),
        pytest.param(
            simple("DROP ROLE {}", HOSTILE),
            sql.Composed([sql.SQL("DROP ROLE "), sql.Identifier(HOSTILE)]),
            id="hostile",
        ),
        pytest.param(
            Statement("ALTER ROLE {} PASSWORD {}", (("{}",),), Secret(PASSWORD)),
            sql.Composed(
                [sql.SQL("ALTER ROLE "), sql.Identifier("{}"), sql.SQL(" PASSWORD "), sql.Literal(PASSWORD)],
            ),
            id="the secret is a literal",
        ),
        pytest.param(
            Statement("TABLE {}", ((HOSTILE, "a.b"),)),
            sql.Composed([sql.SQL("TABLE "), sql.Identifier(HOSTILE, "a.b")]),
            id="qualified",
        ),
    ],
)
def test_statement_for_the_server(statement: Statement, expected: sql.Composed) -> None:
    assert render(statement) == expected


class Connection:
    """A connection that records each message, and answers it with the next of its errors, if any is left."""

    def __init__(self, version: int = 170000, *errors: ServerError | None) -> None:
        self.server_version = version
        self.errors = list(errors)
        self.sent: list[str] = []
        self.is_lost = False
        self.is_in_transaction = False
        self.exchanges_bytes = False
        self.is_interrupted = False

    def exchange_bytes(self, _timeout_seconds: float) -> None:
        self.exchanges_bytes = True

    def text(self, query: Any, _parameters: Any = None) -> str:
        return query if isinstance(query, str) else "".join(map(part, getattr(query, "seq", [query])))

    def execute(self, text: str, _timeout_seconds: float) -> Result:
        self.sent.append(text)
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            self.is_lost = error.is_connection_lost
            raise error
        self.is_in_transaction = text not in ("COMMIT", "ROLLBACK")
        return Result(("a",), [(1,)])

    def close(self) -> None:
        self.is_lost = True


def part(composable: Any) -> str:
    """Return a part of a query without asking a server how it quotes."""
    if isinstance(composable, sql.Identifier):
        return ".".join(composable.strings)
    return str(composable.wrapped if isinstance(composable, sql.Literal) else composable.string)


def a_session(connection: Any, **properties: Any) -> Session:
    return Session(connection, database="warehouse", timeouts=Timeouts(10, 300, 5000), **properties)


LIMITS = [
    "SET LOCAL statement_timeout = 305000",
    "SET LOCAL lock_timeout = 5000",
    "SET LOCAL idle_in_transaction_session_timeout = 60000",
]
PATH = "SET LOCAL search_path = pg_catalog"
JIT = "SET LOCAL jit = off"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param(
            90624,
            [LIMITS[0], "SAVEPOINT metamapper", "RELEASE SAVEPOINT metamapper", *LIMITS[1:], PATH],
            id="one limit for a message",
        ),
        pytest.param(130000, [*LIMITS, PATH, JIT], id="13"),
        pytest.param(140000, [*LIMITS, END_WHEN_CLIENT_IS_GONE, PATH, JIT], id="a look at the client"),
        pytest.param(
            170000,
            ["SET LOCAL transaction_timeout = 0", *LIMITS, END_WHEN_CLIENT_IS_GONE, PATH, JIT],
            id="a limit for transactions",
        ),
    ],
)
def test_what_every_transaction_begins_with(version: int, expected: list[str]) -> None:
    connection = Connection(version)
    session = a_session(connection)
    session.begin("READ ONLY")
    session.rows("SELECT 1")
    assert connection.sent[0].replace("; ", ";\n").split(";\n") == ["BEGIN READ ONLY", *expected, "SELECT 1"]


def test_what_a_transaction_keeps_of_the_login() -> None:
    connection = Connection(130000)
    session = a_session(connection)
    session.begin("READ ONLY", is_own_path=True, keeps_jit=True)
    session.rows("SELECT 1")
    assert connection.sent[0].split(";\n") == ["BEGIN READ ONLY", *LIMITS, "SELECT 1"]


def after_reading() -> tuple[Connection, Session]:
    """Return a connection on which a session has just read something."""
    connection = Connection()
    session = a_session(connection)
    session.begin("READ ONLY")
    session.rows("SELECT 1")
    session.end_read()
    connection.sent.clear()
    return connection, session


def test_a_transaction_that_only_read_ends_with_the_next_message() -> None:
    connection, session = after_reading()
    session.begin("READ WRITE")
    session.rows("SELECT 2")
    session.run(["SELECT 3"])
    assert [message.split(";\n")[0] for message in connection.sent] == ["COMMIT", "SELECT 3"]
    assert "COMMIT;\nBEGIN READ WRITE;\n" in connection.sent[0]


def test_a_transaction_that_only_read_may_end_with_the_session() -> None:
    connection, session = after_reading()
    with session:
        pass
    assert connection.sent == []


def test_what_is_set_around_transactions_is_set_after_one_that_only_read() -> None:
    connection, session = after_reading()
    with session.holding([Setting("rate", "0")]):
        pass
    assert connection.sent == ["COMMIT;\nSET rate = 0", "RESET rate"]


def test_what_only_read_can_be_rolled_back() -> None:
    connection, session = after_reading()
    session.rollback()
    session.run(["SELECT 3"])
    assert connection.sent == ["ROLLBACK", "SELECT 3"]


def test_where_no_transaction_is_open_nothing_is_rolled_back() -> None:
    connection = Connection()
    session = a_session(connection)
    session.begin("READ ONLY")
    session.rollback()
    assert connection.sent == []


def test_a_wait_for_a_lock_is_added_to_the_time_of_a_statement() -> None:
    connection = Connection()
    session = a_session(connection)
    session.begin("READ WRITE", lock_timeout_ms=60000)
    session.rows("SELECT 1")
    assert "statement_timeout = 360000;\nSET LOCAL lock_timeout = 60000" in connection.sent[0]


def test_no_wait_for_a_lock_is_one_millisecond() -> None:
    connection = Connection()
    session = a_session(connection)
    session.begin("READ WRITE", lock_timeout_ms=0)
    session.rows("SELECT 1")
    assert "lock_timeout = 1;" in connection.sent[0]


def test_a_setting_that_the_server_does_not_know_is_left_out() -> None:
    connection = Connection(110000)
    session = a_session(connection)
    session.begin("READ WRITE", Setting("old", "1"), Setting("new", "1", since=120000))
    session.rows("SELECT 1")
    assert ("old = 1" in connection.sent[0], "new = 1" in connection.sent[0]) == (True, False)


def test_a_setting_around_transactions_is_taken_back() -> None:
    connection = Connection()
    session = a_session(connection)
    with session.holding([Setting("rate", "0")]):
        session.rows("SELECT 1")
    assert connection.sent == ["SET rate = 0", "SELECT 1", "RESET rate"]


CUT = [
    pytest.param(ServerError("57014", "statement timeout"), id="statement_timeout"),
    pytest.param(ServerError("25P04", "transaction timeout", is_connection_lost=True), id="transaction_timeout"),
    pytest.param(ServerError("57P05", "idle", is_connection_lost=True), id="idle_session_timeout"),
    pytest.param(ServerError("", "closed the connection", is_connection_lost=True), id="without a word"),
]


@pytest.mark.parametrize("error", CUT)
def test_a_transaction_that_others_end_at_once_is_begun_again_without_their_limits(error: ServerError) -> None:
    again = Connection()
    options: list[str] = []

    def reconnect(**more: str) -> Any:
        options.append(more["options"])
        return again

    session = a_session(Connection(170000, error), reconnect=reconnect)
    session.begin("READ ONLY")
    assert session.rows("SELECT 1") == [(1,)]
    assert options == ["-c statement_timeout=0 -c idle_session_timeout=0 -c transaction_timeout=0"]
    assert again.sent[0].startswith("BEGIN READ ONLY")


@pytest.mark.parametrize("error", CUT)
def test_what_others_cut_short_between_transactions_is_sent_again(error: ServerError) -> None:
    again = Connection()
    session = a_session(Connection(170000, error), reconnect=lambda **_more: again)
    with session.holding([Setting("rate", "0")]):
        assert again.sent == ["SET rate = 0"]


def test_a_connection_that_is_made_again_exchanges_bytes_as_before() -> None:
    again: Any = Connection()
    session = a_session(Connection(170000, ServerError("57014", "no")), reconnect=lambda **_more: again)
    session.exchange_bytes()
    session.begin("READ ONLY")
    session.rows("SELECT 1")
    assert again.exchanges_bytes


def test_a_login_s_own_path_can_be_asked_for() -> None:
    connection = Connection()
    session = a_session(connection)
    session.begin("READ ONLY", is_own_path=True)
    session.rows("SELECT 1")
    assert "search_path" not in connection.sent[0]


@pytest.mark.parametrize("error", CUT)
def test_a_transaction_that_has_begun_is_not_begun_again(error: ServerError) -> None:
    session = a_session(Connection(170000, None, error), reconnect=lambda **_more: Connection())
    session.begin("READ ONLY")
    session.rows("SELECT 1")
    with pytest.raises(ServerError):
        session.rows("SELECT 2")


@pytest.mark.parametrize(
    "error",
    [
        ServerError("42501", "no"),
        ServerError("57P01", "shutdown", is_connection_lost=True),
        ServerError("", "no answer", is_connection_lost=True, is_timeout=True),
    ],
    ids=["refused", "shut down", "silent"],
)
def test_any_other_end_is_an_error(error: ServerError) -> None:
    session = a_session(Connection(170000, error), reconnect=lambda **_more: Connection())
    session.begin("READ ONLY")
    with pytest.raises(ServerError) as caught:
        session.rows("SELECT 1")
    assert [problem.database for problem in caught.value.problems] == ["warehouse"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        pytest.param(ServerError("", "gone", is_connection_lost=True), OutcomeUnknown, id="lost"),
        pytest.param(ServerError("", "no", is_connection_lost=True, is_timeout=True), OutcomeUnknown, id="silent"),
        pytest.param(ServerError("57P01", "bye", is_connection_lost=True), OutcomeUnknown, id="shut down"),
        pytest.param(ServerError("40001", "clash"), ServerError, id="refused: it is rolled back"),
    ],
)
def test_a_commit_without_an_answer(error: ServerError, kind: type[ServerError]) -> None:
    session = a_session(Connection(170000, error))
    with pytest.raises(ServerError) as caught:
        session.commit()
    assert isinstance(caught.value, OutcomeUnknown) is (kind is OutcomeUnknown)
