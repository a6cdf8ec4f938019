# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What the login can do out of scope, and besides reading."""

from __future__ import annotations

from typing import Iterator, Mapping, Sequence

from ..._core.membership import may_grant
from ..._core.remedy import OWNER, SUPERUSER, Remedies, alternatively, by_hand, sql, variable
from ..._core.server_version import has_feature
from ..._core.sql_statement import Statement, identifier, placeholders, quoted, statement_text
from ..catalog.facts import DatabaseFacts, Default, Membership, Owned, PathCreator, RelationDetail, Schema, SessionFacts
from ..finding import Finding, Severity
from ..wording import grantee, named, through
from .remedies import PUBLIC, login_roles, not_a_member, revoked_default

PUBLIC_ONLY = ("",)
NAMED = 5
READING = frozenset({"SELECT", "REFERENCES"})

# https://www.postgresql.org/docs/current/predefined-roles.html
DANGEROUS: Mapping[str, str] = {
    "pg_read_all_data": "reads every table of every database",
    "pg_write_all_data": "writes every table of every database",
    "pg_maintain": "locks and rewrites every table",
    "pg_read_server_files": "reads files of the server",
    "pg_write_server_files": "writes files of the server",
    "pg_execute_server_program": "runs programs on the server",
    "pg_signal_backend": "ends other sessions",
    "pg_signal_autovacuum_worker": "ends autovacuum workers",
    "pg_checkpoint": "runs checkpoints",
    "pg_create_subscription": "makes the server connect elsewhere",
    "pg_use_reserved_connections": "takes the connections reserved for administrators",
}


def exposed(facts: DatabaseFacts) -> tuple[Finding, ...]:
    """Return what is readable out of scope, by schema and by the role that it is held through."""
    return (*(_exposure(facts, details) for details in _alike(facts.of("exposed"))), *_search_path(facts))


def _search_path(facts: DatabaseFacts) -> Iterator[Finding]:
    """Yield the schemas of the login's path in which other roles could make Metamapper's queries run their code."""
    by_schema: dict[str, list[PathCreator]] = {}
    for creator in facts.search_path.creators:
        by_schema.setdefault(creator.schema, []).append(creator)
    for schema, creators in by_schema.items():
        granted = [one.role for one in creators if one.how == "create"]
        reason = (
            f"The search_path of {quoted(facts.user)} leads through this schema, in which {_who_creates(creators)}: an "
            "operator or a function there can be a better match than PostgreSQL's own, and Metamapper's queries run it "
            "with the rights of the login. Here they ran with search_path = pg_catalog instead."
        )
        severity: Severity = "warning" if granted else "information"
        yield Finding("exposed", severity, reason, _own_path(facts, schema, creators), facts.name, schema)


def _own_path(facts: DatabaseFacts, schema: str, creators: Sequence[PathCreator]) -> Remedies:
    """Return how to keep other roles' code from being found: by setting the login's path, or by revoking CREATE."""
    note = "and run grant_metamapper"
    path = variable("pin the search_path", "metamapper_search_path", "pg_catalog", note=note)
    if any(one.how != "create" for one in creators):
        return (path,)
    granted = ", ".join(grantee(one.role) for one in creators)
    statement = f"REVOKE CREATE ON SCHEMA {identifier(schema)} FROM {granted};"
    return (path, *alternatively(sql("revoke CREATE from others", statement, by=OWNER, database=facts.name)))


def _who_creates(creators: Sequence[PathCreator]) -> str:
    texts = {
        "create": "{} may create",
        "owner": "{}, its owner, may create",
        "object": "{} owns functions or operators",
    }
    shown = [texts[one.how].format(named(one.role)) for one in creators[:NAMED]]
    return " and ".join([*shown, *(["others, too"] if len(creators) > NAMED else [])])


def _alike(details: Sequence[RelationDetail]) -> list[list[RelationDetail]]:
    groups: dict[tuple[object, ...], list[RelationDetail]] = {}
    for detail in details:
        key = (detail.schema, detail.owner, detail.through, detail.of_extension)
        groups.setdefault(key, []).append(detail)
    return list(groups.values())


def _amount(details: Sequence[RelationDetail]) -> str:
    """Return how many relations these represent, with the names of the first."""
    kinds = {(detail.kind == "m"): detail.members for detail in details}
    count = (
        max(sum(kinds.values()), len(details)) if all(not detail.of_extension for detail in details) else len(details)
    )
    names = ", ".join(quoted(detail.relation) for detail in details[:NAMED])
    more = ", ..." if count > NAMED else ""
    return f"{count} relation{'' if count == 1 else 's'} ({names}{more})"


def _exposure(facts: DatabaseFacts, details: Sequence[RelationDetail]) -> Finding:
    first = details[0]
    is_default = first.of_extension and first.through == PUBLIC_ONLY and not first.owner
    verb = "can be read" if any(detail.readable for detail in details) else "will appear, though no row can be read"
    reason = f"{_amount(details)} of this schema, which is not listed, {verb} through {through(first)}"
    reason += ", as the extension that they belong to has it." if is_default else "."
    severity: Severity = "information" if is_default else "failure"
    remedies = () if is_default else _revoke(facts, "ALL PRIVILEGES", details)
    return Finding("exposed", severity, reason, remedies, facts.name, first.schema, _only(details))


def _only(details: Sequence[RelationDetail]) -> str:
    return details[0].relation if len(details) == 1 and details[0].members == 1 else ""


def _revoke(facts: DatabaseFacts, privileges: str, details: Sequence[RelationDetail]) -> Remedies:
    """Return what revokes a privilege: from user, group or PUBLIC directly; from other roles, the membership."""
    first = details[0]
    names = [(detail.schema, detail.relation) for detail in details]
    tables = str(Statement(placeholders(len(names)), tuple(names)))
    if first.members > len(details):
        tables = f"ALL TABLES IN SCHEMA {identifier(first.schema)}"
    direct = [role for role in first.through if role in ("", facts.user, facts.group)]
    others = [role for role in (*first.through, first.owner) if role not in ("", facts.user, facts.group)]
    statements = [f"REVOKE {privileges} ON {tables} FROM {', '.join(map(grantee, direct))};"] if direct else []
    revoked = (sql("revoke from the login", *statements, by=OWNER, database=facts.name),) if direct else ()
    left = tuple(not_a_member(facts, role) for role in dict.fromkeys(others))
    owned = by_hand(f"Give the ownership to another role than {quoted(first.owner)}.")
    found = (*revoked, *left, *(owned if first.owner in (facts.user, facts.group) else ()))
    return found or by_hand("Take user and group out of the predefined roles that the aspect excess names.")


def login_excess(
    session: SessionFacts, group: str, memberships: Sequence[Membership], owned: Sequence[Owned]
) -> tuple[Finding, ...]:
    """Return what the login can do on the whole server: attributes, memberships, ownership."""
    return (
        *_attributes(session),
        *(found for held in memberships for found in _membership(session, group, held)),
        *(_ownership(one) for one in owned),
    )


def _attributes(session: SessionFacts) -> Iterator[Finding]:
    for attribute in session.attributes:
        reason = f"The user {quoted(session.session_user)} has the attribute {attribute}, which reading needs not."
        yield Finding("excess", "failure", reason, _without(session, attribute))


def _without(session: SessionFacts, attribute: str) -> Remedies:
    statement = statement_text(f"ALTER ROLE {{}} NO{attribute}", session.session_user)
    return (sql("take an attribute away", statement, by=SUPERUSER),)


def _membership(session: SessionFacts, group: str, held: Membership) -> Iterator[Finding]:
    user = quoted(session.session_user)
    if held.role == group:
        if held.can_pass_on:
            reason = f"The user {user} can give the membership in the group {quoted(group)} to others (ADMIN OPTION)."
            yield Finding("excess", "failure", reason, _no_admin_option(session, group))
        return
    what = DANGEROUS.get(held.role, "")
    reason = f"The user {user} is, directly or not, a member of role {quoted(held.role)}"
    reason += f", which {what}." if what else "."
    if not held.is_inherited:
        reason += " It can do all that this role can by SET ROLE, which the other aspects do not see."
    if held.is_powerful:
        reason += " That role has attributes beyond a plain one's."
    is_grave = bool(what) or held.is_powerful or held.can_pass_on or not held.is_inherited
    remedies = _end_of_membership(session, held) if is_grave else ()
    yield Finding("excess", "failure" if is_grave else "information", reason, remedies)


def _no_admin_option(session: SessionFacts, group: str) -> Remedies:
    statement = statement_text("REVOKE ADMIN OPTION FOR {} FROM {}", group, session.session_user)
    return (sql("take ADMIN OPTION away", statement, by=may_grant(group, session.version)),)


def _end_of_membership(session: SessionFacts, held: Membership) -> Remedies:
    """Return what removes user or group, whichever is the member, from a role or from the roles that lead to it."""
    statements = [
        statement_text("REVOKE {} FROM {}", role, member)
        for role, member in dict.fromkeys(zip(held.leads, held.members))
    ]
    return (sql("leave a role", *statements, by=may_grant(held.role, session.version)),)


def _ownership(one: Owned) -> Finding:
    place = f"in database {quoted(one.database)}" if one.database else "of the whole server"
    reason = f"Role {quoted(one.role)} owns {one.objects} object{'' if one.objects == 1 else 's'} {place}."
    statement = statement_text("REASSIGN OWNED BY {} TO CURRENT_USER", one.role)
    remedy = sql("give the ownership away", statement, by=SUPERUSER, database=one.database)
    return Finding("excess", "failure", reason, (remedy,), one.database)


def excess(facts: DatabaseFacts) -> tuple[Finding, ...]:
    """Return what the login can do in one database besides reading what is in scope."""
    return (
        *_database(facts),
        *(_schema(facts, schema) for schema in facts.schemas.values() if schema.create),
        *(_written(facts, details) for details in _alike(facts.of("writable"))),
        *(_readable(facts, details) for details in _alike(facts.of("readable"))),
        *(found for default in facts.defaults for found in _default(facts, default)),
    )


def _refers(facts: DatabaseFacts) -> bool:
    """Return whether REFERENCES is held, so that a foreign key from an own table could reveal values."""
    return any(totals.referable_relations for totals in facts.totals.values())


def _why_creating_matters(facts: DatabaseFacts) -> str:
    if not _refers(facts):
        return ""
    return (
        " With REFERENCES it can make a foreign key to a table that it may not read, which tells the values in it and "
        "blocks the deletes of its owner."
    )


def _database(facts: DatabaseFacts) -> Iterator[Finding]:
    if facts.session.can_create_schemas:
        reason = "The login can create schemas in this database." + _why_creating_matters(facts)
        statement = (
            statement_text("REVOKE CREATE ON DATABASE {} FROM PUBLIC, ", facts.name)[:-1] + f"{login_roles(facts)};"
        )
        remedy = sql("revoke CREATE on the database", statement, by=OWNER, database=facts.name)
        yield Finding("excess", "failure", reason, (remedy,), facts.name)
    if facts.session.can_create_temporary:
        reason = "The login can create temporary tables in this database, which PUBLIC may by default."
        yield Finding("excess", "information", reason, (), facts.name)


def _schema(facts: DatabaseFacts, schema: Schema) -> Finding:
    is_default = (
        schema.name == "public"
        and schema.create_through == PUBLIC_ONLY
        and not has_feature(facts.session.version, "private_public")
    )
    whom = " and ".join(map(named, schema.create_through)) or "its ownership or that of the database"
    reason = f"The login can create tables in this schema, through {whom}."
    reason += " Before PostgreSQL 15 that is the default." if is_default else ""
    reason += _why_creating_matters(facts)
    remedies = _no_create(facts, schema)
    severity: Severity = "information" if is_default and not _refers(facts) else "failure"
    return Finding("excess", severity, reason, remedies, facts.name, schema.name)


def _no_create(facts: DatabaseFacts, schema: Schema) -> Remedies:
    if not schema.create_through:
        return by_hand("Give schema or database another owner, of which neither user nor group is a member.")
    ours = [role for role in schema.create_through if role in (PUBLIC, facts.user, facts.group)]
    others = [role for role in schema.create_through if role not in ours]
    statement = (
        statement_text("REVOKE CREATE ON SCHEMA {} FROM ", schema.name)[:-1] + f"{', '.join(map(grantee, ours))};"
    )
    revoked = (sql("revoke CREATE on the schema", statement, by=OWNER, database=facts.name),) if ours else ()
    return (*revoked, *(not_a_member(facts, role) for role in others))


def _written(facts: DatabaseFacts, details: Sequence[RelationDetail]) -> Finding:
    first = details[0]
    reason = f"The login can change {_amount(details)} of this schema, through {through(first)}."
    writing = "INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER"
    return Finding(
        "excess", "failure", reason, _revoke(facts, writing, details), facts.name, first.schema, _only(details)
    )


def _readable(facts: DatabaseFacts, details: Sequence[RelationDetail]) -> Finding:
    first = details[0]
    reason = (
        f"{_amount(details)} of this schema, of which only the metadata is to be seen, can be read through "
        f"{through(first)}."
    )
    remedies = _revoke(facts, "SELECT", details)
    place = (facts.name, first.schema, _only(details))
    # Metadata mode promises that no row is readable, so this always fails.
    return Finding("excess", "failure", reason, remedies, *place, always_fails=True)


def _default(facts: DatabaseFacts, default: Default) -> Iterator[Finding]:
    surplus = set(default.privileges) - READING
    if facts.expectation.schemas.get(default.schema) == "REFERENCES":
        surplus |= {"SELECT"} & set(default.privileges)
    if surplus:
        privileges = ", ".join(sorted(surplus))
        reason = f"The login will hold {privileges} on the next tables of role {quoted(default.role)}, by default."
        yield Finding("excess", "failure", reason, revoked_default(facts, default, surplus), facts.name, default.schema)
