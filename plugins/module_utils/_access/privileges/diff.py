# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What is to be granted and revoked in a database, in which transactions, and what stands in the way. Pure.

The catalog has said what is missing and what is extraneous; here each of it becomes a step or an obstacle.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import Iterable, Iterator, Sequence, Union

from ..._core.problem import Problem
from ..._core.sql_statement import Statement
from ..catalog.facts import AclItem, DatabaseFacts, MissingRelation, PrivilegeState, ServerFacts
from .desired import Desired, connect_on, default_of, usage_on
from .metadata_mode import unsafe_creates
from .object_kinds import OBJECT_KINDS, schema_of
from .obstacles import GrantRefusals, breaks_scan, revoke_obstacles
from .statements import Grant, grant_statements, revoke_order, revoke_statements


@dataclass(frozen=True)
class DatabasePlan:
    """What is to be granted and revoked in a database, in order, and what stands in the way.

    ``inherited`` is held without a direct grant that the administrator cannot make; ``skipped`` belongs to extensions
    and cannot be granted. Neither is an error.
    """

    grants: tuple[Grant, ...] = ()
    revokes: tuple[AclItem, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    inherited: tuple[Grant, ...] = ()
    skipped: tuple[Grant, ...] = ()

    @property
    def has_changes(self) -> bool:
        """Whether there is something to write."""
        return bool(self.grants or self.revokes)

    def statements(self, group: str, administrator: str) -> list[Statement]:
        """Return the statements of the plan, in order."""
        return [*grant_statements(self.grants, group), *revoke_statements(self.revokes, administrator=administrator)]

    def limited_to(self, batch: DatabasePlan) -> DatabasePlan:
        """Return the part of this plan that a batch of an earlier one asks for."""
        grants, revokes = frozenset(batch.grants), frozenset(batch.revokes)
        return DatabasePlan(
            tuple(grant for grant in self.grants if grant in grants),
            tuple(item for item in self.revokes if item in revokes),
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
        refusals = GrantRefusals(server, facts, desired.request.group, desired.entry)
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
    )


def _sort(found: _Sorted, grant: Grant, state: PrivilegeState) -> bool:
    """Put a privilege where it belongs; return False where it is missing and out of reach."""
    if state.is_direct:
        return True
    if state.is_grantable:
        found.grants.append(grant)
    elif state.is_effective:
        found.inherited.append(grant)
    else:
        return False
    return True


def _sort_connect(found: _Sorted, facts: DatabaseFacts, refusals: GrantRefusals) -> None:
    grant = connect_on(facts.name)
    if not _sort(found, grant, facts.connect):
        found.problems.append(refusals.of_object(grant, facts.owner))


def _sort_schemas(found: _Sorted, facts: DatabaseFacts, refusals: GrantRefusals) -> None:
    for name in facts.listed:
        schema, grant = facts.schemas[name], usage_on(name)
        owner = facts.owner if schema.owner == "pg_database_owner" else schema.owner
        if not _sort(found, grant, schema.usage):
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
        elif relation.is_extension_member:
            found.skipped.append(grant)
        else:
            refused.append(relation)
    refused.sort(key=lambda relation: (relation.schema, relation.owner))
    for (schema, owner), relations in groupby(refused, key=lambda relation: (relation.schema, relation.owner)):
        found.problems.append(refusals.of_relations(schema, owner, list(relations)))


Change = Union[Grant, AclItem]


def batches(plan: DatabasePlan, limit: int | None) -> list[DatabasePlan]:
    """Return the plan in parts, one for each transaction: all at once without a limit, else whole schemas as they fit.

    ``limit`` is the number of objects that one transaction may name. A schema that alone exceeds it takes several
    transactions: USAGE is granted in the first of them, and revoked in the last. No changes are no batch.
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
    return [_plan_of(change for of_object in batch for change in of_object) for batch in found]


def _units(plan: DatabasePlan) -> Iterator[Sequence[Sequence[Change]]]:
    """Yield what belongs into one transaction where it fits, by object: a schema's grants, then a schema's revokes."""
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
    """Return CONNECT before all schemas where it is granted, and after them where it is revoked."""
    is_database = change.kind == "database"
    return (is_database if isinstance(change, AclItem) else not is_database, schema_of(change))


def _plan_of(changes: Iterable[Change]) -> DatabasePlan:
    some = list(changes)
    return DatabasePlan(
        tuple(change for change in some if isinstance(change, Grant)),
        tuple(sorted((change for change in some if isinstance(change, AclItem)), key=revoke_order)),
    )
