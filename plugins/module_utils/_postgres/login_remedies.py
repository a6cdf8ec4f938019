# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Remedies for refused logins."""

from __future__ import annotations

import re
from typing import Mapping

from .._core.remedy import Remedies, Remedy, by_hand, line, variable
from .._core.sql_statement import quoted
from .login import Login
from .server_error import ServerError

# libpq's own messages, which psycopg2-binary has in English only.
NO_PASSWORD = "no password supplied"  # noqa: S105
NOBODY_ANSWERS = (
    "Connection refused",
    "timeout expired",
    "no answer within",
    "unreachable",
    "No route",
    "No such file",
)
ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+")


def login_remedies(error: ServerError, login: Login, database: str) -> Remedies:
    """Return remedies for an administrator's refused login; empty if none is known.

    psycopg2 does not tell the SQLSTATE of a login, so the messages of libpq and the server decide.
    """
    password = "metamapper_login_password"  # noqa: S105
    given = f"to the password of {quoted(login.user)}; PGPASSWORD and ~/.pgpass do as well"
    user = variable("name the administrator", "metamapper_login_user")
    remedies: Mapping[str, Remedy] = {
        NO_PASSWORD: variable("give the password", password, note=given),
        "password authentication failed": variable("correct the password", password, note=f"for {quoted(login.user)}"),
        "no pg_hba.conf entry": hba_line(login, error.text),
        f'role "{login.user}" does not exist': user,
        f'database "{database}" does not exist': variable("name a database that exists", "metamapper_login_db"),
        "could not translate host name": variable("correct the host", "metamapper_login_host"),
    }
    found = next((remedy for words, remedy in remedies.items() if words in error.text), None)
    if found is not None:
        return (found,)
    is_unanswered = any(words in error.text for words in NOBODY_ANSWERS)
    return tls_remedies(login, error.text) or (nobody_answers(login) if is_unanswered else ())


def tls_remedies(login: Login, refusal: str) -> Remedies:
    """Return what lets a login that insists on TLS in, by the words of libpq; empty where that is not why it failed."""
    if "does not match host name" in refusal:
        return (variable("correct the host", "metamapper_login_host", note="to a name that is in the certificate"),)
    if "certificate verify failed" in refusal or "root certificate file" in refusal:
        signed = "to the file of the authority that signed the server's certificate"
        return (variable("name the authority", "metamapper_ca_cert", note=signed),)
    if "does not support SSL" in refusal:
        return by_hand(f"Switch TLS on at the server (ssl = on), which metamapper_ssl_mode {login.ssl_mode} asks for.")
    return ()


def nobody_answers(login: Login) -> Remedies:
    """Return what to check if there is no answer."""
    host = variable("correct the port", "metamapper_login_port", note="or metamapper_login_host")
    listens = (
        f"Check that a server listens on {login.location}, and that nothing on the way to it refuses the connection."
    )
    return (host, *by_hand(listens))


def hba_line(login: Login, refusal: str) -> Remedy:
    """Return the line of pg_hba.conf that would allow a login; the refusal tells the address."""
    address = ADDRESS.search(refusal.rsplit("pg_hba.conf", maxsplit=1)[-1])
    return line_of_hba(login.user, address[0] if address else "")


def line_of_hba(user: str, address: str) -> Remedy:
    """Return a line of pg_hba.conf for a user and all databases from one address, empty for an unknown one."""
    source = f"{address}/{128 if ':' in address else 32}" if address else "<address>"
    return line("admit in pg_hba.conf", f"host all {quoted(user)} {source} scram-sha-256", "pg_hba.conf")
