"""A server opens sessions on the database that is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.route import DIRECT
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres import server as _server
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login

from tests.support.values.names import HOSTILE

LOGIN = Login("admin")


@pytest.mark.parametrize(
    ("database", "expected"),
    [("", "postgres"), (HOSTILE, HOSTILE)],
    ids=["the first one", "another one"],
)
def test_which_database_a_session_is_on(database: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[Any, ...]] = []
    monkeypatch.setattr(_server, "open_session", lambda *arguments: opened.append(arguments))
    _server.Server(LOGIN, "postgres").session(database)
    assert opened == [(LOGIN, expected, DIRECT)]
