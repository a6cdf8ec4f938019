# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Who logs in, where and how, and why a login fails."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any, Mapping

from .._core.problem import Problem
from .._core.remedy import Remedies, alternatively, by_hand, text_of, variable
from .._core.secret import Secret
from . import driver
from .driver import ServerError
from .login_sqlstate import NOT_AUTHORIZED, plain_message, sqlstate_of_message

APPLICATION_NAME = "metamapper.postgresql"

# A dead connection is detected after a minute of silence; the kernel's default is two hours.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-KEEPALIVES
SILENCE_SECONDS = 60
KEEPALIVES: Mapping[str, int] = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
LIBPQ_WITH_USER_TIMEOUT = 120000

# With one of these the server is verified before it can ask for a password in clear text.
VERIFYING_MODES = frozenset({"verify-ca", "verify-full"})
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-REQUIRE-AUTH
LIBPQ_WITH_REQUIRE_AUTH = 160000
NO_CLEAR_TEXT = "!password"
# Modes in which libpq itself tries twice, so that a wrong password is refused twice.
SINGLE_MODES: Mapping[str, tuple[str, ...]] = {"prefer": ("require", "disable"), "allow": ("disable", "require")}

# libpq and the server time out a moment earlier than we do, since their messages say more.
GRACE_SECONDS = 2.0

# The SQLSTATEs of a wrong password, checked by the server or by ldap, pam or radius. Any other refusal has another
# reason, such as a connection limit that was reached after the inspection.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
PASSWORD_REFUSED = frozenset({"28P01", "28000"})


@dataclass(frozen=True)
class Timeouts:
    """How long to wait: for a login at one address, for a statement, and for another session's lock."""

    connect_seconds: int = 10
    statement_seconds: int = 300
    lock_ms: int = 5000


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True)
class Login:
    """Who logs in, where and how; the database is separate, since one login serves many.

    ``host`` is empty for the Unix socket. ``password`` is None if libpq is to look for it (PGPASSWORD, .pgpass) or none
    is needed. Empty ``ca_cert``, ``ssl_cert`` and ``ssl_key`` leave libpq's defaults.
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
    timeouts: Timeouts = DEFAULT_TIMEOUTS
    allow_cleartext_password: bool = False

    @property
    def location(self) -> str:
        """Where this login goes, as messages name it."""
        return f"{self.host or 'the local socket'}, port {self.port}"

    @property
    def timeout_seconds(self) -> float:
        """How long to wait for libpq, whatever it does: a name may have two addresses, and it tries both."""
        addresses = 1 if not self.host or self.host.startswith("/") else 2
        return addresses * self.timeouts.connect_seconds + GRACE_SECONDS

    def require_auth(self, *, refuses_md5: bool = False) -> str:
        """Return the accepted authentication methods, as libpq writes them; empty for its default.

        A password in clear text is sent only to a verified server, or if it is allowed. PGREQUIREAUTH in the
        environment is kept if it is stricter. libpq before 16 has no such parameter. ``refuses_md5`` excludes md5 as
        well, if another method remains.
        """
        refused = {"md5"} if refuses_md5 else set()
        if not (self.allow_cleartext_password or self.ssl_mode in VERIFYING_MODES):
            refused.add("password")
        if driver.libpq_version() < LIBPQ_WITH_REQUIRE_AUTH or not refused:
            return ""
        asked = [method.strip() for method in os.environ.get("PGREQUIREAUTH", "").split(",") if method.strip()]
        if all(method.startswith("!") for method in asked):
            return ",".join(dict.fromkeys([*asked, *(f"!{method}" for method in sorted(refused, reverse=True))]))
        kept = ",".join(method for method in asked if method not in refused)
        return kept or (self.require_auth() if refuses_md5 else NO_CLEAR_TEXT)

    def parameters(self, database: str, *, refuses_md5: bool = False) -> dict[str, Any]:
        """Return libpq's connection parameters.

        There are no startup ``options``, which a pooler in transaction mode refuses. ``client_encoding`` and the
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
            "require_auth": self.require_auth(refuses_md5=refuses_md5),
            "connect_timeout": self.timeouts.connect_seconds,
            "client_encoding": "UTF8",
            "fallback_application_name": APPLICATION_NAME,
            **KEEPALIVES,
            **_user_timeout(),
        }
        return {keyword: value for keyword, value in wanted.items() if value != ""}


def _user_timeout() -> Mapping[str, int]:
    """Return the timeout of unacknowledged data, which keepalives do not cover; empty if libpq has none."""
    has_it = driver.libpq_version() >= LIBPQ_WITH_USER_TIMEOUT
    return {"tcp_user_timeout": SILENCE_SECONDS * 1000} if has_it else {}


def connection_problem(login: Login, database: str, error: ServerError) -> Problem:
    """Return why a login failed, in libpq's own words."""
    reason: str = error.text
    remedies: Remedies = ()
    if is_clear_text_refused(login, error.text):
        reason, remedies = CLEAR_TEXT_REFUSED, CLEAR_TEXT_REMEDIES
    message = f'Cannot connect to database "{database}" on {login.location} as "{login.user}": {reason}.'
    return Problem(message, remedies, error.sqlstate, database=database)


CLEAR_TEXT_REFUSED = "the server asks for the password in clear text, and it was not sent"
CLEAR_TEXT_REMEDIES: Remedies = (
    *by_hand("Let pg_hba.conf ask for scram-sha-256 instead of password, ldap, pam or radius."),
    *alternatively(
        variable(
            "verify the server",
            "metamapper_ssl_mode",
            "verify-full",
            note="and metamapper_ca_cert to the file of the authority that signed the server's certificate",
        ),
        variable(
            "send the password in clear text",
            "metamapper_allow_cleartext_password",
            True,
            note="to send it to any server that asks",
        ),
    ),
)
CLEAR_TEXT_REASON = f"{CLEAR_TEXT_REFUSED}. {text_of(CLEAR_TEXT_REMEDIES)}".rstrip(".")


def is_clear_text_refused(login: Login, message: str) -> bool:
    """Return whether libpq refused to send the password: in any language it quotes the required methods."""
    required = login.require_auth()
    return message == CLEAR_TEXT_REFUSED or (bool(required) and f'"{required}"' in message)


MD5_REASON = "The server stores the password of {user} as an MD5 hash, which PostgreSQL has deprecated."
MD5_REMEDY = variable(
    "replace the MD5 hash",
    "metamapper_password",
    note="to another password and run grant_metamapper: it is stored for scram-sha-256 then, which the method md5 in "
    "pg_hba.conf accepts as well",
)
MD5_NOTE = f"{MD5_REASON} {MD5_REMEDY.instruction}"


@dataclass(frozen=True)
class LoginAttempt:
    """How a login went; ``used_password`` tells whether the server asked for a password and was given one.

    ``sqlstate`` is empty if the server did not speak, and None if it cannot be told what it said. ``used_md5`` tells
    that the server asked for an MD5 hash, as it does where nothing better is stored; never by libpq before 16.
    """

    succeeded: bool
    used_password: bool
    message: str = ""
    sqlstate: str | None = None
    is_timeout: bool = False
    used_md5: bool = False

    @property
    def reason(self) -> str:
        """The message, and what fixes the problem, if known."""
        return CLEAR_TEXT_REASON if self.message == CLEAR_TEXT_REFUSED else self.message

    @property
    def is_about_encryption(self) -> bool:
        """Whether the server might accept the login with TLS instead of without, or the other way round."""
        is_refused = not (self.succeeded or self.used_password or self.is_timeout)
        return is_refused and self.sqlstate in (None, "", NOT_AUTHORIZED)

    @property
    def is_about_the_password(self) -> bool:
        """Whether the password is what decided."""
        return self.used_password and (self.succeeded or self.sqlstate is None or self.sqlstate in PASSWORD_REFUSED)


def attempt_login(login: Login, database: str, route: Mapping[str, Any]) -> LoginAttempt:
    """Log in once and say how it went; ``route`` is what the route changes in libpq's parameters.

    A wrong password is sent only once, because of lockout policies: with ssl_mode ``prefer`` and ``allow`` libpq itself
    would try a second time, with or without TLS.
    """
    *others, last = SINGLE_MODES.get(login.ssl_mode, (login.ssl_mode,))
    for mode in others:
        attempt = _attempt(replace(login, ssl_mode=mode), database, route)
        if not attempt.is_about_encryption:
            return attempt
    return _attempt(replace(login, ssl_mode=last), database, route)


def _attempt(login: Login, database: str, route: Mapping[str, Any]) -> LoginAttempt:
    """Log in; if the server asks for an MD5 hash, which is not sent at first, try again: nothing was refused yet."""
    accepted, first = login.require_auth(), login.require_auth(refuses_md5=True)
    made = driver.attempt({**login.parameters(database, refuses_md5=True), **route}, login.timeout_seconds)
    is_md5 = first != accepted and f'"{first}"' in made.message
    if is_md5:
        made = driver.attempt({**login.parameters(database), **route}, login.timeout_seconds)
    state = sqlstate_of_message(made.message) if made.is_verbose else None
    message = plain_message(made.message)
    if is_clear_text_refused(login, message):
        message = CLEAR_TEXT_REFUSED
    used_md5 = is_md5 and made.used_password
    return LoginAttempt(
        made.succeeded, made.used_password, message, state, is_timeout=made.is_timeout, used_md5=used_md5
    )
