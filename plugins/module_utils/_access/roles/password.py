# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Whether a user's password is the desired one, found out without pg_authid and without guessing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ..._core.server_version import has_feature
from ..._core.sql_statement import identifier, quoted
from ..._postgres.login import MD5_NOTE, Login, LoginAttempt, attempt_login
from ..._postgres.server import Server
from ..._postgres.session import Session
from ..._postgres.transaction import read
from ..._postgres.verifier import MAX_ITERATIONS, is_md5, is_verifier_of, iterations
from ..catalog.facts import RoleFacts, ServerFacts
from ..catalog.inspect_roles import StoredPassword, inspect_verifier
from ..request import User

State = Literal["proven", "set", "wrong", "unproven", "blocked"]


@dataclass(frozen=True)
class Password:
    """What is known of a user's password, and why.

    ``proven``: it is the desired one. ``set``: this task sets it. ``wrong``: it is a different one and is to be set.
    ``unproven``: nothing could be proven, and nothing is changed. ``blocked``: the catalog rules out a login; this task
    may fix that, and then tries again. ``is_md5`` tells that it is stored as an MD5 hash.
    """

    state: State
    reason: str = ""
    is_md5: bool = False

    def note(self, user: str, version: int) -> str:
        """Return a note on how the server stores it; empty if there is nothing better."""
        return MD5_NOTE.format(user=quoted(user)) if self.is_md5 and has_feature(version, "scram") else ""


def user_login(administrator: Login, user: User, *, uses_tls: bool | None) -> Login:
    """Return the login of a user: over TCP, to the administrator's server, and without the administrator's certificate.

    ``uses_tls`` tells whether the administrator's own TCP connection is encrypted, None if it went over the socket.
    With ``prefer``, libpq would try a refused password twice, once with and once without TLS, and a lockout policy
    would count two: so the mode is pinned to what is known to work.
    """
    mode = administrator.ssl_mode
    if mode in ("prefer", "allow") and uses_tls is not None:
        mode = "require" if uses_tls else "disable"
    host = "localhost" if not administrator.host or administrator.host.startswith("/") else administrator.host
    return replace(
        administrator,
        user=user.name,
        password=user.password,
        host=host,
        ssl_mode=mode,
        ssl_cert="",
        ssl_key="",
        session_role="",
    )


def why_refused(facts: RoleFacts) -> str:
    """Return why the role cannot log in, whatever its password; empty if it can."""
    if not facts.can_login:
        return "the role has NOLOGIN"
    if facts.is_expired:
        return f"its password has expired; run: ALTER ROLE {identifier(facts.name)} VALID UNTIL 'infinity';"
    if 0 <= facts.connection_limit <= facts.connections:
        return f"its connection limit of {facts.connection_limit} is reached"
    return ""


def why_no_login(facts: RoleFacts, server: ServerFacts, databases: tuple[str, ...]) -> str:
    """Return why a user cannot log in according to the catalog, whatever the password; empty if it can."""
    if not open_database(server, databases):
        return why_refused(facts) or "no listed database lets it CONNECT yet"
    return why_refused(facts)


def open_database(server: ServerFacts, databases: tuple[str, ...]) -> str:
    """Return a listed database that the group may connect to; empty if there is none."""
    is_open = {database.name: database.is_open for database in server.databases}
    return next((name for name in databases if is_open.get(name)), "")


def password_state(attempt: LoginAttempt) -> Password:
    """Return what a login proves that the catalog does not rule out."""
    if not attempt.is_about_the_password:
        found = "the server let it in without asking for a password" if attempt.succeeded else attempt.reason
        return Password("unproven", f"A login as the user proves nothing: {found}.")
    if attempt.succeeded:
        return Password("proven", is_md5=attempt.used_md5)
    return Password("wrong", f"The login was refused: {attempt.message}.")


def verify_stored(stored: str | None, user: User, unproven: Password) -> Password:
    """Return what the stored verifier proves if a login proved nothing."""
    if stored is not None and is_verifier_of(stored, user.name, user.password):
        reason = f"{unproven.reason} The stored verifier is the one of this password."
        return Password("proven", reason, is_md5=is_md5(stored))
    return Password("wrong", f"{unproven.reason} The stored verifier is not the one of this password.")


def costs_too_much(stored: StoredPassword) -> str:
    """Return why a login with the stored verifier would take too long; empty if it would not.

    Anyone who may set the password can store any number of iterations, and each login computes them, here as well.
    """
    count = iterations(stored.verifier or "")
    if count <= max(MAX_ITERATIONS, stored.default_iterations):
        return ""
    return f"The stored verifier has {count} iterations, which every login would have to compute."


def inspect_password(
    session: Session,
    where: Server,
    user: User,
    server: ServerFacts,
    databases: tuple[str, ...],
    *,
    uses_tls: bool | None,
) -> Password:
    """Return what a login, or the stored verifier, proves of the password of a user who exists; at most one login."""
    stored = StoredPassword(None, 0)
    if server.can_read_verifiers:
        stored = read(session, lambda again: inspect_verifier(again, user.name))
        costly = costs_too_much(stored)
        if costly:
            return Password("wrong", costly)
    against = why_no_login(server.roles[user.name], server, databases)
    if against:
        found = Password("blocked", f"A login as the user could prove nothing: {against}.")
    else:
        found = probe_password(where, user, open_database(server, databases), uses_tls=uses_tls)
    if found.state in ("unproven", "blocked") and server.can_read_verifiers:
        return verify_stored(stored.verifier, user, found)
    return found


def probe_password(where: Server, user: User, database: str, *, uses_tls: bool | None) -> Password:
    """Log in as a user, once, and return what that proves."""
    login = user_login(where.login, user, uses_tls=uses_tls)
    return password_state(attempt_login(login, database, where.route.parameters()))
