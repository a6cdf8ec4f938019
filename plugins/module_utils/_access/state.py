# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What a survey finds, as values: the server, each database with its plan, and what prevents it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Collection, Iterable, Mapping

from .._core.problem import Problem
from .._core.secret import Secret
from .._core.sql_statement import Statement
from .._scope.account import DatabaseScope, LeftOut
from .catalog.facts import AclItem, DatabaseFacts, ServerFacts
from .privileges.desired import Desired
from .privileges.diff import DatabasePlan, batches, plan_database
from .request import AccessRequest
from .roles.password import Password
from .roles.plan import RolePlan


def plan_of(facts: DatabaseFacts, desired: Desired) -> DatabasePlan:
    """Return what is to be done in a database."""
    plan = plan_database(facts, desired)
    if facts.remains is None:
        return plan
    # Ansible ships modules as source, which Python compiles in each run: most of them drop no role.
    from .roles.removal import (  # noqa: PLC0415
        database_obstacles,
    )

    return replace(plan, problems=(*plan.problems, *database_obstacles(facts, desired.server.administrator)))


def not_entered(shared: Iterable[AclItem], entered: Collection[str]) -> tuple[AclItem, ...]:
    """Return what is not revoked inside a database: CONNECT on others, tablespaces, parameters."""
    return tuple(item for item in shared if not (item.kind == "database" and item.name in entered))


@dataclass(frozen=True)
class ServerState:
    """The server, what to store for each user's password, and whether the connection was encrypted (None: socket)."""

    facts: ServerFacts
    verifiers: Mapping[str, Secret]
    uses_tls: bool | None


@dataclass(frozen=True)
class DatabaseState:
    """A database and the plan for it, in one part per transaction."""

    desired: Desired
    facts: DatabaseFacts
    plan: DatabasePlan

    @property
    def name(self) -> str:
        """The name of the database."""
        return self.desired.name

    @property
    def scope(self) -> DatabaseScope | None:
        """What is in scope of it; None if it is not listed."""
        return self.facts.scope

    @property
    def batches(self) -> list[DatabasePlan]:
        """The parts of the plan."""
        return batches(self.plan, self.desired.server.names_per_transaction)

    @property
    def leftovers(self) -> list[Statement]:
        """What removes other references to roles that are to be dropped."""
        if self.facts.remains is None:
            return []
        from .roles.removal import (  # noqa: PLC0415
            leftover_statements,
        )

        return leftover_statements(self.facts)


@dataclass(frozen=True)
class Survey:
    """All that was found. ``problems`` empty means that the plans can be carried out.

    ``not_done`` has, by name, why databases could not be inspected; the others are done. ``shared`` is what is to be
    revoked on the server as a whole; ``left_out`` are the databases that patterns left out. ``may_join`` is false where
    the group holds something in a database that is not done: a new user would see less.
    """

    server: ServerState
    databases: tuple[DatabaseState, ...]
    passwords: Mapping[str, Password]
    roles: RolePlan
    problems: tuple[Problem, ...]
    shared: tuple[AclItem, ...] = ()
    not_done: Mapping[str, Problem] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    may_join: bool = True

    @property
    def to_set(self) -> frozenset[str]:
        """The existing users whose password differs."""
        return frozenset(name for name, password in self.passwords.items() if password.state == "wrong")

    def possible(self, request: AccessRequest) -> AccessRequest:
        """Return what can be done for roles while databases are not done: no user retires, or joins to see less."""
        if not self.not_done:
            return request
        roles = self.server.facts.roles
        users = (
            user for user in request.users if self.may_join or (user.name in roles and roles[user.name].is_in_group)
        )
        return replace(request, users=tuple(users), retired=())

    @property
    def listed(self) -> tuple[DatabaseState, ...]:
        """The databases in scope."""
        return tuple(state for state in self.databases if state.scope is not None)

    @property
    def database_names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(state.name for state in self.listed)
