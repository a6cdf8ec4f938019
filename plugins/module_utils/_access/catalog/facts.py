# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The contents of the catalog as values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Collection, Mapping, NamedTuple, Sequence

from ..._core.problem import Problem
from ..._core.server_version import has_feature
from ..._scope.account import DatabaseScope
from ..._scope.entry import Privilege


@dataclass(frozen=True)
class RoleFacts:
    """A role. ``settings`` maps a database name, empty for all databases, to what ALTER ROLE SET says there.

    ``grantors`` are the roles that made it a direct member of the group. ``group_through`` are the memberships by which
    the group is a member of it, directly or indirectly: the role's member, and the grantor, empty if that role is gone.
    """

    name: str
    is_superuser: bool
    is_replication: bool
    is_bypassrls: bool
    is_createrole: bool
    is_createdb: bool
    can_login: bool
    is_inheriting: bool
    connection_limit: int
    is_expired: bool
    owned: int
    members: Sequence[str]
    is_in_group: bool
    is_administered: bool
    connections: int
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    grantors: Sequence[str] = ()
    group_through: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class ListedDatabase:
    """A database of the server; ``is_open`` tells whether the group, or PUBLIC for it, has CONNECT."""

    name: str
    allows_connections: bool
    is_template: bool
    can_connect: bool
    is_open: bool


# If GRANT takes a lock for each name, a transaction uses at most this share of the server's lock slots.
SHARE_OF_LOCK_SLOTS = 4


@dataclass(frozen=True)
class ServerRow:
    """The server as the administrator finds it: ``administrator`` makes the changes, ``login`` is who logged in.

    ``administrator_members`` are the memberships by which roles are members of the administrator, at whatever distance:
    role, member and grantor, empty if that role is gone.
    """

    version: str
    is_in_recovery: bool
    is_read_only: bool
    lock_slots: int
    can_read_verifiers: bool
    administrator: str
    login: str
    has_citus: bool
    superusers: Sequence[str]
    administrator_members: Sequence[tuple[str, str, str]]


class AssumableRole(NamedTuple):
    """A role that the administrator can assume; ``can_set`` tells whether its login can, without a new membership.

    If not, ``grantor`` grants one; it is empty before 16, where the grantor does not matter; ``has_membership`` tells
    whether there is one by this grantor, without SET. ``memberships`` are all rows of the administrator in the role.
    """

    name: str
    can_set: bool
    grantor: str
    has_membership: bool
    memberships: Sequence[str]


Assumable = Mapping[str, AssumableRole]


@dataclass(frozen=True)
class ServerFacts(ServerRow):
    """The server, its databases and the roles that matter; ``version_num`` is ``server_version_num``.

    ``mentions`` say where the roles hold or own anything, in exclusive mode and if the roles are to be dropped.
    ``memberships`` would be lost with the roles; ``connections`` are those of users that are dropped or retired.
    ``role_names`` are those of all roles, read only if a listed creator is none of them. ``assumable`` is empty
    unless owners are to be assumed.
    """

    version_num: int
    roles: Mapping[str, RoleFacts]
    databases: tuple[ListedDatabase, ...]
    mentions: tuple[Mention, ...] = ()
    memberships: tuple[Membership, ...] = ()
    connections: tuple[Connection, ...] = ()
    role_names: tuple[str, ...] = ()
    assumable: Assumable = field(default_factory=dict)

    @property
    def admin(self) -> RoleFacts:
        """The role that the changes are made as."""
        return self.roles[self.administrator]

    def through(self, role: str) -> tuple[tuple[str, str], ...]:
        """Return by which roles, and whose grants, a role is a member of the administrator; empty where it is none."""
        return tuple((of, grantor) for of, member, grantor in self.administrator_members if member == role)

    @property
    def names_per_transaction(self) -> int | None:
        """How many objects one transaction may name; None where names take no lock."""
        if not has_feature(self.version_num, "lock_per_name"):
            return None
        return max(1, self.lock_slots // SHARE_OF_LOCK_SLOTS)

    def can_act_for(self, creator: CreatorFacts) -> bool:
        """Return whether the administrator may change the default privileges of a role."""
        inherits = has_feature(self.version_num, "inherited_defaults")
        return creator.is_inherited if inherits else creator.is_member


@dataclass(frozen=True)
class PrivilegeState:
    """Whether a privilege is held, by a direct grant or otherwise (such as through PUBLIC), and can be granted."""

    is_direct: bool
    is_effective: bool
    is_grantable: bool


@dataclass(frozen=True)
class SchemaFacts:
    """A schema; ``is_usable`` tells whether the administrator has USAGE, without which nothing in it can be named.

    ``can_create`` tells whether the group may create relations there, ``can_public_create`` whether PUBLIC may.
    ``extension`` is the one that it is a member of, empty for none; ``holds_relation`` tells of a name that needs
    quotes whether the group holds a privilege on a table or view in it.
    """

    oid: int
    name: str
    owner: str
    usage: PrivilegeState
    is_usable: bool
    can_create: bool = False
    extension: str = ""
    holds_relation: bool = False
    can_public_create: bool = False

    @property
    def is_granted(self) -> bool:
        """Whether the group has been granted USAGE."""
        return self.usage.is_direct


@dataclass(frozen=True)
class CreatorFacts:
    """A role that owns relations in a schema, creates some, or is listed; ``relations`` counts those it owns there.

    ``is_creator`` tells that ``creators: auto`` means it, ``has_default_privilege`` that the group will have the
    privilege of the schema on what it creates.
    """

    schema: str
    name: str
    is_superuser: bool
    relations: int
    is_creator: bool
    has_default_privilege: bool
    is_member: bool
    is_inherited: bool


class MissingRelation(NamedTuple):
    """A relation on which the group lacks a direct grant.

    ``is_effective``, ``is_extension_member`` and ``has_owner_usage``, whether its owner can name it in a GRANT, are
    known where it is not grantable. A tuple, as there is one for each relation.
    """

    oid: int
    schema: str
    name: str
    is_grantable: bool
    owner: str
    is_effective: bool
    is_extension_member: bool
    has_owner_usage: bool


class VisibleRelation(NamedTuple):
    """A relation that shows up in information_schema for some role."""

    schema: str
    name: str


class AclItem(NamedTuple):
    """An item of an ACL beyond the desired privileges: what ``grantor`` gave to ``grantee``.

    ``kind`` is a key of OBJECT_KINDS. ``schema`` is empty for what is in none. ``name`` is the object's; of a default
    privilege, the creator's; of a large object, its number. ``detail`` is the column, the arguments of a routine, or
    what a default privilege is about, as pg_default_acl has it. ``revoke_as`` is the role to assume for REVOKE: empty
    for none, None if the administrator cannot assume a suitable one. ``is_reachable`` tells whether REVOKE can name the
    object: a schema without USAGE hides it, and a default privilege may outlive its schema. With ``keeps_privilege``
    the privilege is desired, and only its grant option is not. A tuple, as there may be one for each relation.
    """

    class_id: int
    object_id: int
    kind: str
    schema: str
    name: str
    detail: str
    privilege: str
    grantee: str
    grantor: str
    owner: str
    is_grant_option: bool
    keeps_privilege: bool
    revoke_as: str | None
    is_reachable: bool

    @property
    def object(self) -> tuple[str, str, str, str]:
        """What identifies the object."""
        return (self.kind, self.schema, self.name, self.detail)


@dataclass(frozen=True)
class Mention:
    """That a role is mentioned in a database, empty for the server as a whole.

    ``how`` is o for an owner, a for an ACL, r for a policy, i for initial privileges, m for a user mapping; ``can_act``
    tells whether the administrator may act for the role.
    """

    role: str
    database: str
    how: str
    objects: int
    can_act: bool


@dataclass(frozen=True)
class Membership:
    """A membership of ``member`` in ``role``, granted by ``grantor``, which is empty if that role is gone."""

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
    """A policy that names one of the roles; ``others`` are the other roles that it names."""

    schema: str
    relation: str
    name: str
    others: Sequence[str]


@dataclass(frozen=True)
class UserMapping:
    """A user mapping of a role, and whether the administrator may drop it."""

    role: str
    server: str
    can_drop: bool


@dataclass(frozen=True)
class Remains:
    """What has to be known of a database only to drop the roles: mentions of them, policies and user mappings."""

    mentions: tuple[Mention, ...] = ()
    policies: tuple[Policy, ...] = ()
    mappings: tuple[UserMapping, ...] = ()

    @property
    def initial(self) -> tuple[str, ...]:
        """The roles in initial privileges of an extension's objects, which REVOKE does not take them out of.

        https://www.postgresql.org/docs/current/catalog-pg-init-privs.html
        """
        return tuple(mention.role for mention in self.mentions if mention.how == "i")


@dataclass(frozen=True)
class DatabaseFacts:
    """A database: all its schemas, and compared with the desired privileges, what is missing and what is extraneous.

    ``listed`` has the schemas in scope and the privilege on relations in each; ``creators`` are those of these schemas.
    ``scope`` and ``entry_problems`` tell how the entry was read, None and empty for a part or an unlisted database.
    ``left_out`` is missing too, and not granted: its name would break the scan. ``remains`` is None if no role is to be
    dropped; ``assumable`` is empty unless owners are to be assumed.
    """

    name: str
    owner: str
    is_read_only: bool
    connect: PrivilegeState
    can_create_schemas: bool
    has_citus: bool
    schemas: Mapping[str, SchemaFacts]
    listed: Mapping[str, Privilege]
    creators: tuple[CreatorFacts, ...]
    missing: tuple[MissingRelation, ...]
    extraneous: tuple[AclItem, ...]
    remains: Remains | None = None
    left_out: tuple[MissingRelation, ...] = ()
    assumable: Assumable = field(default_factory=dict)
    scope: DatabaseScope | None = None
    entry_problems: tuple[Problem, ...] = ()

    def without_new_schemas(self, known: Collection[str]) -> DatabaseFacts:
        """Return a copy whose schemas in scope are only the known ones."""
        return replace(
            self,
            listed={name: privilege for name, privilege in self.listed.items() if name in known},
            creators=tuple(creator for creator in self.creators if creator.schema in known),
            missing=tuple(relation for relation in self.missing if relation.schema in known),
            left_out=tuple(relation for relation in self.left_out if relation.schema in known),
        )
