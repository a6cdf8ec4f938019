# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What a database lacks of what is wanted, and how it gets it. Pure: values in, values out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any, Iterator, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    CreatorFacts,
    DatabaseFacts,
    Holding,
    RelationFacts,
    ServerFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import (
    KINDS,
    Grant,
    statements_for,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import has_feature
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import (
    Statement,
    listed,
    quoted,
    remedy,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.entry import DatabaseEntry
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.schemas import leave_out_advice

NAMES_PER_MESSAGE = 3
CHARACTERS_PER_MESSAGE = 1000


@dataclass(frozen=True)
class DatabasePlan:
    """What is to be granted and taken back in a database, in order, and what stands in the way.

    ``inherited`` is held without a direct grant that the administrator cannot make; ``skipped`` belongs to extensions
    and cannot be granted. Neither is an error.
    """

    grants: tuple[Grant, ...] = ()
    revokes: tuple[Grant, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    inherited: tuple[Grant, ...] = ()
    skipped: tuple[Grant, ...] = ()

    @property
    def has_changes(self) -> bool:
        """Whether there is something to write."""
        return bool(self.grants or self.revokes)

    def statements(self, database: str, group: str) -> list[Statement]:
        """Return the statements of the plan, in order."""
        return statements_for(database, group, self.grants, self.revokes)

    def limited(self, limit: int | None) -> DatabasePlan:
        """Return the part of the plan for one transaction: so many objects, grants before revokes; None for all."""
        if limit is None:
            return self
        return replace(self, grants=self.grants[:limit], revokes=self.revokes[: max(0, limit - len(self.grants))])


@dataclass(frozen=True)
class Planner:
    """The rules, applied to one database."""

    server: ServerFacts
    facts: DatabaseFacts
    entry: DatabaseEntry
    roles: tuple[str, ...]
    accepts_references: bool = False
    leaves_surplus: bool = False

    @property
    def group(self) -> str:
        """The role that gets the privileges."""
        return self.roles[0]

    def lacking(self) -> list[Grant]:
        """Return every wanted privilege for which there is no direct grant, whoever could make it."""
        lacking = [] if self.facts.connect.is_direct else [Grant("database", "CONNECT")]
        lacking += [
            Grant("schema", "USAGE", name) for name in self.facts.wanted if not self.facts.schemas[name].usage.is_direct
        ]
        lacking += [self._default(creator) for creator in self.creators() if not creator.is_ready]
        return lacking + [self._on(relation) for relation in self.facts.relations if not relation.is_direct]

    def surplus(self) -> list[Grant]:
        """Return what the group holds of the other mode in the wanted schemas, whoever could take it back.

        Nothing where somebody else sees to that: exclusive mode takes back more than this, and from every grantor.
        """
        if self.leaves_surplus:
            return []
        return [
            *(self._other_default(creator) for creator in self.facts.creators if creator.has_other),
            *(self._other_on(relation) for relation in self.facts.relations if relation.has_other),
        ]

    def creators(self) -> Iterator[CreatorFacts]:
        """Yield the roles whose future relations are to be readable."""
        for creator in self.facts.creators:
            if self.entry.creators is not None:
                is_wanted = creator.name in self.entry.creators
            else:
                creates = creator.is_owner or (creator.may_create and not creator.is_superuser)
                is_wanted = creates and creator.name not in self.roles
            if is_wanted:
                yield creator

    def owner_of(self, grant: Grant) -> str:
        """Return the role that owns what a privilege is on; of a default privilege, the creator."""
        if grant.kind == "relation":
            return self._owners[grant.schema, grant.name]
        owners_of_others = {"database": self.facts.owner, "default": grant.name}
        return owners_of_others.get(grant.kind) or self.facts.schemas[grant.schema].owner

    @cached_property
    def _owners(self) -> Mapping[tuple[str, str], str]:
        return {(relation.schema, relation.name): relation.owner for relation in self.facts.relations}

    def plan(self) -> DatabasePlan:
        """Return the plan."""
        fates = [
            *(self._connect_fate(), *self._schema_fates(), *self._creator_fates(), *self._relation_fates()),
            *(*self._surplus_fates(), *self._dangers()),
        ]
        problems = [fate for fate in fates if isinstance(fate, Problem)]
        sorted_out: dict[str, list[Any]] = defaultdict(list)
        for fate in fates:
            if isinstance(fate, tuple):
                sorted_out[fate[0]].append(fate[1])
        return DatabasePlan(
            grants=tuple(sorted(sorted_out["grant"], key=lambda grant: KINDS.index(grant.kind))),
            revokes=tuple(sorted_out["revoke"]),
            problems=(*problems, *self._ungrantable_relations()),
            warnings=tuple(sorted_out["warning"]),
            inherited=tuple(sorted_out["inherited"]),
            skipped=tuple(sorted_out["skipped"]),
        )

    def _connect_fate(self) -> Fate:
        owner = self.facts.owner
        statement = Statement("GRANT CONNECT ON DATABASE {} TO {}", ((self.facts.name,), (self.group,)))
        return self._fate(Grant("database", "CONNECT"), self.facts.connect, owner, statement)

    def _schema_fates(self) -> Iterator[Fate]:
        for name in self.facts.wanted:
            schema = self.facts.schemas[name]
            owner = self.facts.owner if schema.owner == "pg_database_owner" else schema.owner
            statement = Statement("GRANT USAGE ON SCHEMA {} TO {}", ((name,), (self.group,)))
            yield self._fate(Grant("schema", "USAGE", name), schema.usage, owner, statement)

    def _fate(self, grant: Grant, holding: Holding, owner: str, statement: Statement) -> Fate:
        if holding.is_direct:
            return None
        if holding.is_grantable:
            return ("grant", grant)
        if holding.is_effective:
            return ("inherited", grant)
        return self._not_the_owner(grant, owner, f"{statement};")

    def _creator_fates(self) -> Iterator[Fate]:
        for creator in self.creators():
            if creator.is_ready:
                continue
            if self.server.can_act_for(creator):
                yield ("grant", self._default(creator))
            elif self.entry.creators is not None:
                yield self._not_a_member(creator)
            else:
                yield ("warning", self._not_a_member(creator))

    def _relation_fates(self) -> Iterator[Fate]:
        for relation in self.facts.relations:
            if relation.is_direct:
                continue
            if self._is_grantable(relation):
                yield ("grant", self._on(relation))
            elif relation.is_effective:
                yield ("inherited", self._on(relation))
            elif relation.is_extension_member:
                yield ("skipped", self._on(relation))

    def _surplus_fates(self) -> Iterator[Fate]:
        if self.leaves_surplus:
            return
        for creator in self.facts.creators:
            if creator.has_other:
                fate = ("revoke", self._other_default(creator))
                yield fate if self.server.can_act_for(creator) else self._irrevocable(fate[1], creator.name)
        for relation in self.facts.relations:
            if relation.has_other:
                fate = ("revoke", self._other_on(relation))
                yield fate if self._is_grantable(relation) else self._irrevocable(fate[1], relation.owner)

    def _dangers(self) -> Iterator[Fate]:
        """Yield what makes REFERENCES more than a look: a table of one's own, to point a foreign key from."""
        if self.accepts_references or "REFERENCES" not in self.facts.wanted.values():
            return
        if self.facts.can_create_schemas:
            mend = remedy("REVOKE CREATE ON DATABASE {} FROM PUBLIC, {}", self.facts.name, self.group)
            yield self._dangerous(f"database {quoted(self.facts.name)}", mend)
        for schema in self.facts.schemas.values():
            if schema.can_create:
                who = "PUBLIC" if schema.can_public_create else "{}"
                names = [schema.name] if schema.can_public_create else [schema.name, self.group]
                mend = remedy(f"REVOKE CREATE ON SCHEMA {{}} FROM {who}", *names)
                yield self._dangerous(f"schema {quoted(schema.name)}", mend)

    def _dangerous(self, where: str, mend: str) -> Problem:
        message = (
            f"Metadata mode in database {quoted(self.facts.name)} is unsafe: {quoted(self.group)} can create objects "
            f"in {where}, and a foreign key from a table of its own to one that it holds REFERENCES on tells which "
            "values exist there and blocks its owner's deletes."
        )
        advice = f"Have the owner or a superuser run: {mend} Or set metamapper_accept_references: true."
        return Problem(message, advice, database=self.facts.name, object=where, statement=mend)

    def _irrevocable(self, grant: Grant, owner: str) -> Problem:
        (statement,) = statements_for(self.facts.name, self.group, (), [grant])
        message = (
            f"Cannot take back {grant} in database {quoted(self.facts.name)}: role {quoted(self._admin)} is neither "
            f"{quoted(owner)}, who owns it, nor a member that inherits from it."
        )
        mend = f"Have {quoted(owner)} or a superuser run: {statement};"
        return Problem(message, mend, database=self.facts.name, object=grant.name, statement=f"{statement};")

    def _on(self, relation: RelationFacts) -> Grant:
        return Grant("relation", self.facts.wanted[relation.schema], relation.schema, relation.name)

    def _other_on(self, relation: RelationFacts) -> Grant:
        return Grant("relation", _other(self.facts.wanted[relation.schema]), relation.schema, relation.name)

    def _default(self, creator: CreatorFacts) -> Grant:
        return Grant("default", self.facts.wanted[creator.schema], creator.schema, creator.name)

    def _other_default(self, creator: CreatorFacts) -> Grant:
        return Grant("default", _other(self.facts.wanted[creator.schema]), creator.schema, creator.name)

    def _is_grantable(self, relation: RelationFacts) -> bool:
        return relation.is_grantable and self.facts.schemas[relation.schema].is_usable

    def _ungrantable_relations(self) -> Iterator[Problem]:
        refused = [
            relation
            for relation in self.facts.relations
            if not (
                relation.is_direct
                or self._is_grantable(relation)
                or relation.is_effective
                or relation.is_extension_member
            )
        ]
        refused.sort(key=lambda relation: (relation.schema, relation.owner))
        for (schema, owner), relations in groupby(refused, key=lambda relation: (relation.schema, relation.owner)):
            yield self._ungrantable(schema, owner, list(relations))

    def _ungrantable(self, schema: str, owner: str, relations: Sequence[RelationFacts]) -> Problem:
        if all(relation.is_grantable for relation in relations):
            return self._no_usage(schema)
        names = tuple((schema, relation.name) for relation in relations)
        more = f" and {len(names) - NAMES_PER_MESSAGE} more" if len(names) > NAMES_PER_MESSAGE else ""
        privilege = self.facts.wanted[schema]
        statement = Statement(f"GRANT {privilege} ON TABLE {listed(len(names))} TO {{}}", (*names, (self.group,)))
        subject = ", ".join(".".join(map(quoted, name)) for name in names[:NAMES_PER_MESSAGE]) + more
        return self._refusal(f"{privilege} on {subject}", owner, f"{statement};", subject, schema)

    def _no_usage(self, schema: str) -> Problem:
        message = (
            f"Cannot grant {self.facts.wanted[schema]} on the relations of schema {quoted(schema)} of database "
            f"{quoted(self.facts.name)}: role {quoted(self._admin)} has no USAGE on the schema and so cannot name what "
            "is in it."
        )
        mend = remedy("GRANT USAGE ON SCHEMA {} TO {}", schema, self._admin)
        return Problem(message, f"Have its owner run: {mend}", database=self.facts.name, object=schema, statement=mend)

    def _not_the_owner(self, grant: Grant, owner: str, statement: str) -> Problem:
        what = str(grant) if grant.schema else f"{grant.privilege}"
        return self._refusal(what, owner, statement, grant.schema or self.facts.name, grant.schema)

    def _refusal(self, what: str, owner: str, statement: str, subject: str, schema: str) -> Problem:
        message = (
            f"Cannot grant {what} in database {quoted(self.facts.name)}: role {quoted(self._admin)} is neither its "
            f"owner {quoted(owner)} nor a member that inherits from it."
        )
        shown = statement
        if len(statement) > CHARACTERS_PER_MESSAGE:
            shown = statement[:CHARACTERS_PER_MESSAGE] + " … (all of it is in problems, key statement)"
        mend = f"Have {quoted(owner)} or a superuser run: {shown}"
        if not self._is_superuser(owner):
            mend += f" Or make the administrator a member: {self._membership(owner)}"
        elif schema:
            mend += f" {leave_out_advice(self.entry, schema)}"
        return Problem(message, mend, database=self.facts.name, object=subject, statement=statement)

    def _not_a_member(self, creator: CreatorFacts) -> Problem:
        message = (
            f"Cannot make future relations of role {quoted(creator.name)} in schema {quoted(creator.schema)} of "
            f"database {quoted(self.facts.name)} readable: role {quoted(self._admin)} is not a member of it."
        )
        (statement,) = statements_for(self.facts.name, self.group, [self._default(creator)])
        mend = f"{statement};"
        advice = f"Have {quoted(creator.name)} or a superuser run: {mend}"
        if not creator.is_superuser:
            advice += f" Or make the administrator a member: {self._membership(creator.name)}"
        else:
            advice += f" {leave_out_advice(self.entry, creator.schema)}"
        return Problem(message, advice, database=self.facts.name, object=creator.name, statement=mend)

    @property
    def _admin(self) -> str:
        return self.server.administrator

    def _is_superuser(self, role: str) -> bool:
        return any(creator.name == role and creator.is_superuser for creator in self.facts.creators)

    def _membership(self, role: str) -> str:
        spelled_out = has_feature(self.server.version_num, "membership_options")
        return remedy("GRANT {} TO {}" + (" WITH INHERIT TRUE" if spelled_out else ""), role, self._admin)


# What becomes of one wanted privilege: granted, inherited, skipped or warned of (with the reason), refused, or None
# where it is there already.
Fate = Any


def _other(privilege: str) -> str:
    """Return the privilege of the other mode."""
    return "REFERENCES" if privilege == "SELECT" else "SELECT"
