# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The steps that ensure what is desired, in order, as data. Pure.

Grant: the group first, then each database, and the users last, so that a user becomes a member when everything is
granted. Absent: the logins first, since a user that cannot log in scans nothing, then each database, and the roles
last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple, Union

from .._core.sql_statement import Statement
from .._postgres.lock_holders import end_session
from .privileges.assume import revokes_with_owners
from .request import AccessRequest
from .roles.plan import Part
from .state import DatabaseState, Survey


@dataclass(frozen=True)
class ChangeRoles:
    """Run the statements of one part of the plan for roles, in one transaction."""

    part: Part
    label: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class ChangeDatabase:
    """Grant and revoke in a database, in one transaction per batch."""

    state: DatabaseState


@dataclass(frozen=True)
class RevokeShared:
    """Revoke what is extraneous on the server as a whole."""


@dataclass(frozen=True)
class SettlePasswords:
    """Prove what could not be proven before, and what was set."""


@dataclass(frozen=True)
class EndSessions:
    """End the sessions of users that are dropped or retired, or wait until there are none."""

    users: tuple[str, ...]


@dataclass(frozen=True)
class CheckSuccessor:
    """Check that the first user works and sees what the retired ones see."""


@dataclass(frozen=True)
class DropRoles:
    """Drop the roles, with what they hold on the server as a whole."""


Step = Union[ChangeRoles, ChangeDatabase, RevokeShared, SettlePasswords, EndSessions, CheckSuccessor, DropRoles]
Steps = Tuple[Step, ...]


def steps(found: Survey, request: AccessRequest) -> Steps:
    """Return the steps; one that has nothing to do writes nothing."""
    return _absent(found, request) if request.is_absent else _present(found, request)


def _present(found: Survey, request: AccessRequest) -> Steps:
    retirement: Steps = ()
    if found.roles.nologin or found.roles.retired:
        retirement = (
            CheckSuccessor(),
            ChangeRoles("nologin", "the retired users", request.retired),
            EndSessions(request.retired),
            ChangeRoles("retired", "the retired users", request.retired),
        )
    return (
        ChangeRoles("group", "the group", (request.group,)),
        *(ChangeDatabase(state) for state in found.databases if state.plan.has_changes),
        *((RevokeShared(),) if found.shared else ()),
        ChangeRoles("users", "the users", request.user_names),
        SettlePasswords(),
        *retirement,
    )


def _absent(found: Survey, request: AccessRequest) -> Steps:
    if not any(name in found.server.facts.roles for name in request.roles):
        return ()
    return (
        ChangeRoles("nologin", "NOLOGIN", request.user_names),
        EndSessions(request.user_names),
        *(ChangeDatabase(state) for state in found.databases),
        *(() if found.not_done else (DropRoles(),)),
    )


def planned_statements(found: Survey, request: AccessRequest) -> list[Statement]:
    """Return what the steps would run, in order."""
    return [statement for step in steps(found, request) for statement in _planned(step, found, request)]


def _planned(step: Step, found: Survey, request: AccessRequest) -> list[Statement]:
    facts = found.server.facts
    if isinstance(step, ChangeRoles):
        return list(found.roles.part(step.part))
    if isinstance(step, ChangeDatabase):
        batches = [batch.statements(request.group, facts.administrator) for batch in step.state.batches]
        return [*(statement for batch in batches for statement in batch), *step.state.leftovers]
    if isinstance(step, EndSessions):
        return [end_session(each.process) for each in facts.connections] if request.end_connections else []
    if isinstance(step, RevokeShared):
        return _shared_revokes(found)
    if isinstance(step, DropRoles):
        from .roles.removal import drop_statements  # noqa: PLC0415

        return drop_statements(facts.roles, _shared_revokes(found), request)
    return []


def _shared_revokes(found: Survey) -> list[Statement]:
    facts = found.server.facts
    return revokes_with_owners(found.shared, facts.assumable, facts.administrator)
