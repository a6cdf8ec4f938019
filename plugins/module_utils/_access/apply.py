# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Carries out the steps in order."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Callable, Mapping

from .._core.announce import counted_off
from .._core.problem import Failure
from .._postgres.server import Server
from .apply_databases import change_database, drop_roles, revoke_shared
from .apply_roles import change_roles, check_successor, end_sessions, settle_passwords
from .progress import Progress, Run
from .request import AccessRequest
from .state import Survey
from .steps import (
    ChangeDatabase,
    ChangeRoles,
    CheckSuccessor,
    DropRoles,
    EndSessions,
    RevokeShared,
    SettlePasswords,
    Step,
    steps,
)

TAKE: Mapping[type[Step], Callable[[Run, Any], None]] = MappingProxyType(
    {
        ChangeRoles: change_roles,
        ChangeDatabase: change_database,
        RevokeShared: revoke_shared,
        SettlePasswords: settle_passwords,
        EndSessions: end_sessions,
        CheckSuccessor: check_successor,
        DropRoles: drop_roles,
    }
)


def apply(where: Server, request: AccessRequest, found: Survey) -> Progress:
    """Carry out the steps; raises Failure, which names what earlier transactions have committed."""
    facts = found.server.facts
    run = Run(where, request, found, Progress(facts.roles, dict(found.passwords), facts.connections))
    try:
        for step in counted_off(steps(found, request), "steps done"):
            _take(run, step)
    except Failure as failure:
        raise Failure(failure.problems, run.progress.committed) from failure
    return run.progress


def _take(run: Run, step: Step) -> None:
    TAKE[type(step)](run, step)
