# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Asks a server, as the Metamapper user and in a transaction that cannot write, for all that the analysis needs."""

from __future__ import annotations

from typing import Iterator, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import has_feature
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.unquoted_names import (
    QualifiedName,
    Reader,
    safe_name,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import Row, ServerError
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session, Setting
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.databases import Target
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.schemas import SchemaRules
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog import queries
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import (
    Answer,
    Creator,
    DatabaseFacts,
    Default,
    Detail,
    ListedDatabase,
    Loss,
    Membership,
    Owned,
    QueryFailure,
    Schema,
    SessionFacts,
    Totals,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.finding import EXAMPLES
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.request import (
    Expectation,
    Request,
    Seen,
    expectation_of,
)

FETCHED_AT_ONCE = 5000
ATTRIBUTES = ("CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS")
WRITING = "INSERT,UPDATE,DELETE,TRUNCATE,TRIGGER"

# One snapshot for all questions, so that they agree with each other. Without the setting the server would plan the
# cursor for its first tenth: https://www.postgresql.org/docs/current/runtime-config-query.html
MODE = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
SETTINGS = (Setting("cursor_tuple_fraction", "1"),)


def begin(session: Session) -> None:
    """Open the transaction in which everything is read."""
    session.begin(MODE, *SETTINGS)


def listed_databases(session: Session, group: str) -> tuple[ListedDatabase, ...]:
    """Return all databases of the server; raises psycopg2.Error where pg_database cannot be read."""
    return tuple(ListedDatabase(*row) for row in session.rows(queries.DATABASES, {"group": group}))


def session_facts(session: Session, group: str) -> SessionFacts:
    """Return who the session is; one round trip."""
    row = session.rows(queries.SESSION, {"group": group})[0]
    version, session_user, current_user, address, is_superuser, *held = row
    return SessionFacts(
        version=version,
        session_user=session_user,
        current_user=current_user,
        address=address or "",
        is_superuser=is_superuser,
        attributes=tuple(name for name, is_held in zip(ATTRIBUTES, held) if is_held),
        can_create_schemas=held[4],
        can_create_temporary=held[5],
        group_oid=held[6],
        inherits_group=held[7],
        is_member=held[8],
        tls=session.connection.tls_protocol,
    )


def memberships(session: Session, group: str) -> tuple[Membership, ...]:
    """Return the roles that the login is or can become, its group among them."""
    return tuple(Membership(*row) for row in session.rows(queries.MEMBERSHIPS, {"group": group}))


def owned(session: Session, group: str) -> tuple[Owned, ...]:
    """Return what user and group own, in every database of the server."""
    return tuple(Owned(*row) for row in session.rows(queries.OWNED, {"group": group}))


def database_facts(session: Session, target: Target, login: SessionFacts, request: Request) -> DatabaseFacts:
    """Return all about one database; a dozen questions, however many objects there are.

    Raises ServerError where the server stops answering; what fails of the queries in Metamapper's form is a fact.
    """
    name = target.name
    reader = Reader(login.version, name)
    schemas = _schemas(session, reader, login.group_oid)
    scope, problems = SchemaRules(request.privilege, login.version).scope(target, schemas.values())
    expectation = expectation_of(scope, problems)
    totals, details = _relations(session, reader, login, schemas, expectation)
    creators = _creators(session, schemas, expectation)
    defaults = tuple(
        Default(role, schema, grantee, tuple(privileges))
        for role, schema, grantee, privileges in session.rows(queries.DEFAULTS, {"group": login.group_oid})
    )
    namesakes = _namesakes(session, reader, details)
    answer = _answer(session)
    baseline = (request.baseline or {}).get(name, {})
    return DatabaseFacts(
        name=name,
        group=request.group,
        reader=reader,
        session=login,
        expectation=expectation,
        scope=scope,
        schemas=schemas,
        totals=totals,
        details=details,
        creators=creators,
        defaults=defaults,
        namesakes=namesakes,
        answer=answer,
        losses=_losses(session, baseline, answer.seen),
    )


def _schemas(session: Session, reader: Reader, group_oid: int | None) -> Mapping[str, Schema]:
    parameters = {"group": group_oid, "odd_name": reader.odd_name, "unquotable": reader.unquotable_schema}
    return {
        name: Schema(oid, name, usage, create, tuple(through), *rest)
        for oid, name, usage, create, through, *rest in session.rows(queries.SCHEMAS, parameters)
    }


def _relations(
    session: Session, reader: Reader, login: SessionFacts, schemas: Mapping[str, Schema], expectation: Expectation
) -> tuple[Mapping[str, Totals], tuple[Detail, ...]]:
    parameters = {
        "schemas": [schemas[name].oid for name in expectation.schemas],
        "privileges": list(expectation.schemas.values()),
        "beyond": WRITING + (",MAINTAIN" if has_feature(login.version, "maintain") else ""),
        "odd_name": reader.odd_relation,
        "group": login.group_oid,
        "examples": EXAMPLES,
    }
    names = {schema.oid: name for name, schema in schemas.items()}
    totals: dict[str, Totals] = {}
    details: list[Detail] = []
    for category, oid, relation, kind, columns, visible, readable, members, shown, *rest in session.rows(
        queries.RELATIONS, parameters
    ):
        owner, through, of_extension, held_by_group = rest
        if category == "schema":
            totals[names[oid]] = Totals(members, shown, columns, visible, readable)
        else:
            found = (category, names[oid], relation, kind, columns, visible, readable, members, owner, tuple(through))
            details.append(Detail(*found, of_extension, held_by_group))
    return totals, tuple(details)


def _creators(session: Session, schemas: Mapping[str, Schema], expectation: Expectation) -> tuple[Creator, ...]:
    named = [(schemas[schema].oid, role) for schema, roles in expectation.creators.items() for role in roles]
    parameters = {
        "schemas": [schemas[name].oid for name in expectation.schemas if name not in expectation.creators],
        "named_schemas": [oid for oid, _role in named],
        "named_creators": [role for _oid, role in named],
    }
    return tuple(Creator(*row) for row in session.rows(queries.CREATORS, parameters))


def _namesakes(session: Session, reader: Reader, details: Sequence[Detail]) -> frozenset[QualifiedName]:
    """Return what exists of the names that oddly named relations are taken for, or could be given by a remedy."""
    odd = [detail for detail in details if detail.category == "odd"]
    meant = [reader.meant(detail.schema, detail.relation) for detail in odd]
    new = [(detail.schema, safe_name(detail.relation, frozenset())) for detail in odd]
    names = sorted({name for name in (*meant, *new) if name is not None})
    if not names:
        return frozenset()
    parameters = {"schemas": [name[0] for name in names], "relations": [name[1] for name in names]}
    return frozenset((schema, relation) for schema, relation in session.rows(queries.NAMESAKES, parameters))


def _streamed(session: Session, query: str) -> Iterator[Row]:
    """Yield the rows of a query through a cursor on the server, so that only a part of them is ever here."""
    fetch = f"FETCH FORWARD {FETCHED_AT_ONCE} FROM metamapper_rows"
    rows = session.rows(f"DECLARE metamapper_rows NO SCROLL CURSOR FOR {query};\n{fetch}")
    while rows:
        yield from rows
        rows = session.rows(fetch) if len(rows) == FETCHED_AT_ONCE else []
    session.run(["CLOSE metamapper_rows"])


def _answer(session: Session) -> Answer:
    seen: dict[str, dict[str, int]] = {}
    misread: list[QualifiedName] = []
    long_defaults: dict[str, int] = {}
    failure = None
    try:
        for schema, relation, columns, long, _properties, _comment, *is_misread in _streamed(
            session, queries.DEFINITIONS
        ):
            seen.setdefault(schema, {})[relation] = columns
            misread += [(schema, relation)] if any(is_misread) else []
            if long:
                long_defaults[schema] = long_defaults.get(schema, 0) + long
    except ServerError as error:
        failure = _query_failure(session, error)
    index_failure, misread_schemas = _index_answer(session)
    return Answer(
        seen=None if failure else seen,
        definitions_failure=failure,
        index_failure=index_failure,
        misread=() if failure else tuple(misread),
        misread_schemas=misread_schemas,
        long_defaults=long_defaults,
    )


def _index_answer(session: Session) -> tuple[QueryFailure | None, tuple[str, ...]]:
    try:
        rows = session.rows(queries.INDEXES)
    except ServerError as error:
        return _query_failure(session, error), ()
    return None, tuple(schema for schema, is_misread, _indexes in rows if is_misread)


def _query_failure(session: Session, error: ServerError) -> QueryFailure:
    """Return how a query failed, in a new transaction; raises the error where the connection is gone."""
    if error.is_connection_lost or not error.sqlstate:
        raise error
    session.rollback()
    begin(session)
    return QueryFailure(error.sqlstate, error.text)


def _losses(session: Session, baseline: Seen, seen: Seen | None) -> tuple[Loss, ...]:
    """Return what of the baseline will not be seen; where the scan fails, what a mended one would not see."""
    before = [(schema, relation, columns) for schema, held in baseline.items() for relation, columns in held.items()]
    less = [
        (schema, relation, columns)
        for schema, relation, columns in before
        if seen is None or seen.get(schema, {}).get(relation, 0) < columns
    ]
    if not less:
        return ()
    schemas, relations, columns_before = (list(part) for part in zip(*less))
    parameters = {"schemas": schemas, "relations": relations, "columns": columns_before}
    return tuple(
        Loss(schema, relation, columns, visible, exists, usage)
        for schema, relation, columns, exists, usage, visible in session.rows(queries.LOST, parameters)
    )
