# SPDX-License-Identifier: GPL-3.0-or-later
"""A server opens sessions in the requested database."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.remedy import by_hand
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.route import DIRECT
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres import server as _server
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server_error import ServerError
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session

from tests.support.values.names import HOSTILE

LOGIN = Login("admin")


@pytest.mark.parametrize(
    ("database", "expected"),
    [("", "postgres"), (HOSTILE, HOSTILE)],
    ids=["the first one", "another one"],
)
def test_which_database_a_session_is_on(database: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[Any, ...]] = []
    session = Mock(spec=Session)

    def open_session(*arguments: Any) -> Session:
        opened.append(arguments)
        return session

    monkeypatch.setattr(_server, "open_session", open_session)
    assert _server.Server(LOGIN, "postgres").session(database) is session
    assert opened == [(LOGIN, expected, DIRECT)]
    session.accept_any_bytes.assert_called_once_with()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fe_sendauth: no password supplied", "Set metamapper_login_password"),
        ('FATAL: password authentication failed for user "admin"', "Correct metamapper_login_password"),
        ('FATAL: no pg_hba.conf entry for host "192.0.2.1"', "Add to pg_hba.conf, above other lines that match"),
        ('FATAL: role "admin" does not exist', "Correct metamapper_login_user"),
        (f'FATAL: database "{HOSTILE}" does not exist', "Correct metamapper_login_db"),
        ('could not translate host name "gone" to address', "Correct metamapper_login_host"),
        ("connection to server failed: Connection refused", "Correct metamapper_login_port"),
        ("SSL error: certificate verify failed", "Set metamapper_ca_cert"),
        ("FATAL: the database system is starting up", ""),
    ],
)
def test_what_lets_an_administrator_in(text: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = ServerError("", text, problem=Problem(f"Cannot connect: {text}."), is_connection_lost=True)
    monkeypatch.setattr(_server, "open_session", Mock(side_effect=refused))
    with pytest.raises(ServerError) as caught:
        _server.Server(Login("admin", host="db"), HOSTILE).session()
    (problem,) = caught.value.problems
    assert problem.remedy.startswith(expected)
    assert bool(problem.remedy) is bool(expected)


def test_a_remedy_that_is_known_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = ServerError(
        "", "no password supplied", problem=Problem("No.", by_hand("Do this.")), is_connection_lost=True
    )
    monkeypatch.setattr(_server, "open_session", Mock(side_effect=refused))
    with pytest.raises(ServerError, match="Do this"):
        _server.Server(LOGIN, "postgres").session()
