# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent over a connection, and when it is sent again over a new one."""

from __future__ import annotations

import socket
import threading
from typing import Any
from unittest.mock import Mock

import psycopg2
import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres import driver
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import (
    Connection,
    Result,
    connect,
    interrupt_connections,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Timeouts
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.messages import CUT_SHORT, Messages
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server_error import ServerError

ONE = Result(("a",), [(1,)])


def connection(*answers: Any, **properties: Any) -> Mock:
    """Return a connection that gives one of these answers to each message, in order."""
    as_ever = {
        "server_version": 170000,
        "exchanges_bytes": False,
        "is_interrupted": False,
        "encodings": ("UTF8", "UTF8"),
    }
    properties = {**as_ever, **properties}
    return Mock(spec=Connection, execute=Mock(side_effect=answers), **properties)


def test_statements_travel_together() -> None:
    wire = connection(ONE)
    messages = Messages(wire, timeouts=Timeouts(1, 3, 5))
    assert messages.send(["BEGIN", "SELECT 1"], is_beginning=True) == ONE
    (sent, seconds) = wire.execute.call_args.args
    assert (sent, messages.round_trips, messages.statement_ms) == ("BEGIN;\nSELECT 1", 1, 3005)
    assert seconds > 3.005  # the server times out first and reports why


@pytest.mark.parametrize("code", sorted(CUT_SHORT))
@pytest.mark.parametrize("is_beginning", [True, False], ids=["it begins a transaction", "a transaction has begun"])
def test_what_others_cut_short_is_sent_again_where_nothing_is_lost(code: str, is_beginning: bool) -> None:
    again = connection(ONE)
    reconnect = Mock(return_value=again)
    messages = Messages(connection(ServerError(code, "cut")), reconnect=reconnect)
    if is_beginning:
        assert messages.send(["BEGIN"], is_beginning=True) == ONE
        assert "statement_timeout=0" in reconnect.call_args.kwargs["options"]
        assert messages.cut_short_by == code
    else:
        with pytest.raises(ServerError):
            messages.send(["SELECT 1"], is_beginning=False)
        assert not reconnect.called
        assert messages.cut_short_by is None


def test_it_is_sent_again_once() -> None:
    cut = ServerError("57014", "cut")
    messages = Messages(connection(cut), reconnect=Mock(return_value=connection(cut)))
    with pytest.raises(ServerError):
        messages.send(["BEGIN"], is_beginning=True)
    assert messages.round_trips == 2


def test_an_error_names_the_database() -> None:
    messages = Messages(connection(ServerError("42501", "no")), database="warehouse")
    with pytest.raises(ServerError, match='The answer of database "warehouse" was an error: no'):
        messages.send(["SELECT 1"], is_beginning=False)


def test_what_cannot_be_made_anew_stays_closed() -> None:
    wire = connection()
    with pytest.raises(ServerError, match="the connection is closed"):
        Messages(wire).reopen()
    wire.close.assert_called_once_with()


@pytest.mark.parametrize(("encoding", "expected"), [("SQL_ASCII", True), ("UTF8", False)])
def test_bytes_are_exchanged_where_the_server_knows_no_encoding(encoding: str, expected: bool) -> None:
    wire = connection(encodings=("UTF8", encoding))
    Messages(wire).accept_any_bytes()
    assert wire.exchange_bytes.called is expected


def test_a_new_connection_exchanges_bytes_as_the_one_before() -> None:
    again = connection()
    Messages(connection(exchanges_bytes=True), reconnect=Mock(return_value=again)).reopen()
    assert again.exchange_bytes.called


class Canceled(psycopg2.Error):
    """The error that psycopg2 raises for a canceled statement; psycopg2 takes the SQLSTATE from the server."""

    pgcode = "57014"


class Raw:
    """A stand-in for psycopg2's connection; its statement is canceled when its socket is shut down."""

    closed = 0
    pgconn_ptr = None
    server_version = 170000

    def __init__(self) -> None:
        self.own_end, self.other_end = socket.socketpair()
        self.fileno = self.own_end.fileno
        self.has_begun = threading.Event()
        self.cursor = lambda: self

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass

    def execute(self, _text: str) -> None:
        self.has_begun.set()
        self.other_end.recv(1)
        raise Canceled("canceled")

    def close(self) -> None:
        self.own_end.close()
        self.other_end.close()


def test_what_was_interrupted_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    raw, reconnect, ends = Raw(), Mock(return_value=connection(ONE)), Mock()

    def send() -> None:
        with pytest.raises(ServerError):
            messages.send(["BEGIN"], is_beginning=True)
        ends()

    monkeypatch.setattr(psycopg2, "connect", lambda **_parameters: raw)
    monkeypatch.setattr(driver, "_OPEN", {})
    messages = Messages(connect({}, 10.0), reconnect=reconnect)
    sender = threading.Thread(target=send)
    sender.start()
    assert raw.has_begun.wait(10)
    interrupt_connections()
    sender.join(10)
    messages.connection.close()
    assert (ends.called, reconnect.called) == (True, False)
