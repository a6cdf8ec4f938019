# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The sessions of users that are dropped or retired: while one is open, a scan may be running. Pure."""

from __future__ import annotations

from typing import Sequence

from ..._core.problem import Problem
from ..._core.remedy import alternatively, by_hand, variable
from ..._core.sql_statement import quoted
from ..catalog.facts import Connection

# Two checks without a session, this far apart: one that was starting at the first is seen at the second.
CONFIRMATION_SECONDS = 1.0
PAUSE_SECONDS = 0.1
SECONDS_FOR_SESSIONS_TO_END = 10.0
SECONDS_FOR_SESSIONS_TO_START = 5.0


def still_open(connections: Sequence[Connection], starting: int, seconds: float) -> Problem:
    """Return that sessions of users to be dropped have not ended."""
    users = ", ".join(sorted({quoted(connection.user) for connection in connections})) or "nobody known yet"
    message = (
        f"{len(connections)} sessions of {users} are open and {starting} more are starting, after a wait of "
        f"{seconds:.0f} seconds. The users can no longer log in; nothing else was revoked."
    )
    ended = variable("end the sessions", "metamapper_end_connections", True)
    return Problem(message, (*by_hand("Run again when they have ended."), *alternatively(ended)))
