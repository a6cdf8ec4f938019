# SPDX-License-Identifier: GPL-3.0-or-later
"""The message of an error in any language, and whether the error is an answer of the server."""

from __future__ import annotations

import psycopg2
import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server_error import (
    OutcomeUnknown,
    ServerError,
    one_line,
    said_by,
)

GERMAN = "FATAL: Passwort-Authentifizierung für Benutzer »x« fehlgeschlagen"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("refused", "refused"),
        ("refused\n\tIs the server running?\n", "refused Is the server running?"),
        ("closed\n\tThis probably means the worst.\n", "closed This probably means the worst"),
    ],
    ids=["nothing said", "a line", "two lines", "a sentence"],
)
def test_in_one_line(text: str, expected: str) -> None:
    assert one_line(text) == expected


def undecodable(text: str) -> UnicodeDecodeError:
    """Return what psycopg2 raises for a message in LATIN1."""
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError as error:
        return error
    raise AssertionError("it can be decoded")


@pytest.mark.parametrize(
    ("error", "message", "expected"),
    [
        pytest.param(psycopg2.OperationalError("no\n"), b"", "no", id="psycopg2's"),
        pytest.param(psycopg2.OperationalError(), b"", "OperationalError", id="nothing said"),
        pytest.param(undecodable(GERMAN), b"", GERMAN, id="LATIN1"),
        pytest.param(psycopg2.OperationalError(), GERMAN.encode("latin-1"), GERMAN, id="LATIN1, lost by Python"),
    ],
)
def test_what_was_said(error: Exception, message: bytes, expected: str) -> None:
    assert said_by(error, message) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(ServerError("42501", "no"), False, id="refused"),
        pytest.param(ServerError("42P01", "no such relation"), False, id="an error in a query"),
        pytest.param(ServerError("55P03", "lock timeout"), True, id="a lock of somebody else's"),
        pytest.param(ServerError("57014", "canceled"), True, id="a time limit"),
        pytest.param(ServerError("53300", "too many connections"), True, id="no resources"),
        pytest.param(ServerError("", "Connection refused"), True, id="the server did not speak"),
        pytest.param(ServerError("42501", "no CONNECT", is_connection_lost=True), True, id="no login"),
    ],
)
def test_whether_it_was_an_answer(error: ServerError, expected: bool) -> None:
    assert error.is_unreachable is expected


def test_an_error_that_is_explained_stays_what_it_is() -> None:
    error = OutcomeUnknown("", "gone", is_connection_lost=True, is_timeout=True)
    explained = error.explained_by(Problem("It broke."))
    assert isinstance(explained, OutcomeUnknown)
    assert (str(explained), explained.text, explained.is_connection_lost, explained.is_timeout) == (
        "It broke.",
        "gone",
        True,
        True,
    )
