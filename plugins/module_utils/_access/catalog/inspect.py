# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Reads the catalog, as nothing else of module access does, and never writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Collection, Mapping, NamedTuple, Sequence

from ..._core.metamapper_form import DEFAULT_CHARACTERS
from ..._core.server_version import has_feature
from ..._core.unquoted_names import UnquotedNameParser
from ..._postgres.session import Session
from ..._scope.account import DatabaseScope
from ..._scope.entry import Privilege
from ..._scope.namesakes import breaking_relations
from ..privileges.desired import Desired
from ..request import AccessRequest
from . import acl_queries, queries
from .facts import (
    AclItem,
    CreatorFacts,
    DatabaseFacts,
    ListedDatabase,
    MissingRelation,
    PrivilegeState,
    SchemaFacts,
    ServerFacts,
    ServerRow,
)
from .inspect_roles import (
    inspect_assumable,
    inspect_connections,
    inspect_memberships,
    inspect_mentions,
    inspect_remains,
    inspect_role_names,
    inspect_roles,
    set_privilege,
)

# Ordinary and partitioned tables, views, materialized views and foreign tables: what SELECT ON TABLES covers.
# https://www.postgresql.org/docs/current/catalog-pg-class.html
RELATION_KINDS = ("r", "p", "v", "m", "f")


class LongDefault(NamedTuple):
    """A column whose default is longer than what Metamapper stores, and how long it is."""

    schema: str
    relation: str
    column_name: str
    characters: int


class Primary(NamedTuple):
    """Where a standby gets its changes from."""

    host: str
    port: int


class _SchemaRow(NamedTuple):
    is_read_only: bool
    database_owner: str
    is_connect_direct: bool
    is_connect_effective: bool
    is_connect_grantable: bool
    can_create_schemas: bool
    has_citus: bool
    oid: int | None
    name: str
    owner: str
    is_usage_direct: bool
    is_usage_effective: bool
    is_usage_grantable: bool
    is_usable: bool
    can_create: bool
    extension: str
    holds_relation: bool
    can_public_create: bool | None


@dataclass(frozen=True)
class Narrowed:
    """The part of a database that one of several transactions inspects, at a cost that does not grow with the rest.

    ``whole`` is the database before the first of them. ``schemas`` are those that the part is in, ``relations`` the
    oids of those that may be missing, ``objects`` class and oid of those that may be extraneous, and
    ``creator_schemas`` the schemas whose creators are asked for.
    """

    whole: DatabaseFacts
    schemas: frozenset[str]
    relations: Sequence[int] = ()
    objects: Sequence[tuple[int, int]] = ()
    creator_schemas: frozenset[str] = frozenset()


def inspect_server(session: Session, request: AccessRequest) -> ServerFacts:
    """Return the server, its databases and the roles that matter; three round trips, up to six to retire or drop."""
    server = session.records(queries.SERVER, None, ServerRow)[0]
    version = session.connection.server_version
    roles = inspect_roles(session, request)
    effective = {"effective": request.group if request.group in roles else "public"}
    return ServerFacts(
        version_num=version,
        **vars(server),
        roles=roles,
        databases=tuple(session.records(queries.DATABASES, effective, ListedDatabase)),
        mentions=inspect_mentions(session, request) if request.is_exclusive else (),
        memberships=inspect_memberships(session, request, version) if request.is_absent else (),
        connections=inspect_connections(session, request),
        role_names=inspect_role_names(session) if set(request.listed_creators) - set(roles) else (),
        assumable=inspect_assumable(session, request) if request.is_exclusive else {},
    )


def inspect_primary(session: Session) -> Primary | None:
    """Return the primary of a standby, None where the standby does not tell; one round trip."""
    rows = session.records(queries.PRIMARY, None, Primary)
    return rows[0] if rows else None


def inspect_long_defaults(session: Session, schemas: Collection[str]) -> list[LongDefault]:
    """Return the column defaults of some schemas that are too long on the transaction's search path; one round trip."""
    return session.records(
        queries.LONG_DEFAULTS, {"schemas": list(schemas), "characters": DEFAULT_CHARACTERS}, LongDefault
    )


def inspect_shared(
    session: Session,
    request: AccessRequest,
    version: int,
    databases: Sequence[str] = (),
    assumable: Collection[str] = (),
) -> tuple[AclItem, ...]:
    """Return what is extraneous on databases, tablespaces and parameters; one round trip, from any database.

    ``databases`` are those on which the group is to have CONNECT, ``assumable`` the roles that may be assumed.
    """
    query = acl_queries.EXTRANEOUS_SHARED
    if has_feature(version, "parameter_acls"):
        query = acl_queries.EXTRANEOUS_SHARED_15
    parameters = {**_acl_parameters(request, version, databases), "is_shared": True, "assumable": list(assumable)}
    return tuple(session.records(query, parameters, AclItem))


def inspect_database(
    session: Session, desired: Desired, narrowed: Narrowed | None = None, *, has_group: bool = True
) -> DatabaseFacts:
    """Return a database compared with what is desired; a few round trips, regardless of the number of objects.

    ``has_group`` tells whether the group exists. What only dropping roles has to know is not asked of a part.
    """
    request, name = desired.request, desired.name
    effective = request.group if has_group and not request.is_absent else "public"
    group = {"group": request.group, "effective": effective}
    unquotable = UnquotedNameParser(desired.server.version_num, name).unquotable_schema
    of_schemas = {**group, "unquotable": unquotable, "schema_names": sorted(narrowed.schemas) if narrowed else None}
    rows = session.records(queries.SCHEMAS, of_schemas, _SchemaRow)
    # The privileges of a schema that was dropped since the snapshot are NULL, and so is everything if there is no
    # schema.
    schemas = {row.name: _schema(row) for row in rows if row.can_public_create is not None}
    scope, problems = (None, ()) if narrowed else desired.scope(schemas.values())
    listed = _listed(schemas, scope, narrowed)
    creators, missing = _creators_and_missing(session, desired, group, (schemas, listed), narrowed)
    # A transaction that writes sees what others commit between two queries: a schema may have another name now.
    creators = tuple(creator for creator in creators if creator.schema in listed)
    missing = tuple(relation for relation in missing if relation.schema in listed)
    breaking = _breaking(session, desired, schemas, missing, narrowed)
    assumable = inspect_assumable(session, request)
    parameters = {
        **_listed_parameters(schemas, listed),
        **_creator_parameters(schemas, desired.creators(creators)),
        "databases": [name] if desired.target else [],
        "assumable": list(assumable),
    }
    return DatabaseFacts(
        name=name,
        is_read_only=rows[0].is_read_only,
        owner=rows[0].database_owner,
        connect=PrivilegeState(rows[0].is_connect_direct, rows[0].is_connect_effective, rows[0].is_connect_grantable),
        can_create_schemas=rows[0].can_create_schemas,
        has_citus=rows[0].has_citus,
        schemas=schemas,
        listed=listed,
        creators=creators,
        missing=tuple(relation for relation in missing if relation.oid not in breaking),
        left_out=tuple(relation for relation in missing if relation.oid in breaking),
        extraneous=_extraneous(session, desired, parameters, narrowed) if has_group or _has_role(desired) else (),
        remains=inspect_remains(session, request, name) if request.is_absent and narrowed is None else None,
        assumable=assumable,
        scope=scope,
        entry_problems=problems,
    )


def _listed(
    schemas: Mapping[str, SchemaFacts], scope: DatabaseScope | None, narrowed: Narrowed | None
) -> Mapping[str, Privilege]:
    """Return the privilege on relations in each schema in scope; a part does not tell what the patterns match."""
    if narrowed is not None:
        return {name: narrowed.whole.listed[name] for name in schemas if name in narrowed.whole.listed}
    return scope.schemas if scope else {}


def _creator_parameters(schemas: Mapping[str, SchemaFacts], creators: Sequence[CreatorFacts]) -> dict[str, Any]:
    return {
        "creator_schemas": [schemas[creator.schema].oid for creator in creators],
        "creators": [creator.name for creator in creators],
    }


def _breaking(
    session: Session,
    desired: Desired,
    schemas: Mapping[str, SchemaFacts],
    missing: Sequence[MissingRelation],
    narrowed: Narrowed | None,
) -> frozenset[int]:
    """Return the oids of those relations that would break a scan, unless that is accepted."""
    if not missing or desired.entry is None or desired.entry.accept_breaks_scan:
        return frozenset()
    known = {**narrowed.whole.schemas, **schemas} if narrowed else schemas  # a name may be read as another schema's
    usage = {name: schema.usage.is_effective for name, schema in known.items()}
    usage.update(dict.fromkeys((relation.schema for relation in missing), True))
    parser = UnquotedNameParser(desired.server.version_num, desired.name)
    names = breaking_relations(session, parser, usage, [(relation.schema, relation.name) for relation in missing])
    return frozenset(relation.oid for relation in missing if (relation.schema, relation.name) in names)


def _listed_parameters(schemas: Mapping[str, SchemaFacts], listed: Mapping[str, Privilege]) -> Mapping[str, Any]:
    return {
        "schemas": [schemas[schema].oid for schema in listed],
        "privileges": list(listed.values()),
        "kinds": list(RELATION_KINDS),
    }


def _creators_and_missing(
    session: Session,
    desired: Desired,
    group: Mapping[str, str],
    scope: tuple[Mapping[str, SchemaFacts], Mapping[str, Privilege]],
    narrowed: Narrowed | None,
) -> tuple[tuple[CreatorFacts, ...], tuple[MissingRelation, ...]]:
    """Return both: in one round trip, or for a part of the database in one round trip for each that is asked for."""
    request, entry = desired.request, desired.entry
    schemas, listed = scope
    parameters = {
        **group,
        **_listed_parameters(schemas, listed),
        "listed": list((entry.creators if entry else None) or ()),
        "users": [name for name in request.roles if name != request.group],
    }
    if narrowed is None:
        return _together(session, parameters) if listed else ((), ())
    some = {schema: privilege for schema, privilege in listed.items() if schema in narrowed.creator_schemas}
    of_some = {**parameters, **_listed_parameters(schemas, some)}
    of_relations = {**parameters, "relations": list(narrowed.relations)}
    creators = session.records(queries.CREATORS, of_some, CreatorFacts) if some else ()
    missing = (
        session.records(queries.MISSING_RELATIONS_OF_PART, of_relations, MissingRelation) if narrowed.relations else ()
    )
    return tuple(creators), tuple(missing)


class _Either(NamedTuple):
    oid: int
    schema: str
    name: str
    is_grantable: bool
    owner: str
    is_effective: bool
    is_extension_member: bool
    has_owner_usage: bool
    creator: Mapping[str, Any] | None


def _together(
    session: Session, parameters: Mapping[str, Any]
) -> tuple[tuple[CreatorFacts, ...], tuple[MissingRelation, ...]]:
    rows = session.records(queries.CREATORS_AND_MISSING_RELATIONS, parameters, _Either)
    return (
        tuple(CreatorFacts(**row.creator) for row in rows if row.creator is not None),
        tuple(MissingRelation(*row[:-1]) for row in rows if row.creator is None),
    )


def _has_role(desired: Desired) -> bool:
    """Return whether the survey has found one of the roles, without which nothing is held."""
    return any(name in desired.server.roles for name in desired.request.roles)


def _extraneous(
    session: Session, desired: Desired, parameters: Mapping[str, Any], narrowed: Narrowed | None
) -> tuple[AclItem, ...]:
    if narrowed is not None and not narrowed.objects:
        return ()
    parameters = {**_acl_parameters(desired.request, desired.server.version_num, ()), **parameters}
    query = acl_queries.EXTRANEOUS if desired.request.is_exclusive else acl_queries.EXTRANEOUS_LISTED
    if narrowed is not None:
        query = acl_queries.EXTRANEOUS_OF_PART
        parameters["classes"], parameters["objects"] = (list(part) for part in zip(*narrowed.objects))
    return tuple(session.records(query, parameters, AclItem))


def _acl_parameters(request: AccessRequest, version: int, databases: Sequence[str]) -> dict[str, Any]:
    return {
        "roles": list(request.roles),
        "group": request.group,
        "databases": list(databases),
        "is_exclusive": request.is_exclusive,
        "login_stays": not request.is_absent,
        "is_shared": False,
        "assumable": [],
        "set": set_privilege(version),
        "inherited_defaults": has_feature(version, "inherited_defaults"),
    }


def _schema(row: _SchemaRow) -> SchemaFacts:
    return SchemaFacts(
        oid=row.oid or 0,
        name=row.name,
        owner=row.owner,
        usage=PrivilegeState(row.is_usage_direct, row.is_usage_effective, row.is_usage_grantable),
        is_usable=row.is_usable,
        can_create=row.can_create,
        extension=row.extension,
        holds_relation=row.holds_relation,
        can_public_create=bool(row.can_public_create),
    )
