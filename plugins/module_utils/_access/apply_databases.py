# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The steps that grant and revoke; each transaction inspects again, writes, and inspects what it wrote.

No scan that succeeds sees less than before: what a database gets comes in one transaction where the server has room.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Sequence, Tuple

from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .._core.sql_statement import Statement, quoted
from .._postgres.session import Session
from .._postgres.transaction import Work, read_again
from .._postgres.transaction_problems import ATTEMPTS
from .catalog.facts import AclItem, Assumable, DatabaseFacts, Membership
from .catalog.inspect import Narrowed, inspect_database, inspect_shared
from .catalog.inspect_roles import inspect_assumable, inspect_memberships, inspect_roles
from .privileges.assume import not_restored, revokes_with_owners
from .privileges.desired import Desired
from .privileges.diff import DatabasePlan, batches
from .privileges.object_kinds import Privileged, schema_of
from .privileges.obstacles import not_granted, not_revoked, revoke_obstacles
from .privileges.statements import roles_revoked_as
from .progress import Roles, Run, not_shown, possible
from .state import DatabaseState, not_entered, plan_of
from .steps import ChangeDatabase, DropRoles, RevokeShared

AclItems = Tuple[AclItem, ...]


def change_database(run: Run, step: ChangeDatabase) -> None:
    """Change a database, a batch a transaction, until an inspection of all of it finds nothing to do."""
    state = step.state
    facts, plans = state.facts, state.batches
    with run.where.session(state.name) as session:
        for _round in range(ATTEMPTS):
            is_whole = len(plans) <= 1
            for batch in plans:
                _change_once(run, session, state, None if is_whole else _Part(batch, _narrowed(facts, batch)))
            if is_whole:
                break
            facts = read_again(session, lambda again: _inspect(run, again, state))
            plans = batches(possible(plan_of(facts, state.desired)), state.desired.server.names_per_transaction)
            run.progress.databases[state.name] = facts
            if not plans:
                break
        else:
            raise Failure([_restless(state.name)])
        _change_leftovers(run, session, state)


def _restless(name: str) -> Problem:
    message = f"Other sessions change the privileges in database {quoted(name)} again and again."
    return Problem(message, by_hand("Run again when they have finished."), database=name)


def _inspect(run: Run, session: Session, state: DatabaseState, narrowed: Narrowed | None = None) -> DatabaseFacts:
    """Return a database as it is now, without the schemas that have come since the survey: the next run covers them.

    If each attempt included them, a transaction might never end while others create and rename schemas.
    """
    facts = inspect_database(session, state.desired, narrowed)
    keeps_extraneous = bool(run.found.not_done) and not run.request.is_absent
    return replace(
        facts.without_new_schemas(state.facts.listed), extraneous=() if keeps_extraneous else facts.extraneous
    )


@dataclass(frozen=True)
class _Part:
    """A batch, and what its transaction inspects."""

    batch: DatabasePlan
    narrowed: Narrowed


def _change_once(run: Run, session: Session, state: DatabaseState, part: _Part | None) -> None:
    """Carry out a part, or all that there is to do, in one transaction."""

    def plan(facts: DatabaseFacts) -> DatabasePlan:
        found = possible(plan_of(facts, state.desired))
        return found.limited_to(part.batch) if part else found

    work: Work[DatabaseFacts, DatabasePlan] = Work(
        database=state.name,
        inspect=lambda again: _inspect(run, again, state, part.narrowed if part else None),
        plan=plan,
        statements=lambda found: found.statements(run.request.group, run.administrator),
        missing=lambda found, after: _undone(run, state.desired, found, after),
    )
    after = run.write(f"database {quoted(state.name)}", session, work)
    if part is None:
        run.progress.databases[state.name] = after


def _narrowed(whole: DatabaseFacts, batch: DatabasePlan) -> Narrowed:
    changes: Sequence[Privileged] = [*batch.grants, *batch.revokes]
    return Narrowed(
        whole,
        schemas=frozenset(schema_of(change) for change in changes),
        relations=[grant.object_id for grant in batch.grants if grant.object_id],
        objects=sorted({(item.class_id, item.object_id) for item in batch.revokes}),
        creator_schemas=frozenset(schema_of(change) for change in changes if change.kind == "default"),
    )


def _undone(run: Run, desired: Desired, plan: DatabasePlan, after: DatabaseFacts) -> list[Problem]:
    """Return what the transaction failed to change, and the desired privileges that it revoked."""
    missing = frozenset(desired.missing(after))
    unwanted = frozenset(after.extraneous)
    granted = [grant._replace(grant_as="") for grant in plan.grants]
    return [
        *not_restored(after.name, run.administrator, plan.roles_taken_on, before=plan.assumable, after=after.assumable),
        *(not_granted(after, grant, run.request.group) for grant in granted if grant in missing),
        *(not_revoked(after.name, item) for item in plan.revokes if item in unwanted),
    ]


def _change_leftovers(run: Run, session: Session, state: DatabaseState) -> None:
    if not state.leftovers:
        return
    from .roles.removal import leftover_statements  # noqa: PLC0415

    work: Work[DatabaseFacts, Sequence[Statement]] = Work(
        database=state.name,
        inspect=lambda again: inspect_database(again, state.desired),
        plan=leftover_statements,
        statements=lambda statements: statements,
        missing=lambda _plan, after: not_shown(state.name, leftover_statements(after)),
    )
    run.write(f"database {quoted(state.name)}", session, work)


@dataclass(frozen=True)
class _Shared:
    """What is extraneous on the server as a whole, and the roles that may be assumed to revoke it."""

    items: AclItems
    assumable: Assumable


def _shared(run: Run, session: Session) -> _Shared:
    found = run.found
    version = found.server.facts.version_num
    assumable = inspect_assumable(session, run.request)
    items = inspect_shared(session, run.request, version, found.database_names, assumable)
    if not run.request.is_absent:
        items = not_entered(items, [state.name for state in found.databases])
    return _Shared(items, assumable)


def _revokes(run: Run, shared: _Shared) -> list[Statement]:
    """Return what revokes some items; raises Failure if one of them cannot be revoked."""
    items = shared.items
    problems = revoke_obstacles(
        items, roles=run.request.roles, database=run.where.database, administrator=run.administrator
    )
    if problems:
        raise Failure(problems)
    return revokes_with_owners(items, shared.assumable, run.administrator)


def _not_revoked(run: Run, plan: _Shared, after: _Shared) -> list[Problem]:
    database = run.where.database
    roles = roles_revoked_as(plan.items)
    return [
        *not_restored(database, run.administrator, roles, before=plan.assumable, after=after.assumable),
        *(not_revoked(database, item) for item in plan.items if item in after.items),
    ]


def revoke_shared(run: Run, _step: RevokeShared) -> None:
    """Revoke what is extraneous on databases that are not entered, tablespaces and parameters."""
    work: Work[_Shared, _Shared] = Work(
        database=run.where.database,
        inspect=lambda session: _shared(run, session),
        plan=lambda shared: shared,
        statements=lambda shared: _revokes(run, shared),
        missing=lambda plan, after: _not_revoked(run, plan, after),
    )
    with run.where.session() as session:
        run.write("the server as a whole", session, work)


@dataclass(frozen=True)
class _Remaining:
    """What is left of roles that are to be dropped."""

    roles: Roles
    shared: _Shared
    memberships: tuple[Membership, ...]


def drop_roles(run: Run, _step: DropRoles) -> None:
    """Drop the roles, with what they hold on the server as a whole."""
    from .roles.removal import (  # noqa: PLC0415
        drop_obstacles,
        drop_statements,
    )

    facts, request = run.found.server.facts, run.request

    def inspect(session: Session) -> _Remaining:
        memberships = inspect_memberships(session, request, facts.version_num)
        return _Remaining(inspect_roles(session, request), _shared(run, session), memberships)

    def plan(left: _Remaining) -> list[Statement]:
        problems = drop_obstacles(left.roles, left.memberships, facts, request)
        if problems:
            raise Failure(problems)
        return drop_statements(left.roles, _revokes(run, left.shared), request)

    run.progress.roles = run.converge("the roles", inspect, plan).roles
