# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages about sessions that have not ended."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import Connection
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.sessions import still_open

from tests.support.values.names import HOSTILE

HOSTILES = Connection(HOSTILE, 1, True)


@pytest.mark.parametrize(
    ("connections", "starting", "expected"),
    [
        pytest.param([], 2, "0 sessions of nobody known yet are open and 2 more are starting", id="starting only"),
        pytest.param([HOSTILES], 0, '1 sessions of "we""ird.näme\'; --" are open and 0 more', id="one"),
        pytest.param(
            [HOSTILES, Connection("a", 2, False), HOSTILES],
            0,
            '3 sessions of "a", "we""ird.näme\'; --"',
            id="each user once",
        ),
    ],
)
def test_open_sessions_are_counted_and_their_users_named(
    connections: list[Connection], starting: int, expected: str
) -> None:
    problem = still_open(connections, starting, 10.0)
    assert problem.message.startswith(expected)
    assert "after a wait of 10 seconds" in problem.message
    assert "metamapper_end_connections: true" in problem.remedy
