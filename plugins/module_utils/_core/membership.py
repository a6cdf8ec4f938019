# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Who may grant membership in a role, in words and as a statement."""

from __future__ import annotations

from typing import Iterable

from .server_version import has_feature
from .sql_statement import quoted, statement_text


def may_grant(role: str, version: int) -> str:
    """Return who may grant the membership in a role that is not a superuser.

    https://www.postgresql.org/docs/current/sql-grant.html#SQL-GRANT-DESCRIPTION-ROLES
    """
    if has_feature(version, "createrole_needs_admin"):
        return f"a role with ADMIN OPTION on {quoted(role)} or a superuser"
    return "a role with CREATEROLE or a superuser"


def may_alter(role: str, version: int) -> str:
    """Return who may change a role that is not a superuser."""
    if has_feature(version, "createrole_needs_admin"):
        return f"a role with CREATEROLE and ADMIN OPTION on {quoted(role)} or a superuser"
    return "a role with CREATEROLE or a superuser"


def end_of_membership(role: str, member: str, grantor: str, version: int) -> str:
    """Return the statement that takes a member out of a role, as far as one grantor has made it one.

    Before 16 there is one membership, whoever granted it.
    """
    if has_feature(version, "membership_options"):
        return statement_text("REVOKE {} FROM {} GRANTED BY {}", role, member, grantor)
    return statement_text("REVOKE {} FROM {}", role, member)


def ends_of_memberships(through: Iterable[tuple[str, str]], member: str, version: int) -> tuple[str, ...]:
    """Return the statements that take a member out of roles, each given with the grantor of its membership."""
    return tuple(dict.fromkeys(end_of_membership(role, member, grantor, version) for role, grantor in through))


def inheriting_membership(role: str, member: str, version: int) -> str:
    """Return the statement that makes a role a member that inherits."""
    options = " WITH INHERIT TRUE" if has_feature(version, "membership_options") else ""
    return statement_text("GRANT {} TO {}" + options, role, member)
