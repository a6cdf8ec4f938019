# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What the catalog says, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, NamedTuple, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import has_feature
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.entry import Privilege


@dataclass(frozen=True)
class RoleFacts:
    """A role. ``settings`` maps a database name, empty for all databases, to what ALTER ROLE SET says there.

    ``grantors`` are those who made it a member of the group, directly.
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


@dataclass(frozen=True)
class ListedDatabase:
    """A database of the server; ``is_open`` tells whether the group, or PUBLIC for it, has CONNECT."""

    name: str
    allows_connections: bool
    is_template: bool
    can_connect: bool
    is_open: bool


# Where GRANT takes a lock for each name, a transaction uses at most this part of the server's lock slots.
SHARE_OF_LOCK_SLOTS = 4


@dataclass(frozen=True)
class ServerFacts:
    """The server as the administrator finds it; ``version_num`` is ``server_version_num``."""

    version_num: int
    version: str
    is_in_recovery: bool
    is_read_only: bool
    lock_slots: int
    can_read_verifiers: bool
    administrator: str
    login: str
    roles: Mapping[str, RoleFacts]
    databases: tuple[ListedDatabase, ...]

    @property
    def admin(self) -> RoleFacts:
        """The role that the changes are made as."""
        return self.roles[self.administrator]

    @property
    def names_per_transaction(self) -> int | None:
        """How many objects one transaction may name; None where names take no lock."""
        if not has_feature(self.version_num, "lock_per_name"):
            return None
        return max(1, self.lock_slots // SHARE_OF_LOCK_SLOTS)

    def can_act_for(self, creator: CreatorFacts) -> bool:
        """Tell whether the administrator may change the default privileges of a role."""
        inherits = has_feature(self.version_num, "inherited_defaults")
        return creator.is_inherited if inherits else creator.is_member


@dataclass(frozen=True)
class Holding:
    """How a privilege is held: by a direct grant, or through PUBLIC, say; and whether it can be granted."""

    is_direct: bool
    is_effective: bool
    is_grantable: bool


@dataclass(frozen=True)
class SchemaFacts:
    """A schema; ``is_usable`` tells whether the administrator has USAGE, without which nothing in it can be named.

    ``can_create`` tells whether the group may create relations there, ``can_public_create`` whether everybody may.
    ``extension`` is the one that it is a member of, empty for none; ``holds_relation`` tells of a name that needs
    quotes whether the group holds a privilege on a table or view in it.
    """

    oid: int
    name: str
    owner: str
    usage: Holding
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
    """A role that owns or may create relations in a schema; ``relations`` counts those it owns there, of all kinds."""

    schema: str
    name: str
    is_superuser: bool
    relations: int
    is_owner: bool
    may_create: bool
    is_listed: bool
    is_ready: bool
    has_other: bool
    is_member: bool
    is_inherited: bool


class RelationFacts(NamedTuple):
    """A relation on which the group lacks a direct grant, or holds that of the other mode.

    ``is_effective`` and ``is_extension_member`` are known where it is neither direct nor grantable. A tuple, as there
    is one for each relation.
    """

    schema: str
    name: str
    is_direct: bool
    has_other: bool
    is_grantable: bool
    owner: str
    is_effective: bool
    is_extension_member: bool


@dataclass(frozen=True)
class DatabaseFacts:
    """A database: all its schemas, and of the wanted ones (with the privilege wanted there) creators and relations."""

    name: str
    owner: str
    is_read_only: bool
    connect: Holding
    can_create_schemas: bool
    schemas: Mapping[str, SchemaFacts]
    wanted: Mapping[str, Privilege]
    creators: tuple[CreatorFacts, ...]
    relations: tuple[RelationFacts, ...]
