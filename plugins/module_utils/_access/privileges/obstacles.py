# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Why privileges cannot be granted or revoked, and the statement that fixes it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Callable, Collection, Iterator, Sequence

from ..._core.membership import ends_of_memberships, inheriting_membership, may_grant
from ..._core.problem import Problem
from ..._core.remedy import OWNER, SUPERUSER, Remedies, Remedy, alternatively, by_hand, sql
from ..._core.server_version import has_feature
from ..._core.sql_statement import Statement, placeholders, quoted, statement_text
from ..._scope.entry import DatabaseEntry
from ..._scope.schemas import left_out
from ..catalog.facts import AclItem, CreatorFacts, DatabaseFacts, MissingRelation, ServerFacts
from .object_kinds import described
from .statements import Grant, grant_statements, plain_revokes, revoke_order, without_dependents

NAMES_PER_MESSAGE = 3


@dataclass(frozen=True)
class GrantRefusals:
    """The messages on what the administrator cannot grant in a database."""

    server: ServerFacts
    facts: DatabaseFacts
    group: str
    entry: DatabaseEntry
    assumes: bool = False

    def of_object(self, grant: Grant, owner: str) -> Problem:
        """Return the refusal of CONNECT or USAGE."""
        (statement,) = grant_statements([grant], self.group)
        what = grant.privilege if grant.kind == "database" else f"USAGE on schema {quoted(grant.name)}"
        schema = grant.name if grant.kind == "schema" else ""
        return self._refusal(what, owner, self._run(f"{statement};", owner), grant.name, schema)

    def of_creator(self, creator: CreatorFacts, grant: Grant) -> Problem:
        """Return why a default privilege is out of reach."""
        message = (
            f"Cannot alter default privileges of role {quoted(creator.name)} in schema {quoted(creator.schema)} of "
            f"database {quoted(self.facts.name)}: role {quoted(self.server.administrator)} is not a member of it"
            f"{self._not_assumable(creator.name)}."
        )
        (statement,) = grant_statements([grant], self.group)
        shown = f"{statement};"
        run = sql("grant as the creator", shown, role=creator.name, database=self.facts.name)
        remedies = (run, *self._instead(creator.name, creator.schema))
        return Problem(message, remedies, database=self.facts.name, object=creator.name, statement=shown)

    def of_relations(self, schema: str, owner: str, relations: Sequence[MissingRelation]) -> Problem:
        """Return the refusal of the relations of one owner in one schema."""
        if all(relation.is_grantable for relation in relations):
            return self._no_usage(schema, self.server.administrator)
        if owner in self.facts.assumable:
            return self._no_usage(schema, owner)
        names = tuple((schema, relation.name) for relation in relations)
        more = f" and {len(names) - NAMES_PER_MESSAGE} more" if len(names) > NAMES_PER_MESSAGE else ""
        privilege = self.facts.listed[schema]
        statement = Statement(f"GRANT {privilege} ON TABLE {placeholders(len(names))} TO {{}}", (*names, (self.group,)))
        subject = ", ".join(".".join(map(quoted, name)) for name in names[:NAMES_PER_MESSAGE]) + more
        is_superusers = not all(relation.has_owner_usage for relation in relations)
        run = self._run(f"{statement};", owner, is_superusers=is_superusers)
        return self._refusal(f"{privilege} on {subject}", owner, run, subject, schema)

    def _no_usage(self, schema: str, role: str) -> Problem:
        message = (
            f"Cannot grant {self.facts.listed[schema]} on the relations of schema {quoted(schema)} of database "
            f"{quoted(self.facts.name)}: role {quoted(role)} has no USAGE on the schema and so cannot name what "
            "is in it."
        )
        statement = statement_text("GRANT USAGE ON SCHEMA {} TO {}", schema, role)
        owner = self.facts.schemas[schema].owner
        run = sql("let the administrator use the schema", statement, role=owner, database=self.facts.name)
        return Problem.fixed_by(run, message, schema)

    def _run(self, statement: str, owner: str, *, is_superusers: bool = False) -> Remedy:
        """Return a grant by the owner, or by a superuser where the owner cannot name what is in the schema."""
        database = self.facts.name
        if is_superusers:
            return sql("grant for the owner", statement, by=SUPERUSER, database=database)
        return sql("grant as the owner", statement, role=owner, database=database)

    def _refusal(self, what: str, owner: str, run: Remedy, subject: str, schema: str) -> Problem:
        message = (
            f"Cannot grant {what} in database {quoted(self.facts.name)}: role {quoted(self.server.administrator)} is "
            f"not the owner, {quoted(owner)}, and does not inherit its privileges{self._not_assumable(owner)}."
        )
        remedies = (run, *self._instead(owner, schema))
        return Problem(message, remedies, database=self.facts.name, object=subject, statement=run.text)

    def _not_assumable(self, role: str) -> str:
        """Return that a role cannot be assumed, and why; empty unless that was asked for."""
        if not self.assumes:
            return ""
        if role in self.server.superusers:
            return ", and cannot assume it, since that one is a superuser"
        if self.server.through(role):
            return ", and cannot assume it, since that one is a member of the administrator"
        if has_feature(self.server.version_num, "createrole_needs_admin"):
            return ", and cannot assume it without ADMIN OPTION on it"
        return ", and cannot assume it without CREATEROLE"

    def _instead(self, owner: str, schema: str) -> Remedies:
        """Return what else would do: to be a member of the owner, or to leave the schema (empty: none) out."""
        member = () if owner in self.server.superusers else (self._member(owner),)
        return alternatively(*member, *(left_out(self.entry, schema) if schema else ()))

    def _member(self, owner: str) -> Remedy:
        """Return what makes the administrator a member of an owner, who may be a member of it: not both can be."""
        administrator, version = self.server.administrator, self.server.version_num
        grant = inheriting_membership(owner, administrator, version)
        ends = ends_of_memberships(self.server.through(owner), owner, version)
        # From 16 on, only who has the privileges of the grantor can revoke a membership.
        is_grantors = bool(ends) and has_feature(version, "membership_options")
        by = SUPERUSER if is_grantors else may_grant(owner, version)
        why = f", since {quoted(owner)} is a member of {quoted(administrator)}" if ends else ""
        return sql("be a member of the owner", *ends, grant, by=by + why)


def breaks_scan(facts: DatabaseFacts) -> list[Problem]:
    """Return that relations are left out because of their names, in one warning; none if there are none."""
    if not facts.left_out:
        return []
    names = [".".join(map(quoted, (relation.schema, relation.name))) for relation in facts.left_out]
    more = f" and {len(names) - NAMES_PER_MESSAGE} more" if len(names) > NAMES_PER_MESSAGE else ""
    message = (
        f"Not granted in database {quoted(facts.name)}: {', '.join(names[:NAMES_PER_MESSAGE])}{more}. Metamapper does "
        "not quote names, and its scan would fail on these or misread them."
    )
    advice = "Exclude their schemas, or rename them once no application uses the old names."
    return [Problem(message, by_hand(advice), database=facts.name, object=names[0])]


def revoke_obstacles(
    items: Collection[AclItem], *, roles: Collection[str], database: str, administrator: str
) -> list[Problem]:
    """Return why some items cannot be revoked, each with the statement that a superuser has to run; pure.

    ``roles`` are those that the items are revoked from. What these have granted to others is never revoked, nor is what
    that depends on.
    """
    ours = [item for item in items if item.grantee in roles]
    roots, _sources = without_dependents(ours)
    sources = {(item.object, item.privilege, item.grantee) for item in ours}
    others = [
        item for item in items if item.grantee not in roles and (item.object, item.privilege, item.grantor) in sources
    ]
    unreachable = [item for item in roots if not item.is_reachable and item.revoke_as is not None]
    foreign = [item for item in roots if item.revoke_as is None]
    return [
        *_passed_on(others, database),
        *_of_another_grantor(foreign, database, administrator),
        *_orphans([item for item in unreachable if not item.schema], database),
        *_hidden([item for item in unreachable if item.schema], database, administrator),
    ]


def _shown(items: Sequence[AclItem]) -> str:
    more = len(items) - NAMES_PER_MESSAGE
    return ", ".join(map(described, items[:NAMES_PER_MESSAGE])) + (f" and {more} more" if more > 0 else "")


def _script(items: Sequence[AclItem], grantor: str) -> tuple[str, ...]:
    """Return statements for the grantor, or for a superuser who assumes it: only the grantor can revoke these."""
    statements = (f"{statement};" for statement in plain_revokes(items))
    return (statement_text("SET ROLE {}", grantor), *statements, "RESET ROLE;")


def _by(items: Sequence[AclItem], key: Callable[[AclItem], str]) -> Iterator[tuple[str, list[AclItem]]]:
    for value, group in groupby(sorted(items, key=lambda item: (key(item), revoke_order(item))), key=key):
        yield value, list(group)


def _of_another_grantor(items: Sequence[AclItem], database: str, administrator: str) -> Iterator[Problem]:
    for grantor, group in _by(items, lambda item: item.grantor):
        message = (
            f"Cannot revoke {_shown(group)} in database {quoted(database)}: it was granted by {quoted(grantor)}, and "
            f"role {quoted(administrator)} cannot SET ROLE to that."
        )
        script = _script(group, grantor)
        remedy = sql("revoke as the grantor", *script, by=f"{quoted(grantor)} or a superuser", database=database)
        yield Problem(message, (remedy,), database=database, statement=" ".join(script))


def _passed_on(items: Sequence[AclItem], database: str) -> Iterator[Problem]:
    for grantor, group in _by(items, lambda item: item.grantor):
        whom = ", ".join(sorted({quoted(item.grantee) for item in group}))
        message = (
            f"Cannot revoke from role {quoted(grantor)}, in database {quoted(database)}, what it has passed on to "
            f"{whom}: {_shown(group)}."
        )
        script = _script(group, grantor)
        needed = by_hand("If they need it, grant it to them by another role first.")
        remedy = sql("revoke what was passed on", *script, by=SUPERUSER, database=database)
        yield Problem(message, (*needed, remedy), database=database, object=grantor, statement=" ".join(script))


def _hidden(items: Sequence[AclItem], database: str, administrator: str) -> Iterator[Problem]:
    for schema, group in _by(items, lambda item: item.schema):
        for actor, hidden in _by(group, lambda item: item.revoke_as or administrator):
            message = (
                f"Cannot revoke {_shown(hidden)} in database {quoted(database)}: role {quoted(actor)} has no USAGE "
                f"on schema {quoted(schema)}, and so cannot name what is in it."
            )
            statement = statement_text("GRANT USAGE ON SCHEMA {} TO {}", schema, actor)
            remedy = sql("let the revoker use the schema", statement, by=OWNER, database=database)
            yield Problem.fixed_by(remedy, message, schema)


def _orphans(items: Sequence[AclItem], database: str) -> Iterator[Problem]:
    for grantee, group in _by(items, lambda item: item.grantee):
        message = (
            f"Default privileges of {', '.join(sorted({quoted(item.name) for item in group}))} for {quoted(grantee)} "
            f"in database {quoted(database)} have outlived their schema; REVOKE cannot name them."
        )
        statement = statement_text("DROP OWNED BY {}", grantee)
        by = f"{SUPERUSER}, if {quoted(grantee)} owns nothing there"
        yield Problem.fixed_by(sql("drop orphans", statement, by=by, database=database), message, grantee)


def not_granted(facts: DatabaseFacts, grant: Grant, group: str) -> Problem:
    """Return that a GRANT was accepted but changed nothing."""
    (statement,) = grant_statements([grant], group)
    owner = _owner(facts, grant)
    return Problem(
        f"PostgreSQL accepted the GRANT, but {quoted(group)} does not have {described(grant)} in database "
        f"{quoted(facts.name)}; the transaction was rolled back.",
        by_hand(
            f"Look for an event trigger or an extension that undoes it, or have {quoted(owner)}, who owns it, or a "
            f"superuser run: {statement};"
        ),
        database=facts.name,
        object=grant.name,
        statement=f"{statement};",
    )


def _owner(facts: DatabaseFacts, grant: Grant) -> str:
    if grant.kind == "relation":
        return next(one.owner for one in facts.missing if one.oid == grant.object_id)
    if grant.kind == "default":
        return grant.name
    return facts.owner if grant.kind == "database" else facts.schemas[grant.name].owner


def not_revoked(database: str, item: AclItem) -> Problem:
    """Return that a REVOKE was accepted but changed nothing."""
    (statement,) = plain_revokes([item])
    advice = (
        "Look for an event trigger or an extension that grants it again, or for a grantor who has become a member of "
        "the owner since: PostgreSQL then takes the owner for the one who revokes. As "
        f"{quoted(item.grantor)}, run: {statement};"
    )
    return Problem(
        f"PostgreSQL accepted the REVOKE, but {quoted(item.grantee)} still has {described(item)} in database "
        f"{quoted(database)}; the transaction was rolled back. It was granted by {quoted(item.grantor)}.",
        by_hand(advice),
        database=database,
        object=item.name,
        statement=f"{statement};",
    )
