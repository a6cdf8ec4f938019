# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The rows of the questions about the catalog, where they are not facts themselves; fields are named as the columns."""

from __future__ import annotations

from typing import NamedTuple


class DatabaseRow(NamedTuple):
    """A database of the server."""

    name: str
    allows_connections: bool
    is_template: bool
    can_connect: bool


class SchemaRow(NamedTuple):
    """A schema, and what the login holds on it."""

    oid: int
    name: str
    usage: bool
    create: bool
    create_through: tuple[str, ...]
    group_usage: bool
    is_granted: bool


class ExtensionSchema(NamedTuple):
    """A schema that is a member of an extension."""

    schema: str
    extension: str


class SchemaName(NamedTuple):
    """A schema."""

    schema: str


class PathRow(NamedTuple):
    """The search path of a session, as SET takes it, and its schemas."""

    path: str
    schemas: tuple[str, ...]


class SessionRow(NamedTuple):
    """What the server says about the session."""

    version: int
    session_user_name: str
    current_user_name: str
    address: str
    is_superuser: bool
    can_create_schemas: bool
    can_create_temporary: bool
    group_oid: int | None
    inherits_group: bool
    is_member: bool
    unreadable_catalogs: tuple[str, ...]


class CanIdentify(NamedTuple):
    """Whether the login may ask which server this is."""

    can_identify: bool


class Identity(NamedTuple):
    """Which server this is."""

    system_identifier: str


class Attributes(NamedTuple):
    """The role attributes of the login, by their names in SQL."""

    createrole: bool
    createdb: bool
    replication: bool
    bypassrls: bool


class NamedCreator(NamedTuple):
    """A creator that is listed by name and exists."""

    role: str
    is_inherited: bool


class RelationRow(NamedTuple):
    """The totals of a schema (category "schema"), or a relation worth reporting."""

    category: str
    schema: int
    relation: str
    kind: str
    total: int
    visible: int
    readable: int
    members: int
    shown: int
    owner: str
    through: tuple[str, ...]
    of_extension: bool
    held_by_group: bool
