# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Opens sessions as the Metamapper user, so that a wrong password causes only one refused login."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._core.problem import Failure
from .._core.route import Route
from .._postgres.driver import ServerError
from .._postgres.login import Login, attempt_login, connection_problem
from .._postgres.session import Session, open_session
from .catalog.scan import MetamapperLogin
from .checks.connection import LoginFailure


class LoginRefused(Exception):
    """A login failed, and why."""

    def __init__(self, failure: LoginFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass
class Logins:
    """One login, and the route to the server.

    Lockout policies count refused logins, and only a special, asynchronous login tells the SQLSTATE of its refusal. So
    the first login is of that kind, until one has worked; later ones are refused for reasons other than the password.
    It also tells whether the server asks for an MD5 hash (``used_md5``).
    """

    login: Login
    route: Route
    has_worked: bool = field(default=False, init=False)
    used_md5: bool = field(default=False, init=False)

    def session(self, database: str) -> Session:
        """Return a session of ours; raises LoginRefused."""
        session = self._open(self.login, database)
        session.accept_any_bytes()
        return session

    def metamapper_session(self, database: str) -> Session:
        """Return a session as Metamapper opens it; raises LoginRefused."""
        return self._open(MetamapperLogin.of(self.login), database)

    def _open(self, login: Login, database: str) -> Session:
        try:
            if not self.has_worked:
                self._try(login, database)
            session = open_session(login, database, self.route)
        except ServerError as error:
            raise LoginRefused(self._failure(error, login, database)) from error
        except Failure as failure:  # from the route, which has given its reason
            problem = failure.problems[0]
            raise LoginRefused(LoginFailure(problem.sqlstate, problem.message, problem.remedies)) from failure
        self.has_worked = True
        return session

    def _failure(self, error: ServerError, login: Login, database: str) -> LoginFailure:
        """Return why an ordinary login failed; its SQLSTATE needs a second attempt."""
        state = error.sqlstate
        if not state and self.has_worked:
            state = attempt_login(login, database, self.route.parameters()).sqlstate or ""
        return LoginFailure(state, error.problems[0].message, error.problems[0].remedies)

    def _try(self, login: Login, database: str) -> None:
        """Log in once; raises ServerError with the SQLSTATE where that fails."""
        while True:
            attempt = attempt_login(login, database, self.route.parameters())
            if attempt.succeeded:
                self.used_md5 = attempt.used_md5
                return
            error = ServerError(
                attempt.sqlstate or "", attempt.message, is_connection_lost=True, is_timeout=attempt.is_timeout
            )
            if not self.route.must_retry(error, is_timeout=attempt.is_timeout):
                raise error.explained_by(connection_problem(login, database, error))
