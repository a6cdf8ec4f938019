# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What a database lacks of what is wanted, and how it gets it. Pure: values in, values out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Iterable, Iterator, Literal, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._facts import (
    CreatorFacts,
    DatabaseFacts,
    Holding,
    RelationFacts,
    ServerFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._problems import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._statements import (
    Statement,
    listed,
    quoted,
    remedy,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._versions import has_feature
from ansible_collections.metamapper.postgresql.plugins.module_utils._wanted import DatabaseEntry

Kind = Literal["database", "schema", "default", "relation"]

# The order in which privileges are granted: never SELECT without USAGE, and nothing before CONNECT.
KINDS: tuple[Kind, ...] = ("database", "schema", "default", "relation")
NAMES_PER_STATEMENT = 500
NAMES_PER_MESSAGE = 3
CHARACTERS_PER_MESSAGE = 1000


@dataclass(frozen=True)
class Grant:
    """One privilege on one object; ``name`` is the relation, or the creator of a default privilege."""

    kind: Kind
    privilege: str
    schema: str = ""
    name: str = ""

    def __str__(self) -> str:
        if self.kind == "default":
            return f"{self.privilege} on future relations of {quoted(self.name)} in schema {quoted(self.schema)}"
        names = ".".join(quoted(part) for part in (self.schema, self.name) if part)
        return f"{self.privilege} on {self.kind} {names}".rstrip()


@dataclass(frozen=True)
class DatabasePlan:
    """What is to be granted in a database, in order, and what stands in the way.

    ``inherited`` is held without a direct grant that the administrator cannot make; ``skipped`` belongs to extensions
    and cannot be granted. Neither is an error.
    """

    grants: tuple[Grant, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    inherited: tuple[Grant, ...] = ()
    skipped: tuple[Grant, ...] = ()


@dataclass(frozen=True)
class Planner:
    """The rules, applied to one database."""

    server: ServerFacts
    facts: DatabaseFacts
    entry: DatabaseEntry
    roles: tuple[str, ...]

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
        lacking += [_default(creator) for creator in self.creators() if not creator.is_ready]
        return lacking + [_select(relation) for relation in self.facts.relations]

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
            owners = {(relation.schema, relation.name): relation.owner for relation in self.facts.relations}
            return owners[grant.schema, grant.name]
        owners_of_others = {"database": self.facts.owner, "default": grant.name}
        return owners_of_others.get(grant.kind) or self.facts.schemas[grant.schema].owner

    def plan(self) -> DatabasePlan:
        """Return the plan."""
        fates = [self._connect_fate(), *self._schema_fates(), *self._creator_fates(), *self._relation_fates()]
        problems = [fate for fate in fates if isinstance(fate, Problem)]
        sorted_out: dict[str, list[Any]] = defaultdict(list)
        for fate in fates:
            if isinstance(fate, tuple):
                sorted_out[fate[0]].append(fate[1])
        return DatabasePlan(
            grants=tuple(sorted(sorted_out["grant"], key=lambda grant: KINDS.index(grant.kind))),
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
                yield ("grant", _default(creator))
            elif self.entry.creators is not None:
                yield self._not_a_member(creator)
            else:
                yield ("warning", self._not_a_member(creator))

    def _relation_fates(self) -> Iterator[Fate]:
        for relation in self.facts.relations:
            if self._is_grantable(relation):
                yield ("grant", _select(relation))
            elif relation.is_effective:
                yield ("inherited", _select(relation))
            elif relation.is_extension_member:
                yield ("skipped", _select(relation))

    def _is_grantable(self, relation: RelationFacts) -> bool:
        return relation.is_grantable and self.facts.schemas[relation.schema].is_usable

    def _ungrantable_relations(self) -> Iterator[Problem]:
        refused = [
            relation
            for relation in self.facts.relations
            if not (self._is_grantable(relation) or relation.is_effective or relation.is_extension_member)
        ]
        refused.sort(key=lambda relation: (relation.schema, relation.owner))
        for (schema, owner), relations in groupby(refused, key=lambda relation: (relation.schema, relation.owner)):
            yield self._ungrantable(schema, owner, list(relations))

    def _ungrantable(self, schema: str, owner: str, relations: Sequence[RelationFacts]) -> Problem:
        if all(relation.is_grantable for relation in relations):
            return self._no_usage(schema)
        names = tuple((schema, relation.name) for relation in relations)
        more = f" and {len(names) - NAMES_PER_MESSAGE} more" if len(names) > NAMES_PER_MESSAGE else ""
        statement = Statement(f"GRANT SELECT ON TABLE {listed(len(names))} TO {{}}", (*names, (self.group,)))
        subject = ", ".join(".".join(map(quoted, name)) for name in names[:NAMES_PER_MESSAGE]) + more
        return self._refusal(f"SELECT on {subject}", owner, f"{statement};", subject)

    def _no_usage(self, schema: str) -> Problem:
        message = (
            f"Cannot grant SELECT on the relations of schema {quoted(schema)} of database {quoted(self.facts.name)}: "
            f"role {quoted(self._admin)} has no USAGE on the schema and so cannot name what is in it."
        )
        mend = remedy("GRANT USAGE ON SCHEMA {} TO {}", schema, self._admin)
        return Problem(message, f"Have its owner run: {mend}", database=self.facts.name, object=schema, statement=mend)

    def _not_the_owner(self, grant: Grant, owner: str, statement: str) -> Problem:
        what = str(grant) if grant.schema else f"{grant.privilege}"
        return self._refusal(what, owner, statement, grant.schema or self.facts.name)

    def _refusal(self, what: str, owner: str, statement: str, subject: str) -> Problem:
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
        return Problem(message, mend, database=self.facts.name, object=subject, statement=statement)

    def _not_a_member(self, creator: CreatorFacts) -> Problem:
        message = (
            f"Cannot make future relations of role {quoted(creator.name)} in schema {quoted(creator.schema)} of "
            f"database {quoted(self.facts.name)} readable: role {quoted(self._admin)} is not a member of it."
        )
        mend = str(_default_statement([creator.name], [creator.schema], self.group)) + ";"
        advice = f"Have {quoted(creator.name)} or a superuser run: {mend}"
        if not creator.is_superuser:
            advice += f" Or make the administrator a member: {self._membership(creator.name)}"
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


def _select(relation: RelationFacts) -> Grant:
    return Grant("relation", "SELECT", relation.schema, relation.name)


def _default(creator: CreatorFacts) -> Grant:
    return Grant("default", "SELECT", creator.schema, creator.name)


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), NAMES_PER_STATEMENT):
        yield items[start : start + NAMES_PER_STATEMENT]


def statements_for(database: str, group: str, grants: Iterable[Grant]) -> list[Statement]:
    """Return few statements that make the grants, named lists, in the order of ``KINDS``."""
    by_kind: dict[Kind, list[Grant]] = defaultdict(list)
    for grant in grants:
        by_kind[grant.kind].append(grant)
    connect = [
        Statement("GRANT CONNECT ON DATABASE {} TO {}", ((database,), (group,))) for _grant in by_kind["database"]
    ]
    usage = [
        Statement(
            f"GRANT USAGE ON SCHEMA {listed(len(part))} TO {{}}", (*((grant.schema,) for grant in part), (group,))
        )
        for part in _chunks(by_kind["schema"])
    ]
    select = [
        Statement(
            f"GRANT SELECT ON TABLE {listed(len(part))} TO {{}}",
            (*((grant.schema, grant.name) for grant in part), (group,)),
        )
        for part in _chunks(by_kind["relation"])
    ]
    return [*connect, *usage, *_default_statements(group, by_kind["default"]), *select]


def _default_statements(group: str, grants: Iterable[Grant]) -> Iterator[Statement]:
    schemas: dict[str, list[str]] = defaultdict(list)
    for grant in grants:
        schemas[grant.name].append(grant.schema)
    creators: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for creator, its_schemas in schemas.items():
        creators[tuple(its_schemas)].append(creator)
    for where, who in creators.items():  # one statement makes the cross product
        for part in _chunks(where):
            yield _default_statement(who, part, group)


def _default_statement(creators: Sequence[str], schemas: Sequence[str], group: str) -> Statement:
    # https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
    template = (
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {listed(len(creators))} IN SCHEMA {listed(len(schemas))} "
        "GRANT SELECT ON TABLES TO {}"
    )
    return Statement(template, tuple((name,) for name in (*creators, *schemas, group)))


def batches(grants: Sequence[Grant], limit: int | None) -> list[tuple[str, ...]]:
    """Return the schemas of each transaction: all at once without a limit, else whole schemas while they fit.

    ``limit`` is the number of objects that one transaction may name. A schema that alone exceeds it is a batch of its
    own, and takes several transactions. Nothing to grant is no batch.
    """
    sizes: dict[str, int] = defaultdict(int)
    for grant in grants:
        sizes[grant.schema] += 1
    if limit is None:
        return [tuple(name for name in sizes if name)] if sizes else []
    found: list[list[str]] = []
    room = 0
    for schema, size in sizes.items():
        if not found or size > room:
            found.append([])
            room = limit
        found[-1] += [schema] if schema else []
        room -= size
    return [tuple(names) for names in found]
