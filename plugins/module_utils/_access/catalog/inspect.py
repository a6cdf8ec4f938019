# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Reads the catalog; nothing else of this collection's module access does, and this never writes."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog import queries as ask
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    CreatorFacts,
    DatabaseFacts,
    Holding,
    ListedDatabase,
    RelationFacts,
    RoleFacts,
    SchemaFacts,
    ServerFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import Wanted
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.unquoted_names import Reader
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import Row
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.entry import Privilege

# Ordinary and partitioned tables, views, materialized views and foreign tables: what SELECT ON TABLES covers.
# https://www.postgresql.org/docs/current/catalog-pg-class.html
RELATION_KINDS = ("r", "p", "v", "m", "f")

ChooseSchemas = Callable[[Iterable[SchemaFacts]], Mapping[str, Privilege]]


def inspect_roles(session: Session, wanted: Wanted) -> dict[str, RoleFacts]:
    """Return the roles of the task, the creators it lists, the administrator and the login, as far as they exist."""
    names = [*wanted.role_names, *wanted.retired, *wanted.listed_creators]
    rows = session.rows(ask.ROLES, {"names": names, "group": wanted.group})
    return {row[0]: _role(row) for row in rows}


def inspect_server(session: Session, wanted: Wanted) -> ServerFacts:
    """Return the server, its databases and the roles that matter; three round trips."""
    server = session.rows(ask.SERVER)[0]
    roles = inspect_roles(session, wanted)
    effective = {"effective": _effective_grantee(roles, wanted)}
    databases = tuple(ListedDatabase(*row) for row in session.rows(ask.DATABASES, effective))
    return ServerFacts(session.connection.server_version, *server, roles, databases)  # type: ignore[call-arg]


def inspect_database(
    session: Session, name: str, *, group: str, group_exists: bool, listed: Sequence[str], choose: ChooseSchemas
) -> DatabaseFacts:
    """Return what a database holds of what is wanted; three round trips, however many objects there are.

    ``choose`` picks the wanted schemas from all, with the privilege wanted there; ``listed`` are creators
    that the options name.
    """
    parameters: dict[str, Any] = {
        "group": group,
        "effective": group if group_exists else "public",
        "kinds": list(RELATION_KINDS),
        "listed": list(listed),
        "unquotable": Reader(session.connection.server_version, name).unquotable_schema,
    }
    rows = session.rows(ask.SCHEMAS, parameters)
    # The privileges of a schema that was dropped since the snapshot are NULL, and so is everything where there is none.
    schemas = {row[7]: _schema(row) for row in rows if row[-1] is not None}
    chosen = choose(schemas.values())
    parameters["schemas"] = [schemas[schema].oid for schema in chosen]
    parameters["privileges"] = list(chosen.values())
    names = {schemas[schema].oid: schema for schema in chosen}
    return DatabaseFacts(
        name=name,
        is_read_only=rows[0][0],
        owner=rows[0][1],
        connect=Holding(*rows[0][2:5]),
        can_create_schemas=rows[0][5],
        schemas=schemas,
        wanted=chosen,
        creators=tuple(CreatorFacts(names[row[0]], *row[1:]) for row in session.rows(ask.CREATORS, parameters)),
        relations=tuple(RelationFacts(names[row[0]], *row[1:]) for row in session.rows(ask.RELATIONS, parameters)),
    )


def _role(row: Row) -> RoleFacts:
    return RoleFacts(*row[:-2], _settings(row[-2]), tuple(row[-1]))  # type: ignore[call-arg]


def _schema(row: Row) -> SchemaFacts:
    oid, name, owner, is_direct, is_effective, is_grantable, *rest = row[6:]
    return SchemaFacts(oid, name, owner, Holding(is_direct, is_effective, is_grantable), *rest)


def _effective_grantee(roles: Mapping[str, RoleFacts], wanted: Wanted) -> str:
    return wanted.group if wanted.group in roles else "public"


def _settings(rows: Sequence[tuple[str, Sequence[str]]] | None) -> dict[str, dict[str, str]]:
    return {database: dict(_split(setting) for setting in settings) for database, settings in rows or ()}


def _split(setting: str) -> tuple[str, str]:
    name, value = setting.split("=", 1)
    return name, value
