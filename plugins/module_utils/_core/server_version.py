# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What differs between the major versions of PostgreSQL, in one table."""

from __future__ import annotations

from types import MappingProxyType
from typing import Literal, Mapping

from .problem import Failure, Problem
from .remedy import by_hand

OLDEST = 90600

Feature = Literal[
    "scram",
    "timeout_for_each_statement",
    "idle_session_timeout",
    "client_connection_check",
    "private_public",
    "parameter_acls",
    "createrole_needs_admin",
    "membership_options",
    "inherited_defaults",
    "lenient_regclass",
    "blank_vertical_tab",
    "maintain",
    "transaction_timeout",
    "lock_per_name",
]

# the server_version_num that it begins with
SINCE: Mapping[Feature, int] = MappingProxyType(
    {
        # Passwords may be stored as scram-sha-256 verifiers; before, as md5 hashes.
        # https://www.postgresql.org/docs/10/auth-methods.html#AUTH-PASSWORD
        "scram": 100000,
        # statement_timeout applies to each statement of a message; before, to what is left of the message.
        # https://www.postgresql.org/docs/13/runtime-config-client.html#GUC-STATEMENT-TIMEOUT
        "timeout_for_each_statement": 130000,
        # https://www.postgresql.org/docs/14/runtime-config-client.html#GUC-IDLE-SESSION-TIMEOUT
        "idle_session_timeout": 140000,
        # A server can check, while a statement runs, whether its client is still connected.
        # https://www.postgresql.org/docs/14/runtime-config-connection.html#GUC-CLIENT-CONNECTION-CHECK-INTERVAL
        "client_connection_check": 140000,
        # PUBLIC may no longer create in the schema "public" of a new database.
        # https://www.postgresql.org/docs/15/ddl-schemas.html#DDL-SCHEMAS-PATTERNS
        "private_public": 150000,
        # Configuration parameters have privileges: pg_parameter_acl.
        # https://www.postgresql.org/docs/15/catalog-pg-parameter-acl.html
        "parameter_acls": 150000,
        # CREATEROLE alone no longer alters or grants a role: ADMIN OPTION on it is needed too.
        # https://www.postgresql.org/docs/16/role-attributes.html
        "createrole_needs_admin": 160000,
        # Whether a membership inherits is a property of the membership, no longer of the member.
        # https://www.postgresql.org/docs/16/sql-grant.html#SQL-GRANT-DESCRIPTION-ROLES
        "membership_options": 160000,
        # ALTER DEFAULT PRIVILEGES FOR ROLE needs the role's privileges; before, bare membership.
        # https://www.postgresql.org/docs/16/sql-alterdefaultprivileges.html
        "inherited_defaults": 160000,
        # to_regclass() returns NULL for a malformed name (measured: an error before 16).
        "lenient_regclass": 160000,
        # A vertical tab separates words in SQL, as other blanks do (measured: part of a word before 17).
        "blank_vertical_tab": 170000,
        # MAINTAIN is a privilege on relations.
        # https://www.postgresql.org/docs/17/ddl-priv.html
        "maintain": 170000,
        # https://www.postgresql.org/docs/17/runtime-config-client.html#GUC-TRANSACTION-TIMEOUT
        "transaction_timeout": 170000,
        # GRANT and REVOKE take a lock on each object that they name (measured: none before 18).
        "lock_per_name": 180000,
    }
)


def has_feature(version: int, feature: Feature) -> bool:
    """Return whether a server of this ``server_version_num`` has a feature."""
    return version >= SINCE[feature]


def require_supported(version: int) -> None:
    """Raise Failure for a server older than the oldest that is supported."""
    if version < OLDEST:
        found = f"{version // 10000}.{version // 100 % 100}"
        message = f"The server is PostgreSQL {found}; the oldest that this collection works with is 9.6."
        raise Failure([Problem(message, by_hand("Upgrade the server."))])
