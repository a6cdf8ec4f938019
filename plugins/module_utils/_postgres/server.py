# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The server that an administrator changes, and what lets the administrator in where it refuses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Mapping

from .._core.route import DIRECT, Route
from .._core.sql_statement import quoted
from .login import Login, hba_advice, listening_advice
from .server_error import ServerError
from .session import Session, open_session

# libpq's own words, which psycopg2-binary has in English alone.
NO_PASSWORD = "no password supplied"  # noqa: S105
NOBODY_ANSWERS = (
    "Connection refused",
    "timeout expired",
    "no answer within",
    "unreachable",
    "No route",
    "No such file",
)


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
            remedy = problem.remedy or login_remedy(error, self.login, name)
            raise error.explained_by(replace(problem, remedy=remedy)) from error
        session.accept_any_bytes()
        return session


def login_remedy(error: ServerError, login: Login, database: str) -> str:
    """Return what lets an administrator in after a login that was refused; empty where nothing is known.

    psycopg2 does not tell the SQLSTATE of a login: so the words of libpq and the server decide.
    """
    password = "metamapper_login_password (option login_password; or PGPASSWORD, or ~/.pgpass)"  # noqa: S105
    remedies: Mapping[str, str] = {
        NO_PASSWORD: f"Set {password} to the password of {quoted(login.user)}.",
        "password authentication failed": f"Correct {password}, or metamapper_login_user (option login_user).",
        "no pg_hba.conf entry": f"{hba_advice(login, database)}.",
        f'role "{login.user}" does not exist': "Correct metamapper_login_user (option login_user).",
        f'database "{database}" does not exist': "Set metamapper_login_db (option login_db) to a database that exists.",
        "could not translate host name": "Correct metamapper_login_host (option login_host).",
    }
    found = next((remedy for words, remedy in remedies.items() if words in error.text), "")
    if not found and any(words in error.text for words in NOBODY_ANSWERS):
        return (
            f"{listening_advice(login)}; or correct metamapper_login_host and metamapper_login_port (options "
            "login_host, login_port)."
        )
    return found
