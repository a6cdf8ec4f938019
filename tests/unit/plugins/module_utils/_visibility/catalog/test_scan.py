# SPDX-License-Identifier: GPL-3.0-or-later
"""A login as Metamapper makes it, and which errors say nothing about Metamapper's scan."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import ServerError
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import TimeLimit
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.scan import (
    MetamapperLogin,
    is_no_answer,
    refused_for_encoding,
    time_limit,
)

from tests.support.values.names import HOSTILE


def test_metamapper_asks_for_no_encoding() -> None:
    login = Login(HOSTILE, host="db.example.org", port=6432)
    asked = {**login.parameters(HOSTILE), "client_encoding": "", "options": ""}  # and nothing from our environment
    assert MetamapperLogin.of(login).parameters(HOSTILE) == asked


@pytest.mark.parametrize(
    ("sqlstate", "is_lost", "expected"),
    [
        pytest.param("42501", False, False, id="permission denied"),
        pytest.param("XX000", False, False, id="an internal error"),
        pytest.param("42501", True, True, id="a connection lost"),
        pytest.param("", False, True, id="no SQLSTATE"),
        pytest.param("55P03", False, True, id="a lock"),
        pytest.param("57014", False, True, id="a time limit"),
        pytest.param("57P01", False, True, id="a shutdown"),
        pytest.param("53200", False, True, id="no memory"),
        pytest.param("58030", False, True, id="a disk"),
        pytest.param("08006", False, True, id="a connection"),
    ],
)
def test_which_errors_are_no_answer(sqlstate: str, is_lost: bool, expected: bool) -> None:
    assert is_no_answer(ServerError(sqlstate, "message", is_connection_lost=is_lost)) is expected


@pytest.mark.parametrize(("sqlstate", "told"), [("22023", "22023"), ("", "unknown")], ids=["SQLSTATE", "none"])
def test_a_login_refused_for_its_encoding(sqlstate: str, told: str) -> None:
    result = refused_for_encoding(sqlstate, "no such encoding.")
    assert result.seen is None
    assert result.definitions_failure is not None
    assert (result.definitions_failure.sqlstate, result.definitions_failure.message) == (told, "no such encoding")
    assert result.undecodable is not None
    assert result.undecodable.remedy_encoding == "UTF8"


AT_ONCE, SOON = TimeLimit("statement_timeout", 0), TimeLimit("transaction_timeout", 5)


@pytest.mark.parametrize(
    ("cut_short_by", "rows", "expected"),
    [
        pytest.param(None, [], None, id="none"),
        pytest.param(None, [SOON, TimeLimit("statement_timeout", 9)], SOON, id="the least"),
        pytest.param("57014", [], AT_ONCE, id="a statement was ended"),
        pytest.param("25P04", [], AT_ONCE, id="a transaction was ended"),
        pytest.param("57P05", [], None, id="an idle session was ended"),
        pytest.param("", [], None, id="the connection was lost"),
    ],
)
def test_the_time_limit_of_a_login(cut_short_by: str | None, rows: list[TimeLimit], expected: TimeLimit | None) -> None:
    session = Mock(cut_short_by=cut_short_by, records=Mock(return_value=rows))
    assert time_limit(session) == expected
