# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Owners assumed for the duration of a transaction: a membership, SET ROLE, and the membership undone. Pure.

An existing membership that lets the administrator's login SET ROLE is enough; otherwise one is granted. It is granted
and revoked in the same transaction, so that no other session ever sees it, and a rollback undoes it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Collection, Iterable, Sequence

from ..._core.problem import Problem
from ..._core.remedy import alternatively, by_hand, variable
from ..._core.sql_statement import Statement, quoted, simple
from ..._scope.entry import DATABASE_OWNER
from ..catalog.facts import AclItem, Assumable, AssumableRole, DatabaseFacts
from .statements import revoke_statements, roles_revoked_as


def advised(problems: Iterable[Problem], left: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems, with the option as the first remedy of those that it solves."""
    remaining = {_about(problem) for problem in left}
    option = variable("assume the owners", "metamapper_assume_owners", True)
    return tuple(
        problem
        if _about(problem) in remaining
        else replace(problem, remedies=(option, *alternatively(*problem.remedies)))
        for problem in problems
    )


def _about(problem: Problem) -> tuple[str, str, str]:
    return (problem.database, problem.object, problem.statement)


def real_owner(facts: DatabaseFacts, owner: str) -> str:
    """Return the role that an owner stands for: pg_database_owner for the owner of the database."""
    return facts.owner if owner == DATABASE_OWNER else owner


def owner_to_assume(facts: DatabaseFacts, owner: str) -> str:
    """Return the role to assume for what belongs to an owner, empty if it cannot be assumed."""
    role = real_owner(facts, owner)
    return role if role in facts.assumable else ""


def with_owners(
    statements: Sequence[Statement], roles: Iterable[str], assumable: Assumable, administrator: str
) -> list[Statement]:
    """Return statements that assume some roles, with the memberships that this needs before and their end after."""
    needed = _needed(roles, assumable)
    return [
        *(_granted(role, administrator) for role in needed),
        *statements,
        *(_undone(role, administrator) for role in needed),
    ]


def revokes_with_owners(items: Collection[AclItem], assumable: Assumable, administrator: str) -> list[Statement]:
    """Return what revokes some items, as the roles that it takes."""
    revokes = revoke_statements(items, administrator=administrator)
    return with_owners(revokes, roles_revoked_as(items), assumable, administrator)


def _needed(roles: Iterable[str], assumable: Assumable) -> list[AssumableRole]:
    """Return the roles that need a membership, sorted by name: every run locks them in the same order."""
    return [assumable[name] for name in sorted(set(roles)) if name in assumable and not assumable[name].can_set]


def _granted(role: AssumableRole, administrator: str) -> Statement:
    # https://www.postgresql.org/docs/current/sql-grant.html#SQL-GRANT-DESCRIPTION-ROLES
    if not role.grantor:
        return simple("GRANT {} TO {}", role.name, administrator)
    options = "SET TRUE" if role.has_membership else "INHERIT FALSE, SET TRUE"
    return simple(f"GRANT {{}} TO {{}} WITH {options} GRANTED BY {{}}", role.name, administrator, role.grantor)


def _undone(role: AssumableRole, administrator: str) -> Statement:
    if not role.grantor:
        return simple("REVOKE {} FROM {}", role.name, administrator)
    if role.has_membership:
        return simple("GRANT {} TO {} WITH SET FALSE GRANTED BY {}", role.name, administrator, role.grantor)
    return simple("REVOKE {} FROM {} GRANTED BY {}", role.name, administrator, role.grantor)


def not_restored(
    database: str, administrator: str, roles: Iterable[str], *, before: Assumable, after: Assumable
) -> list[Problem]:
    """Return the roles in which the administrator's memberships are not those of before."""
    return [
        Problem(
            f"The memberships of role {quoted(administrator)} in role {quoted(role.name)} are not the same after this "
            f"transaction in database {quoted(database)} as before it; the transaction was rolled back.",
            by_hand("Another session has changed them meanwhile, or an extension does: run again."),
            database=database,
            object=role.name,
        )
        for role in _needed(roles, before)
        if role.name not in after or after[role.name].memberships != role.memberships
    ]
