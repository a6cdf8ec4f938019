# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What is to be granted and revoked in a database, in which transactions, and what prevents it. Pure.

The catalog has said what is missing and what is extraneous; here each of it becomes a step or an obstacle.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Iterable, Iterator, Sequence, Union

from ..._core.problem import Problem
from ..._core.sql_statement import Statement
from ..catalog.facts import AclItem, Assumable, DatabaseFacts, MissingRelation, PrivilegeState, ServerFacts
from .assume import owner_to_assume, real_owner, with_owners
from .desired import Desired, connect_on, default_of, usage_on
from .metadata_mode import unsafe_creates
from .object_kinds import OBJECT_KINDS, schema_of
from .obstacles import GrantRefusals, breaks_scan, revoke_obstacles
from .statements import Grant, grant_statements_by_role, revoke_order, revoke_statements, roles_revoked_as


@dataclass(frozen=True)
class DatabasePlan:
    """What is to be granted and revoked in a database, in order, and what prevents it.

    ``inherited`` is held without a direct grant that the administrator cannot make; ``skipped`` belongs to extensions
    and cannot be granted. Neither is an error. ``assumable`` are the roles that may be assumed.
    """

    grants: tuple[Grant, ...] = ()
    revokes: tuple[AclItem, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    inherited: tuple[Grant, ...] = ()
    skipped: tuple[Grant, ...] = ()
    assumable: Assumable = field(default_factory=dict)

    @property
    def has_changes(self) -> bool:
        """Whether there is something to write."""
        return bool(self.grants or self.revokes)

    def statements(self, group: str, administrator: str) -> list[Statement]:
        """Return the statements of the plan, in order."""
        statements = [
            *grant_statements_by_role(self.grants, group, administrator=administrator),
            *revoke_statements(self.revokes, administrator=administrator),
        ]
        return with_owners(statements, self.roles_taken_on, self.assumable, administrator)

    @property
    def roles_taken_on(self) -> frozenset[str]:
        """The roles that some statements are run as."""
        return roles_revoked_as(self.revokes) | {grant.grant_as for grant in self.grants if grant.grant_as}

    def limited_to(self, batch: DatabasePlan) -> DatabasePlan:
        """Return the part of this plan that a batch of an earlier one asks for."""
        grants, revokes = frozenset(batch.grants), frozenset(batch.revokes)
        return DatabasePlan(
            tuple(grant for grant in self.grants if grant in grants),
            tuple(item for item in self.revokes if item in revokes),
            assumable=self.assumable,
        )


@dataclass
class _Sorted:
    """Missing privileges, sorted by what becomes of them."""

    grants: list[Grant] = field(default_factory=list)
    inherited: list[Grant] = field(default_factory=list)
    skipped: list[Grant] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def plan_database(facts: DatabaseFacts, desired: Desired) -> DatabasePlan:
    """Return the plan for a database."""
    server = desired.server
    found = _Sorted()
    if desired.entry is not None:
        refusals = GrantRefusals(
            server, facts, desired.request.group, desired.entry, assumes=desired.request.assume_owners
        )
        _sort_connect(found, facts, refusals)
        _sort_schemas(found, facts, refusals)
        _sort_creators(found, server, facts, desired, refusals)
        _sort_relations(found, facts, refusals)
        found.warnings += breaks_scan(facts)
        if not desired.request.accept_references:
            found.problems += unsafe_creates(facts, desired.request.group)
    roles = desired.request.roles
    found.problems += revoke_obstacles(
        facts.extraneous, roles=roles, database=facts.name, administrator=server.administrator
    )
    revokes = tuple(sorted((item for item in facts.extraneous if item.grantee in roles), key=revoke_order))
    return DatabasePlan(
        tuple(found.grants),
        revokes,
        tuple(found.problems),
        tuple(found.warnings),
        tuple(found.inherited),
        tuple(found.skipped),
        facts.assumable,
    )


def _sort(found: _Sorted, grant: Grant, state: PrivilegeState, grant_as: str) -> bool:
    """Sort a privilege; return False if it is missing and cannot be granted.

    ``grant_as`` is its owner if that can be assumed, else empty.
    """
    if state.is_direct:
        return True
    if state.is_grantable:
        found.grants.append(grant)
    elif state.is_effective:
        found.inherited.append(grant)
    elif grant_as:
        found.grants.append(grant._replace(grant_as=grant_as))
    else:
        return False
    return True


def _sort_connect(found: _Sorted, facts: DatabaseFacts, refusals: GrantRefusals) -> None:
    grant = connect_on(facts.name)
    if not _sort(found, grant, facts.connect, owner_to_assume(facts, facts.owner)):
        found.problems.append(refusals.of_object(grant, facts.owner))


def _sort_schemas(found: _Sorted, facts: DatabaseFacts, refusals: GrantRefusals) -> None:
    for name in facts.listed:
        schema, grant = facts.schemas[name], usage_on(name)
        owner = real_owner(facts, schema.owner)
        if not _sort(found, grant, schema.usage, owner_to_assume(facts, owner)):
            found.problems.append(refusals.of_object(grant, owner))


def _sort_creators(
    found: _Sorted, server: ServerFacts, facts: DatabaseFacts, desired: Desired, refusals: GrantRefusals
) -> None:
    is_explicit = desired.entry is not None and desired.entry.creators is not None
    for creator in desired.creators(facts.creators):
        if creator.has_default_privilege:
            continue
        if server.can_act_for(creator):
            found.grants.append(default_of(creator, facts))
        elif owner_to_assume(facts, creator.name):
            found.grants.append(default_of(creator, facts)._replace(grant_as=creator.name))
        else:
            refused = refusals.of_creator(creator, default_of(creator, facts))
            (found.problems if is_explicit else found.warnings).append(refused)


def _sort_relations(found: _Sorted, facts: DatabaseFacts, refusals: GrantRefusals) -> None:
    refused: list[MissingRelation] = []
    for relation in facts.missing:
        schema = relation.schema
        grant = Grant("relation", facts.listed[schema], schema, relation.name, "", relation.oid)
        if relation.is_grantable and facts.schemas[schema].is_usable:
            found.grants.append(grant)
        elif relation.is_effective:
            found.inherited.append(grant)
        elif owner_to_assume(facts, relation.owner) and relation.has_owner_usage:
            found.grants.append(grant._replace(grant_as=owner_to_assume(facts, relation.owner)))
        elif relation.is_extension_member:
            found.skipped.append(grant)
        else:
            refused.append(relation)
    refused.sort(key=lambda relation: (relation.schema, relation.owner))
    for (schema, owner), relations in groupby(refused, key=lambda relation: (relation.schema, relation.owner)):
        found.problems.append(refusals.of_relations(schema, owner, list(relations)))


Change = Union[Grant, AclItem]


def batches(plan: DatabasePlan, limit: int | None) -> list[DatabasePlan]:
    """Return the plan in parts, one for each transaction: all in one without a limit, else whole schemas as they fit.

    ``limit`` is the number of objects that one transaction may name. A schema that alone exceeds it takes several
    transactions: USAGE is granted in the first of them, and revoked in the last. Without changes there is no batch.
    """
    if limit is None or len(plan.grants) + len(plan.revokes) <= limit:
        return [plan] if plan.has_changes else []
    found: list[list[Sequence[Change]]] = []
    for unit in _units(plan):
        for start in range(0, len(unit), limit):
            part = unit[start : start + limit]
            if found and len(found[-1]) + len(part) <= limit:
                found[-1] += part
            else:
                found.append(list(part))
    return [
        replace(_plan_of(change for of_object in batch for change in of_object), assumable=plan.assumable)
        for batch in found
    ]


def _units(plan: DatabasePlan) -> Iterator[Sequence[Sequence[Change]]]:
    """Yield what belongs in one transaction if it fits, by object: a schema's grants, then a schema's revokes."""
    grants = sorted(plan.grants, key=lambda grant: (*_schema_order(grant), -OBJECT_KINDS[grant.kind].rank))
    for _schema, of_schema in groupby(grants, key=_schema_order):
        yield [[grant] for grant in of_schema]
    by_object: dict[tuple[str, str, str, str], list[AclItem]] = {}
    for item in plan.revokes:
        by_object.setdefault(item.object, []).append(item)
    revokes = sorted(by_object.values(), key=lambda items: (*_schema_order(items[0]), OBJECT_KINDS[items[0].kind].rank))
    for _schema, of_objects in groupby(revokes, key=lambda items: _schema_order(items[0])):
        yield list(of_objects)


def _schema_order(change: Change) -> tuple[bool, str]:
    """Return CONNECT before all schemas if it is granted, and after them if it is revoked."""
    is_database = change.kind == "database"
    return (is_database if isinstance(change, AclItem) else not is_database, schema_of(change))


def _plan_of(changes: Iterable[Change]) -> DatabasePlan:
    some = list(changes)
    return DatabasePlan(
        tuple(change for change in some if isinstance(change, Grant)),
        tuple(sorted((change for change in some if isinstance(change, AclItem)), key=revoke_order)),
    )
