# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The server that an administrator changes, and remedies if it refuses the administrator."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .._core.route import DIRECT, Route
from .login import Login
from .login_remedies import login_remedies
from .server_error import ServerError
from .session import Session, open_session


@dataclass(frozen=True)
class Server:
    """The server: who logs in, on which database first, and by which route."""

    login: Login
    database: str
    route: Route = DIRECT

    def session(self, database: str = "") -> Session:
        """Return a session on a database; on the first one, unless told otherwise. Raises ServerError."""
        name = database or self.database
        try:
            session = open_session(self.login, name, self.route)
        except ServerError as error:
            problem = error.problems[0]
            remedies = problem.remedies or login_remedies(error, self.login, name)
            raise error.explained_by(replace(problem, remedies=remedies)) from error
        session.accept_any_bytes()
        return session
