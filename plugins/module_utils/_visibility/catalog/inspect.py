# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Queries the catalog, as the Metamapper user, for all that the analysis needs."""

from __future__ import annotations

from typing import Mapping, Sequence

from ..._core.server_version import has_feature
from ..._core.unquoted_names import (
    QualifiedName,
    UnquotedNameParser,
    safe_name,
)
from ..._postgres.lock_holders import READERS_LOCK_HOLDERS, ReadersLockHolder
from ..._postgres.session import Session
from ..._postgres.settings import PINNED_SEARCH_PATH
from ..._scope import creators as scope_creators
from ..._scope.databases import Target
from ..._scope.namesakes import existing_namesakes
from ..._scope.schemas import SchemaRules
from ..finding import MOST_EXAMPLES, Aspect
from ..request import (
    Expectation,
    Request,
    VisibleColumns,
    expectation_of,
)
from . import queries, relation_queries
from .facts import (
    Creator,
    DatabaseFacts,
    Default,
    ListedDatabase,
    Loss,
    Membership,
    Owned,
    PathCreator,
    RelationDetail,
    ScanResult,
    Schema,
    SearchPath,
    SessionFacts,
    Totals,
)
from .questions import (
    Questions,
    read_only,
)
from .rows import (
    Attributes,
    CanIdentify,
    DatabaseRow,
    ExtensionSchema,
    Identity,
    NamedCreator,
    PathRow,
    RelationRow,
    SchemaName,
    SchemaRow,
    SessionRow,
)

# What is unknown if the schemas or the relations of a database cannot be read.
OF_SCHEMAS: tuple[Aspect, ...] = ("missing", "breaks_scan", "future", "exposed", "excess")
OF_RELATIONS: tuple[Aspect, ...] = ("missing", "breaks_scan", "exposed", "excess", "limits")
WRITING = "INSERT,UPDATE,DELETE,TRUNCATE,TRIGGER"


def begin(session: Session, request: Request) -> None:
    """Open the transaction in which the catalog is read."""
    read_only(session, lock_timeout_ms=request.lock_timeout_ms)


def listed_databases(session: Session, group: str) -> tuple[ListedDatabase, ...]:
    """Return all databases of the server; raises ServerError if pg_database cannot be read."""
    rows = session.records(queries.DATABASES, {"group": group}, DatabaseRow)
    return tuple(ListedDatabase(*row) for row in rows)


def begin_with_path(session: Session, request: Request) -> PathRow:
    """Open the transaction, and return the search path of the login before ours is set."""
    read_only(session, lock_timeout_ms=request.lock_timeout_ms, is_own_path=True)
    path = session.records(queries.OWN_PATH, None, PathRow)[0]
    session.add(PINNED_SEARCH_PATH.statement())
    return path


def session_facts(session: Session, group: str) -> SessionFacts:
    """Return who the session is."""
    parameters = {"group": group, "catalogs": list(queries.CATALOGS)}
    row = session.records(queries.SESSION, parameters, SessionRow)[0]
    return SessionFacts(
        version=row.version,
        attributes=(),
        session_user=row.session_user_name,
        current_user=row.current_user_name,
        address=row.address,
        is_superuser=row.is_superuser,
        can_create_schemas=row.can_create_schemas,
        can_create_temporary=row.can_create_temporary,
        group_oid=row.group_oid,
        inherits_group=row.inherits_group,
        is_member=row.is_member,
        tls=session.connection.tls_protocol,
        unreadable_catalogs=frozenset(row.unreadable_catalogs),
    )


def system_identifier(session: Session) -> str:
    """Return the identifier that a server and its copies share; empty if the login may not read it."""
    (can,) = session.records(queries.CAN_IDENTIFY, None, CanIdentify)
    return session.records(queries.IDENTITY, None, Identity)[0].system_identifier if can.can_identify else ""


def attributes(questions: Questions) -> tuple[str, ...]:
    """Return the attributes of the login that a reader does not need."""
    rows = questions.ask(queries.ATTRIBUTES, None, Attributes, "excess")
    return tuple(name.upper() for row in rows for name, is_held in row._asdict().items() if is_held)


def memberships(questions: Questions, group: str) -> tuple[Membership, ...]:
    """Return the roles that the login is or can become, its group among them."""
    return tuple(questions.ask(queries.MEMBERSHIPS, {"group": group}, Membership, "excess"))


def owned(questions: Questions, group: str) -> tuple[Owned, ...]:
    """Return what user and group own, in every database of the server."""
    return tuple(questions.ask(queries.OWNED, {"group": group}, Owned, "excess"))


def database_facts(
    questions: Questions, target: Target, login: SessionFacts, path: PathRow, request: Request
) -> DatabaseFacts:
    """Return what the catalog tells about one database; a dozen queries, regardless of the number of objects.

    Raises ServerError if the server stops answering.
    """
    reader = UnquotedNameParser(login.version, target.name)
    schemas = _schemas(questions, reader, login.group_oid)
    scope, problems = SchemaRules(request.privilege, login.version).scope(target, schemas.values())
    is_known = questions.can_ask(queries.SCHEMAS)
    expectation = expectation_of(scope, problems) if is_known else Expectation()
    totals, details = _relations(questions, reader, login, schemas, expectation)
    return DatabaseFacts(
        name=target.name,
        group=request.group,
        scope=scope if is_known else None,
        reader=reader,
        session=login,
        expectation=expectation,
        schemas=schemas,
        totals=totals,
        details=details,
        creators=_creators(questions, schemas, expectation),
        defaults=_defaults(questions, login.group_oid),
        namesakes=_namesakes(questions, reader, details),
        scan=ScanResult(None),
        search_path=_search_path(questions, path),
    )


def _schemas(questions: Questions, reader: UnquotedNameParser, group_oid: int | None) -> Mapping[str, Schema]:
    rows = questions.ask(queries.SCHEMAS, {"group": group_oid}, SchemaRow, *OF_SCHEMAS)
    extensions = dict(questions.ask(queries.EXTENSION_SCHEMAS, None, ExtensionSchema, "missing"))
    odd = questions.ask(queries.INDEXED_SCHEMAS, {"odd_name": reader.odd_name}, SchemaName, "breaks_scan")
    parameters = {"group": group_oid, "unquotable": reader.unquotable_schema}
    held = {one.schema for one in questions.ask(queries.HELD_SCHEMAS, parameters, SchemaName, "missing")}
    indexed = {one.schema for one in odd}
    return {
        row.name: Schema(
            **row._asdict(),
            in_index_query=row.name in indexed,
            extension=extensions.get(row.name, ""),
            holds_relation=row.name in held,
        )
        for row in rows
    }


def _relations(
    questions: Questions,
    reader: UnquotedNameParser,
    login: SessionFacts,
    schemas: Mapping[str, Schema],
    expectation: Expectation,
) -> tuple[Mapping[str, Totals], tuple[RelationDetail, ...]]:
    parameters = {
        "schemas": [schemas[name].oid for name in expectation.schemas],
        "privileges": list(expectation.schemas.values()),
        "beyond": WRITING + (",MAINTAIN" if has_feature(login.version, "maintain") else ""),
        "odd_name": reader.odd_relation,
        "group": login.group_oid,
        "examples": MOST_EXAMPLES,
    }
    names = {schema.oid: name for name, schema in schemas.items()}
    rows = questions.ask(relation_queries.RELATIONS, parameters, RelationRow, *OF_RELATIONS)
    totals = {
        names[row.schema]: Totals(row.members, row.shown, row.total, row.visible, row.readable)
        for row in rows
        if row.category == "schema"
    }
    return totals, tuple(_detail(row, names[row.schema]) for row in rows if row.category != "schema")


def _detail(row: RelationRow, schema: str) -> RelationDetail:
    return RelationDetail(
        category=row.category,
        schema=schema,
        relation=row.relation,
        kind=row.kind,
        columns=row.total,
        visible=row.visible,
        readable=row.readable,
        members=row.members,
        owner=row.owner,
        through=row.through,
        of_extension=row.of_extension,
        held_by_group=row.held_by_group,
    )


def _creators(questions: Questions, schemas: Mapping[str, Schema], expectation: Expectation) -> tuple[Creator, ...]:
    listed = {role for roles in expectation.creators.values() for role in roles}
    automatic = {schemas[name].oid: name for name in expectation.schemas if name not in expectation.creators}
    schemas_of = {"schemas": list(automatic)}
    owners = questions.ask(scope_creators.CREATORS, schemas_of, scope_creators.Creator, "future")
    found = [one for one in owners if one.is_creator]
    names = sorted(listed | {one.role for one in found})
    rows = questions.ask(queries.NAMED_CREATORS, {"names": names}, NamedCreator, "future")
    is_inherited = {row.role: row.is_inherited for row in rows}
    by_name = [
        Creator(schema, role, is_inherited[role])
        for schema, roles in expectation.creators.items()
        for role in roles
        if role in is_inherited
    ]
    by_right = [
        Creator(
            automatic[one.schema_oid],
            one.role,
            is_inherited.get(one.role, False),
            is_member=one.is_member and not (one.is_owner or one.may_create),
        )
        for one in found
    ]
    return (*by_name, *by_right)


def _defaults(questions: Questions, group_oid: int | None) -> tuple[Default, ...]:
    return tuple(questions.ask(queries.DEFAULTS, {"group": group_oid}, Default, "future", "excess", "breaks_scan"))


def _namesakes(
    questions: Questions, reader: UnquotedNameParser, details: Sequence[RelationDetail]
) -> frozenset[QualifiedName]:
    """Return which names exist that relations needing quotes are mistaken for, or that a remedy could give them."""
    odd = [
        detail
        for detail in details
        if detail.category == "needs_quotes"
        or (detail.category == "missing" and reader.is_unquotable_relation(detail.relation))
    ]
    meant = [reader.meant(detail.schema, detail.relation) for detail in odd]
    new = [(detail.schema, safe_name(detail.relation, frozenset())) for detail in odd]
    return existing_namesakes(questions.session, (name for name in (*meant, *new) if name is not None))


def _search_path(questions: Questions, path: PathRow) -> SearchPath:
    if not questions.can_ask(queries.PATH_CREATORS):
        return SearchPath(path.path, is_known=False)
    parameters = {"schemas": list(path.schemas)}
    return SearchPath(path.path, tuple(questions.ask(queries.PATH_CREATORS, parameters, PathCreator)))


def lock_holders(session: Session, request: Request) -> tuple[ReadersLockHolder, ...]:
    """Return who may have blocked a query, in a new transaction."""
    session.rollback()
    begin(session, request)
    return tuple(session.records(READERS_LOCK_HOLDERS, None, ReadersLockHolder))


def less_visible(baseline: VisibleColumns, seen: VisibleColumns | None) -> VisibleColumns:
    """Return what of the baseline a scan did not see, with its number of columns; all of it if the scan failed."""
    less = {
        schema: {
            relation: columns
            for relation, columns in held.items()
            if seen is None or seen.get(schema, {}).get(relation, 0) < columns
        }
        for schema, held in baseline.items()
    }
    return {schema: held for schema, held in less.items() if held}


def losses(questions: Questions, less: VisibleColumns) -> tuple[Loss, ...]:
    """Return why these are not visible; if the scan fails, what a repaired one would not see."""
    flat = [(schema, relation, columns) for schema, held in less.items() for relation, columns in held.items()]
    schemas, relations, columns_before = (list(part) for part in zip(*flat))
    parameters = {"schemas": schemas, "relations": relations, "columns": columns_before}
    return tuple(questions.ask(relation_queries.LOST, parameters, Loss, "lost"))
