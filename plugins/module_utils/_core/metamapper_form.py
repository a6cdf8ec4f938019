# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What Metamapper does not accept or store: of its datastore form, and of a column default. Pure.

Measured with Metamapper 1.0.0: the form silently strips blanks off the ends of its texts, limits their lengths, and
wants a host name without underscores, and of an SSH host its IP address.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Iterator, Literal

PASSWORD_CHARACTERS = 128
DATABASE_CHARACTERS = 128
# It does not store a longer column default, and hides the whole schema.
DEFAULT_CHARACTERS = 255
# Each label of a host name: https://datatracker.ietf.org/doc/html/rfc1123#page-13
HOST_NAME = re.compile(r"(?!-)[0-9A-Za-z-]{1,63}(?<!-)(\.(?!-)[0-9A-Za-z-]{1,63}(?<!-))*")
SSH_USER = re.compile(r"[0-9A-Za-z$_-]+")

Field = Literal["host", "user", "password", "database", "ssh_host", "ssh_user"]


@dataclass(frozen=True)
class FormProblem:
    """Why a value cannot be given to Metamapper.

    ``is_fatal`` tells that Metamapper cannot log in with it at all, since the value belongs to the server; otherwise
    another form of it, such as an IP address, works. ``reason`` never holds a password.
    """

    field: Field
    reason: str
    remedy: str
    is_fatal: bool


def form_problems(
    *, host: str = "", user: str = "", password: str = "", database: str = "", ssh_host: str = "", ssh_user: str = ""
) -> tuple[FormProblem, ...]:
    """Return what is wrong with the values of a datastore; an empty value is not checked."""
    return (
        *_host(host),
        *_stripped("user", user, "Name the role without them."),
        *_stripped("password", password, "Choose a password without them."),
        *_too_long("password", password, PASSWORD_CHARACTERS, "Choose a shorter password."),
        *_stripped("database", database, "Rename the database."),
        *_too_long("database", database, DATABASE_CHARACTERS, "Rename the database."),
        *_ssh(ssh_host, ssh_user),
    )


def _host(host: str) -> Iterator[FormProblem]:
    # Anything with a colon is accepted, as an IPv6 address is. A directory is that of a Unix socket, which Metamapper
    # never uses.
    if host and ":" not in host and not host.startswith("/") and HOST_NAME.fullmatch(host) is None:
        reason = f'Metamapper\'s form refuses the host "{host}": it wants letters, digits, dashes and dots only.'
        yield FormProblem("host", reason, "Type another name of the server, or its IP address.", is_fatal=False)


def _stripped(field: Field, value: str, remedy: str) -> Iterator[FormProblem]:
    if value != value.strip():
        reason = f"Metamapper's form removes the white space at the ends of the {field}, and its login fails."
        yield FormProblem(field, reason, remedy, is_fatal=True)


def _too_long(field: Field, value: str, limit: int, remedy: str) -> Iterator[FormProblem]:
    if len(value) > limit:
        reason = f"The {field} has {len(value)} characters; Metamapper's form accepts {limit} at most."
        yield FormProblem(field, reason, remedy, is_fatal=True)


def _ssh(host: str, user: str) -> Iterator[FormProblem]:
    if host and not _is_address(host):
        reason = f'Metamapper\'s form accepts an SSH host by its IP address only, and "{host}" is a name.'
        yield FormProblem("ssh_host", reason, "Type the IP address of the bastion.", is_fatal=False)
    if user and SSH_USER.fullmatch(user) is None:
        reason = f'Metamapper\'s form refuses the SSH user "{user}": it wants letters, digits, "$", "_" and "-" only.'
        yield FormProblem("ssh_user", reason, "Use another account on the bastion.", is_fatal=True)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
