"""A server opens sessions on the database that is asked for."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.route import DIRECT
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres import server as _server
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login
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
