# SPDX-License-Identifier: GPL-3.0-or-later
"""Values for tests: hostile names, strategies that generate more of them, and facts as read from a catalog."""

from __future__ import annotations

import zlib
from typing import Any

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    AclItem,
    CreatorFacts,
    DatabaseFacts,
    ListedDatabase,
    MissingRelation,
    PrivilegeState,
    RoleFacts,
    SchemaFacts,
    ServerFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import AccessRequest, User
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.entry import DatabaseEntry
from hypothesis import strategies

HOSTILE = "we\"ird.näme'; --"
NAMES_THAT_HURT = (
    HOSTILE,
    "sales",
    "Sales",
    "SALES",
    "select",
    "user",
    "a b",
    " ",
    "a,b",
    "a.b",
    '"',
    '""',
    "'",
    "\\",
    "{}",
    "{0}",
    "%s",
    "%(name)s",
    "%",
    "$1",
    "$$",
    "line\nbreak",
    "tab\tand\rreturn",
    "/* --",
    "ä" * 31 + "x",
    "x" * 63,
    "日本語",
    "\u202eright to left",
    "\x7f",
    "e\u0301",
    "é",
    "-",
    "1",
    "U&",
)

PASSWORD = "p4ss w'ord\\{0}%s"
SERVER_17 = 170010
SERVER_9_6 = 90624
SERVER_18 = 180004

DIRECT = PrivilegeState(is_direct=True, is_effective=True, is_grantable=True)
LACKING = PrivilegeState(is_direct=False, is_effective=False, is_grantable=True)
THROUGH_PUBLIC = PrivilegeState(is_direct=False, is_effective=True, is_grantable=False)
OUT_OF_REACH = PrivilegeState(is_direct=False, is_effective=False, is_grantable=False)


def names() -> strategies.SearchStrategy[str]:
    """Return any name that PostgreSQL allows, with hostile ones more often."""
    characters = strategies.characters(exclude_characters="\0", exclude_categories=["Cs"])
    short = strategies.text(characters, min_size=1, max_size=12).filter(lambda name: len(name.encode()) <= 63)
    return strategies.sampled_from(NAMES_THAT_HURT) | short


def a_role(name: str, **properties: Any) -> RoleFacts:
    """Return a role as CREATE ROLE creates it, except for the given properties."""
    plain: dict[str, Any] = {
        "is_superuser": False,
        "is_replication": False,
        "is_bypassrls": False,
        "is_createrole": False,
        "is_createdb": False,
        "can_login": False,
        "is_inheriting": True,
        "connection_limit": -1,
        "is_expired": False,
        "owned": 0,
        "members": (),
        "is_in_group": False,
        "is_administered": False,
        "connections": 0,
    }
    return RoleFacts(name, **{**plain, **properties})


def a_reader(name: str, **properties: Any) -> RoleFacts:
    """Return a user as this collection configures it."""
    settings = {"": {"default_transaction_read_only": "on", "client_encoding": "UTF8"}}
    plain = {"can_login": True, "connection_limit": 20, "is_in_group": True, "settings": settings}
    return a_role(name, **{**plain, **properties})


ADMIN = a_role("admin", is_superuser=True, can_login=True)


def a_server(*roles: RoleFacts, admin: RoleFacts = ADMIN, **properties: Any) -> ServerFacts:
    """Return a server with these roles and an administrator that logs in under its own name."""
    plain: dict[str, Any] = {
        "version_num": SERVER_17,
        "version": "17.10",
        "is_in_recovery": False,
        "is_read_only": False,
        "lock_slots": 6400,
        "can_read_verifiers": True,
        "administrator": admin.name,
        "login": admin.name,
        "has_citus": False,
        "superusers": (),
        "administrator_members": (),
        "roles": {role.name: role for role in (admin, *roles)},
        "databases": (),
    }
    return ServerFacts(**{**plain, **properties})


def a_listed_database(name: str, **properties: bool) -> ListedDatabase:
    """Return an ordinary database of a server, except for the given properties."""
    plain = {"allows_connections": True, "is_template": False, "can_connect": True, "is_open": True}
    return ListedDatabase(name, **{**plain, **properties})


def a_schema(name: str, usage: PrivilegeState = LACKING, **properties: Any) -> SchemaFacts:
    """Return a schema; by default the group lacks USAGE and the administrator can grant it."""
    return SchemaFacts(len(name), name, usage=usage, **{"owner": "owner", "is_usable": True, **properties})


def a_creator(schema: str, name: str = "owner", **properties: Any) -> CreatorFacts:
    """Return the owner of a schema, who owns no relation there and has no default privilege for the group."""
    plain: dict[str, Any] = {
        "is_superuser": False,
        "relations": 0,
        "is_creator": True,
        "has_default_privilege": False,
        "is_member": True,
        "is_inherited": True,
    }
    return CreatorFacts(schema, name, **{**plain, **properties})


def a_relation(schema: str, name: str, **properties: Any) -> MissingRelation:
    """Return a relation that the group cannot read and the administrator can grant on."""
    plain: dict[str, Any] = {
        "oid": zlib.crc32(f"{schema}.{name}".encode()),
        "is_grantable": True,
        "owner": "owner",
        "is_effective": False,
        "is_extension_member": False,
        "has_owner_usage": True,
    }
    return MissingRelation(**{**plain, "schema": schema, "name": name, **properties})


def an_item(schema: str = "s", name: str = "t", **properties: Any) -> AclItem:
    """Return SELECT on a relation, which its owner has granted to the group and the administrator can revoke."""
    plain: dict[str, Any] = {
        "class_id": 1259,
        "object_id": zlib.crc32(f"{schema}.{name}".encode()),
        "kind": "relation",
        "detail": "",
        "privilege": "SELECT",
        "grantee": "readers",
        "grantor": "owner",
        "owner": "owner",
        "is_grant_option": False,
        "keeps_privilege": False,
        "revoke_as": "",
        "is_reachable": True,
    }
    return AclItem(**{**plain, "schema": schema, "name": name, **properties})


def a_database(*schemas: SchemaFacts, **properties: Any) -> DatabaseFacts:
    """Return a database with all schemas in scope; CONNECT is missing and can be granted."""
    plain: dict[str, Any] = {
        "name": "warehouse",
        "owner": "owner",
        "is_read_only": False,
        "connect": LACKING,
        "can_create_schemas": False,
        "has_citus": False,
        "schemas": {schema.name: schema for schema in schemas},
        "listed": {schema.name: "SELECT" for schema in schemas},
        "creators": (),
        "missing": (),
        "extraneous": (),
    }
    return DatabaseFacts(**{**plain, **properties})


def an_entry(name: str = "warehouse", *schemas: str, **properties: Any) -> DatabaseEntry:
    """Return an entry of ``databases``, for all schemas unless some are named."""
    return DatabaseEntry(name, schemas or ("*",), **properties)


def a_request(group: str = "readers", *users: str, **properties: Any) -> AccessRequest:
    """Return the request of a task, with one user unless some are named."""
    wanted = tuple(User(name, Secret(PASSWORD)) for name in users or ("metamapper",))
    return AccessRequest(group, **{"users": wanted, "databases": (an_entry(),), **properties})


def options(**changes: Any) -> dict[str, Any]:
    """Return the options of the module access that define the desired state, as Ansible passes them."""
    plain = {
        "group": "readers",
        "users": [{"name": "metamapper", "password": PASSWORD, "state": "present"}],
        "databases": [entry_options()],
        "privilege": "select",
        "accept_references": False,
        "connection_limit": 20,
        "adopt": False,
        "assume_owners": False,
        "exclusive": False,
        "state": "present",
        "end_connections": False,
        "wait_seconds": 300,
        "lock_timeout_ms": 5000,
        "parallel_databases": 1,
        "search_path": "",
    }
    return {**plain, **changes}


def entry_options(**changes: Any) -> dict[str, Any]:
    """Return the options of one database, as Ansible passes them."""
    plain = {
        "name": "warehouse",
        "schemas": ["sales"],
        "exclude_schemas": [],
        "metadata_schemas": [],
        "creators": ["auto"],
        "allow_empty": False,
        "accept_breaks_scan": False,
    }
    return {**plain, **changes}
