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
from .._postgres.transaction import ATTEMPTS, Work, read_again
from .catalog.facts import AclItem, DatabaseFacts, Membership
from .catalog.inspect import Narrowed, inspect_database, inspect_shared
from .catalog.inspect_roles import inspect_memberships, inspect_roles
from .privileges.desired import Desired
from .privileges.diff import DatabasePlan, batches
from .privileges.object_kinds import Privileged, schema_of
from .privileges.obstacles import not_granted, not_revoked, revoke_obstacles
from .privileges.statements import revoke_statements
from .progress import Roles, Run, not_shown, possible
from .state import DatabaseState, not_entered, plan_of
from .steps import ChangeDatabase, DropRoles, RevokeShared

AclItems = Tuple[AclItem, ...]


def change_database(run: Run, step: ChangeDatabase) -> None:
    """Change a database, a batch a transaction, until an inspection of all of it finds nothing to do."""
    state = step.state
    plans = state.batches
    with run.where.session(state.name) as session:
        for _round in range(ATTEMPTS):
            is_whole = len(plans) <= 1
            for batch in plans:
                _change_once(run, session, state, None if is_whole else batch)
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

    Taken in at each attempt, they would keep a transaction from ever ending while others create and rename schemas.
    """
    facts = inspect_database(session, state.desired, narrowed)
    keeps_extraneous = bool(run.found.not_done) and not run.request.is_absent
    return replace(
        facts.without_new_schemas(state.facts.listed), extraneous=() if keeps_extraneous else facts.extraneous
    )


def _change_once(run: Run, session: Session, state: DatabaseState, batch: DatabasePlan | None) -> None:
    """Carry out a batch, or all that there is to do, in one transaction."""
    narrowed = _narrowed(batch) if batch else None

    def plan(facts: DatabaseFacts) -> DatabasePlan:
        found = possible(plan_of(facts, state.desired))
        return found.limited_to(batch) if batch else found

    work: Work[DatabaseFacts, DatabasePlan] = Work(
        database=state.name,
        inspect=lambda again: _inspect(run, again, state, narrowed),
        plan=plan,
        statements=lambda found: found.statements(run.request.group, run.administrator),
        missing=lambda found, after: _undone(run, state.desired, found, after),
    )
    after = run.write(f"database {quoted(state.name)}", session, work)
    if batch is None:
        run.progress.databases[state.name] = after


def _narrowed(batch: DatabasePlan) -> Narrowed:
    changes: Sequence[Privileged] = [*batch.grants, *batch.revokes]
    return Narrowed(
        relations=[grant.object_id for grant in batch.grants if grant.object_id],
        objects=sorted({(item.class_id, item.object_id) for item in batch.revokes}),
        schemas=frozenset(schema_of(change) for change in changes if change.kind == "default"),
    )


def _undone(run: Run, desired: Desired, plan: DatabasePlan, after: DatabaseFacts) -> list[Problem]:
    """Return what the transaction was to change and has not, and what it has taken from the desired privileges."""
    missing = frozenset(desired.missing(after))
    unwanted = frozenset(after.extraneous)
    return [
        *(not_granted(after, grant, run.request.group) for grant in plan.grants if grant in missing),
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


def _shared(run: Run, session: Session) -> AclItems:
    found = run.found
    version = found.server.facts.version_num
    items = inspect_shared(session, run.request, version, found.database_names)
    if run.request.is_absent:
        return items
    return not_entered(items, [state.name for state in found.databases])


def _revokes(run: Run, items: AclItems) -> list[Statement]:
    """Return what revokes some items; raises Failure where one of them cannot be revoked."""
    problems = revoke_obstacles(
        items, roles=run.request.roles, database=run.where.database, administrator=run.administrator
    )
    if problems:
        raise Failure(problems)
    return revoke_statements(items, administrator=run.administrator)


def revoke_shared(run: Run, _step: RevokeShared) -> None:
    """Revoke what is extraneous on databases that are not entered, tablespaces and parameters."""
    work: Work[AclItems, AclItems] = Work(
        database=run.where.database,
        inspect=lambda session: _shared(run, session),
        plan=lambda items: items,
        statements=lambda items: _revokes(run, items),
        missing=lambda plan, after: [not_revoked(run.where.database, item) for item in plan if item in after],
    )
    with run.where.session() as session:
        run.write("the server as a whole", session, work)


@dataclass(frozen=True)
class _Remaining:
    """What is left of the roles when they are to be dropped."""

    roles: Roles
    shared: AclItems
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
