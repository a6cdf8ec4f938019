# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""A server: something that opens sessions."""

from __future__ import annotations

from dataclasses import dataclass

from .._core.route import DIRECT, Route
from .login import Login
from .session import Session, open_session


@dataclass(frozen=True)
class Server:
    """The server: who logs in, on which database first, and by which route."""

    login: Login
    database: str
    route: Route = DIRECT

    def session(self, database: str = "") -> Session:
        """Return a session on a database; on the first one, unless told otherwise."""
        session = open_session(self.login, database or self.database, self.route)
        session.accept_any_bytes()
        return session
