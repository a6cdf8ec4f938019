# SPDX-License-Identifier: GPL-3.0-or-later
"""What a transaction like Metamapper's keeps of the login, and what is ours."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.settings import PINNED_SEARCH_PATH
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import SearchPath
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.metamapper_connection import (
    MetamapperConnection,
)

from tests.support.values.names import HOSTILE


def begun(path: str, *, is_own_path: bool, encoding: str = "UTF8") -> Mock:
    """Return a session after the begin of a transaction, with the login's search path."""
    session = Mock()
    session.connection.encodings = (encoding, "UTF8")
    MetamapperConnection(session, SearchPath(path), 5000, "x").begin(is_own_path=is_own_path)
    return session


def test_a_scan_is_compiled_as_the_login_has_it() -> None:
    expected = {"lock_timeout_ms": 5000, "is_own_path": False, "keeps_jit": True}
    assert begun("public", is_own_path=True).begin.call_args.kwargs == expected


@pytest.mark.parametrize(
    ("path", "is_own_path", "encoding", "is_pinned"),
    [
        pytest.param("public", True, "UTF8", False, id="its own"),
        pytest.param("public", False, "UTF8", True, id="one that others can create on"),
        pytest.param(HOSTILE, True, "UTF8", False, id="with other characters"),
        pytest.param(HOSTILE, True, "LATIN1", True, id="with characters that cannot be sent"),
    ],
)
def test_the_search_path(path: str, is_own_path: bool, encoding: str, is_pinned: bool) -> None:
    (sent,) = begun(path, is_own_path=is_own_path, encoding=encoding).add.call_args.args
    assert (sent == PINNED_SEARCH_PATH.statement()) is is_pinned
