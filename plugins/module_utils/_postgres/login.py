# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Who logs in, where and how, and why a login fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.route import CONNECT_TIMEOUT_SECONDS
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres import driver
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import ServerError
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login_sqlstate import (
    plain_message,
    sqlstate_of_message,
)

APPLICATION_NAME = "metamapper.postgresql"

# A network that swallows everything is noticed after a minute of silence; the kernel's own patience is two hours.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-KEEPALIVES
SILENCE_SECONDS = 60
KEEPALIVES: Mapping[str, int] = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
LIBPQ_WITH_USER_TIMEOUT = 120000

# What a server answers to a wrong password: its own check, and one that it leaves to ldap, pam or radius. Any other
# refusal came for another reason, such as a connection limit that was reached after we had looked.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
PASSWORD_REFUSED = frozenset({"28P01", "28000"})


@dataclass(frozen=True)
class Login:
    """Who logs in, where and how; the database is named apart, since one login serves many.

    ``host`` is empty for the Unix socket. ``password`` is None where libpq is to look for it (PGPASSWORD, .pgpass)
    or none is needed. Empty ``ca_cert``, ``ssl_cert`` and ``ssl_key`` leave libpq's defaults.
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
    """

    user: str
    password: Secret | None = None
    host: str = ""
    port: int = 5432
    ssl_mode: str = "prefer"
    ca_cert: str = ""
    ssl_cert: str = ""
    ssl_key: str = ""
    session_role: str = ""

    @property
    def place(self) -> str:
        """Where this login goes, as messages name it."""
        return f"{self.host or 'the local socket'}, port {self.port}"

    def parameters(self, database: str) -> dict[str, Any]:
        """Return libpq's connection parameters.

        There are no startup ``options``: a pooler in transaction mode refuses them. ``client_encoding`` and the
        application name are parameters that poolers track.
        """
        wanted: dict[str, Any] = {
            "dbname": database,
            "user": self.user,
            "password": self.password.reveal() if self.password else "",
            "host": self.host,
            "port": self.port,
            "sslmode": self.ssl_mode,
            "sslrootcert": self.ca_cert,
            "sslcert": self.ssl_cert,
            "sslkey": self.ssl_key,
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "client_encoding": "UTF8",
            "fallback_application_name": APPLICATION_NAME,
            **KEEPALIVES,
            **_user_timeout(),
        }
        return {keyword: value for keyword, value in wanted.items() if value != ""}


def _user_timeout() -> Mapping[str, int]:
    """Return the limit for data that nobody acknowledges, which keepalives do not watch; empty where libpq has none."""
    has_it = driver.libpq_version() >= LIBPQ_WITH_USER_TIMEOUT
    return {"tcp_user_timeout": SILENCE_SECONDS * 1000} if has_it else {}


def connection_problem(login: Login, database: str, error: ServerError) -> Problem:
    """Return why a login failed, in libpq's own words."""
    message = f'Cannot connect to database "{database}" on {login.place} as "{login.user}": {error.text}.'
    return Problem(message, sqlstate=error.sqlstate, database=database)


@dataclass(frozen=True)
class LoginAttempt:
    """How a login went; ``used_password`` tells whether the server asked for a password and was given one.

    ``sqlstate`` is empty where the server did not speak, and None where it cannot be told what it said.
    """

    succeeded: bool
    used_password: bool
    message: str = ""
    sqlstate: str | None = None

    @property
    def is_about_the_password(self) -> bool:
        """Whether the password is what decided."""
        return self.used_password and (self.succeeded or self.sqlstate is None or self.sqlstate in PASSWORD_REFUSED)


def attempt_login(login: Login, database: str, route: Mapping[str, Any]) -> LoginAttempt:
    """Log in once and say how it went; ``route`` is what the route changes in libpq's parameters."""
    made = driver.attempt({**login.parameters(database), **route})
    state = sqlstate_of_message(made.message) if made.is_verbose else None
    return LoginAttempt(made.succeeded, made.used_password, plain_message(made.message), state)
