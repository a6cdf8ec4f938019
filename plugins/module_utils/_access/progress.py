# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What the steps share: where they write, what is desired, what was found, and what has been committed so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Mapping, Sequence, TypeVar

from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .._core.sql_statement import Statement, quoted
from .._postgres.server import Server
from .._postgres.session import Session
from .._postgres.settings import Setting
from .._postgres.transaction import LockTimeouts, Work, write
from .catalog.facts import Connection, DatabaseFacts, RoleFacts
from .privileges.diff import DatabasePlan
from .request import AccessRequest
from .roles.password import Password
from .roles.plan import RolePlan
from .state import Survey

Roles = Mapping[str, RoleFacts]
Statements = Sequence[Statement]
State = TypeVar("State")
Planned = TypeVar("Planned")
Plan = TypeVar("Plan", DatabasePlan, RolePlan)


def possible(plan: Plan) -> Plan:
    """Return a plan that can be carried out; raises Failure if a new obstacle has come up since the survey."""
    if plan.problems:
        raise Failure(plan.problems)
    return plan


@dataclass
class Progress:
    """What has been committed so far; of each database that was written to, how it was before and is now."""

    roles: Roles
    passwords: dict[str, Password]
    connections: tuple[Connection, ...]
    starting: int = 0
    statements: list[Statement] = field(default_factory=list)
    committed: list[str] = field(default_factory=list)
    databases: dict[str, DatabaseFacts] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def keep(self, what: str, statements: Sequence[Statement]) -> None:
        """Remember a transaction that was committed and wrote something."""
        if statements:
            self.statements += statements
            self.committed.append(what)


@dataclass(frozen=True)
class Run:
    """What all steps share."""

    where: Server
    request: AccessRequest
    found: Survey
    progress: Progress

    @property
    def administrator(self) -> str:
        """The role that the changes are made as."""
        return self.found.server.facts.administrator

    def write(self, what: str, session: Session, work: Work[State, Planned]) -> State:
        """Do some work in one transaction, record it, and return what it found; raises Failure."""
        timeouts = LockTimeouts(self.request.wait_seconds, self.request.lock_timeout_ms)
        done = write(session, work, timeouts)
        self.progress.keep(what, done.statements)
        return done.after

    def converge(
        self,
        what: str,
        inspect: Callable[[Session], State],
        plan: Callable[[State], Statements],
        left: Callable[[State], Statements] | None = None,
        *,
        settings: tuple[Setting, ...] = (),
    ) -> State:
        """Run the statements that are planned for what was inspected; return the state in which none is left."""
        database = self.where.database
        work: Work[State, Statements] = Work(
            database=database,
            inspect=inspect,
            plan=plan,
            statements=lambda statements: statements,
            missing=lambda _plan, after: not_shown(database, (left or plan)(after)),
            settings=settings,
        )
        with self.where.session() as session:
            return self.write(what, session, work)


def not_shown(database: str, statements: Sequence[Statement]) -> list[Problem]:
    """Return that statements were accepted, but are still needed according to the catalog."""
    return [
        Problem(
            f"PostgreSQL accepted this statement in database {quoted(database)}, but the catalog does not show what it "
            f"asks for; the transaction was rolled back: {statement};",
            by_hand("Look for an event trigger or an extension that undoes it."),
            database=database,
            statement=f"{statement};",
        )
        for statement in statements
    ]
