# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What roles that are to go hold and are mentioned in, as values, and the questions that bring them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog import removal_queries as ask
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import RoleFacts, ServerFacts
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect import (
    inspect_roles,
    inspect_server,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.acl_item import (
    Held,
    inspect_held,
    inspect_shared,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.removal_request import Unwanted
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import has_feature
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session


@dataclass(frozen=True)
class Trace:
    """That a role is mentioned in a database, empty for the server as a whole; ``how`` as pg_shdepend.deptype."""

    role: str
    database: str
    how: str
    objects: int


@dataclass(frozen=True)
class Membership:
    """That ``member`` is in ``role``, because ``grantor`` said so."""

    role: str
    member: str
    grantor: str


@dataclass(frozen=True)
class Connection:
    """A user's connection, by its process on the server, and whether the administrator may end it."""

    user: str
    process: int
    can_end: bool


@dataclass(frozen=True)
class Policy:
    """A policy that names one of the roles; ``others`` are those that it names besides."""

    schema: str
    relation: str
    name: str
    others: Sequence[str]


@dataclass(frozen=True)
class Left:
    """That a role is mentioned in this database, and whether the administrator may act for it."""

    role: str
    how: str
    objects: int
    can_act: bool


@dataclass(frozen=True)
class AbsentServer:
    """The server, and what its shared catalogs say about the roles."""

    facts: ServerFacts
    traces: tuple[Trace, ...]
    memberships: tuple[Membership, ...]
    connections: tuple[Connection, ...]
    shared: tuple[Held, ...]

    def existing(self, roles: Sequence[str]) -> tuple[str, ...]:
        """Return those of some roles that exist, in their order."""
        return tuple(name for name in roles if name in self.facts.roles)


@dataclass(frozen=True)
class AbsentDatabase:
    """What a database says about the roles."""

    name: str
    held: tuple[Held, ...]
    left: tuple[Left, ...]
    policies: tuple[Policy, ...]

    @property
    def initial(self) -> tuple[str, ...]:
        """The roles in initial privileges of an extension's objects, which REVOKE does not take them out of.

        https://www.postgresql.org/docs/current/catalog-pg-init-privs.html
        """
        return tuple(left.role for left in self.left if left.how == "i")


@dataclass(frozen=True)
class Remains:
    """What is left of the roles when they are to be dropped."""

    roles: dict[str, RoleFacts]
    shared: tuple[Held, ...]
    memberships: tuple[Membership, ...]


def inspect_absent_server(session: Session, unwanted: Unwanted) -> AbsentServer:
    """Return the server; seven round trips."""
    facts = inspect_server(session, unwanted.as_wanted)
    roles = {"roles": list(unwanted.roles)}
    return AbsentServer(
        facts,
        tuple(Trace(*row) for row in session.rows(ask.TRACES, roles)),
        _memberships(session, unwanted, facts.version_num),
        inspect_connections(session, unwanted),
        tuple(inspect_shared(session, unwanted.roles, facts.version_num)),
    )


def inspect_connections(session: Session, unwanted: Unwanted) -> tuple[Connection, ...]:
    """Return the connections of the users; one round trip."""
    return tuple(Connection(*row) for row in session.rows(ask.SESSIONS, {"users": list(unwanted.users)}))


def inspect_absent_database(
    session: Session, name: str, unwanted: Unwanted, version_num: int, limit: int | None = None
) -> AbsentDatabase:
    """Return a database, with a limit only what is held on so many objects; three round trips."""
    roles = {"roles": list(unwanted.roles)}
    return AbsentDatabase(
        name,
        tuple(inspect_held(session, unwanted.roles, version_num, limit)),
        tuple(Left(*row) for row in session.rows(ask.LEFT_HERE, roles)),
        tuple(Policy(*row) for row in session.rows(ask.POLICIES, roles)),
    )


def inspect_remains(session: Session, unwanted: Unwanted, version_num: int) -> Remains:
    """Return what is left of the roles; three round trips."""
    return Remains(
        inspect_roles(session, unwanted.as_wanted),
        tuple(inspect_shared(session, unwanted.roles, version_num)),
        _memberships(session, unwanted, version_num),
    )


def _memberships(session: Session, unwanted: Unwanted, version_num: int) -> tuple[Membership, ...]:
    # Before 16 the grantor of a membership is a note without consequences.
    # https://www.postgresql.org/docs/16/release-16.html
    matters = has_feature(version_num, "membership_options")
    parameters = {"roles": list(unwanted.roles), "membership_grantors": matters}
    return tuple(Membership(row[0], row[1], row[2] or "") for row in session.rows(ask.MEMBERSHIPS, parameters))
