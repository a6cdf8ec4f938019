# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Reads what the catalog says of roles: what they are, who uses them, and what depends on them."""

from __future__ import annotations

from typing import NamedTuple

from ..._core.server_version import has_feature
from ..._postgres.session import Session
from ..request import AccessRequest
from . import role_queries
from .facts import (
    AssumableRole,
    Connection,
    Membership,
    Mention,
    Policy,
    Remains,
    RoleFacts,
    UserMapping,
    VisibleRelation,
)


class StoredPassword(NamedTuple):
    """A stored verifier, None for none, and the iterations of a new one, 0 if the server does not set them."""

    verifier: str | None
    default_iterations: int


def inspect_roles(session: Session, request: AccessRequest) -> dict[str, RoleFacts]:
    """Return the roles of the task, the creators it lists, the administrator and the login, as far as they exist."""
    names = [*request.roles, *request.listed_creators]
    rows = session.records(role_queries.ROLES, {"names": names, "group": request.group}, RoleFacts)
    return {row.name: row for row in rows}


def inspect_role_names(session: Session) -> tuple[str, ...]:
    """Return the names of all roles; one round trip."""
    return tuple(str(row[0]) for row in session.rows(role_queries.ROLE_NAMES))


def inspect_connections(session: Session, request: AccessRequest) -> tuple[Connection, ...]:
    """Return the connections of the users to be dropped or retired; one round trip if there are such users."""
    users = request.user_names if request.is_absent else request.retired
    if not users:
        return ()
    return tuple(session.records(role_queries.SESSIONS, {"users": list(users)}, Connection))


def set_privilege(version: int) -> str:
    """Return what pg_has_role() calls the right to SET ROLE: before 16 every member has it.

    https://www.postgresql.org/docs/16/functions-info.html#FUNCTIONS-INFO-ACCESS-TABLE
    """
    return "SET" if has_feature(version, "membership_options") else "MEMBER"


def inspect_assumable(session: Session, request: AccessRequest) -> dict[str, AssumableRole]:
    """Return the roles that may be assumed, by name; one round trip, or none unless that is asked for."""
    if not request.assume_owners:
        return {}
    version = session.connection.server_version
    parameters = {
        "set": set_privilege(version),
        "needs_admin": has_feature(version, "createrole_needs_admin"),
    }
    return {role.name: role for role in session.records(role_queries.ASSUMABLE, parameters, AssumableRole)}


def inspect_mentions(session: Session, request: AccessRequest, database: str | None = None) -> tuple[Mention, ...]:
    """Return where on the server, or in one database, the roles are mentioned; one round trip."""
    parameters = {"roles": list(request.roles), "database": database}
    return tuple(session.records(role_queries.MENTIONS, parameters, Mention))


def inspect_starting(session: Session) -> int:
    """Return how many processes have no user yet; one round trip."""
    return int(session.rows(role_queries.STARTING_PROCESSES)[0][0])


def inspect_verifier(session: Session, user: str) -> StoredPassword:
    """Return what pg_authid stores of a user's password; one round trip."""
    rows = session.records(role_queries.VERIFIER, {"user": user}, StoredPassword)
    return rows[0] if rows else StoredPassword(None, 0)


def inspect_visible_to_one_only(session: Session, *, old: str, new: str) -> list[VisibleRelation]:
    """Return the relations of a database that one role sees and another does not; one round trip."""
    return session.records(role_queries.VISIBLE_TO_ONE_ONLY, {"old": old, "new": new}, VisibleRelation)


def inspect_memberships(session: Session, request: AccessRequest, version: int) -> tuple[Membership, ...]:
    """Return the memberships that would be lost with the roles; one round trip.

    Before 16 the grantor of a membership is recorded without consequences.
    https://www.postgresql.org/docs/16/release-16.html
    """
    matters = has_feature(version, "membership_options")
    parameters = {"roles": list(request.roles), "membership_grantors": matters}
    return tuple(session.records(role_queries.MEMBERSHIPS, parameters, Membership))


def inspect_remains(session: Session, request: AccessRequest, database: str) -> Remains:
    """Return what only dropping the roles has to know of a database; one round trip, up to three."""
    roles = {"roles": list(request.roles)}
    mentions = inspect_mentions(session, request, database)
    hows = {mention.how for mention in mentions}
    return Remains(
        mentions,
        tuple(session.records(role_queries.POLICIES, roles, Policy)) if "r" in hows else (),
        tuple(session.records(role_queries.USER_MAPPINGS, roles, UserMapping)) if "m" in hows else (),
    )
