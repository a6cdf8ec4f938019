# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What module access does, from its options to its result: survey, then apply unless in check mode."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterable, Mapping, Sequence

from .._core.byte_text import printable
from .._core.problem import Failure, Problem
from .._core.sql_statement import Statement, texts
from .._postgres.driver import ServerError
from .._postgres.server import Server
from .._scope.account import account
from .apply import apply
from .catalog.facts import DatabaseFacts
from .privileges.diff import DatabasePlan
from .privileges.object_kinds import schema_of
from .privileges.statements import Grant
from .progress import Progress
from .request import AccessRequest
from .roles.password import Password, State
from .roles.retirement import misspelled, still_connected
from .state import DatabaseState, Survey
from .steps import planned_statements
from .summary import by_role, changes, database_summary, desired_role_summary, diff_lines, disappearing, role_summary
from .survey import survey

Result = Mapping[str, Any]


class DatabasesNotDone(Failure):
    """Databases that could not be reached, while the others were done or, in check mode, would be."""

    def __init__(self, not_done: Mapping[str, Problem], committed: Iterable[str], result: Result) -> None:
        super().__init__(not_done.values(), committed)
        self.not_done = tuple(not_done)
        self.result = result

    def as_result(self) -> dict[str, Any]:
        """Return what a module passes to ``fail_json``, including what was done."""
        done = {key: self.result[key] for key in ("changed", "statements", "notes")}
        return {**done, **super().as_result(), "databases_not_done": list(self.not_done)}


def ensure_access(where: Server, request: AccessRequest, *, check_mode: bool) -> Result:
    """Ensure what is desired, or in check mode find out what that takes; return the module's result.

    Raises Failure with everything that is refused, found before anything is written; or with what a transaction met,
    that one rolled back; or, once everything else is done, with the databases that could not be reached.
    """
    found = survey(where, request)
    if found.problems:
        raise Failure([*found.problems, *found.not_done.values()])
    try:
        progress = None if check_mode else apply(where, request, found)
    except ServerError as error:
        raise Failure([Problem(f"The server ended the connection: {error.text}.", sqlstate=error.sqlstate)]) from error
    result = _predicted(found, request) if progress is None else _written(found, request, progress)
    if found.not_done:
        raise DatabasesNotDone(found.not_done, progress.committed if progress else (), result)
    return result


def _predicted(found: Survey, request: AccessRequest) -> Result:
    statements = planned_statements(found, request)
    passwords = {
        user.name: _foreseen(found.passwords.get(user.name, Password("set", "The role does not exist yet.")))
        for user in (() if request.is_absent else request.users)
    }
    known = found.server.facts.roles
    roles = role_summary(known, request)
    roles_after = roles
    if request.is_absent:
        roles_after = role_summary({}, request)
    elif found.roles.has_changes:
        leaving = {statement.names[1][0] for statement in found.roles.retired}
        roles_after = desired_role_summary(known, request, found.database_names, leaving)
    after = {state.name: _summary(state, state.facts, state.plan) for state in found.databases}
    server = {} if statements else by_role(found.shared)
    notes = [still_connected(found.server.facts.connections, name) for name in request.retired]
    if request.end_connections:
        notes = []
    notes += misspelled(known, request)
    return _result(found, statements, (roles, roles_after), (after, server), passwords, notes)


def _foreseen(password: Password) -> Password:
    foreseen: Mapping[State, State] = {"wrong": "set", "blocked": "unproven"}
    return replace(password, state=foreseen.get(password.state, password.state))


def _written(found: Survey, request: AccessRequest, progress: Progress) -> Result:
    after = {state.name: _summary(state, progress.databases.get(state.name, state.facts)) for state in found.databases}
    roles = (role_summary(found.server.facts.roles, request), role_summary(progress.roles, request))
    notes = [*progress.notes, *misspelled(found.server.facts.roles, request)]
    return _result(found, progress.statements, roles, (after, {}), progress.passwords, notes)


def _summary(state: DatabaseState, facts: DatabaseFacts, done: DatabasePlan | None = None) -> dict[str, Any]:
    return database_summary(facts, is_listed=state.scope is not None, done=done)


def _result(
    found: Survey,
    statements: Sequence[Statement],
    roles: tuple[Any, Any],
    after: tuple[Any, Any],
    passwords: Mapping[str, Password],
    notes: Iterable[str],
) -> Result:
    old = {state.name: _summary(state, state.facts) for state in found.databases}
    roles_before = _with_passwords(roles[0], _known_before(found, passwords))
    before, now = changes(
        {"roles": roles_before, "databases": old, "server": by_role(found.shared)},
        {"roles": _with_passwords(roles[1], passwords), "databases": after[0], "server": after[1]},
    )
    shown = diff_lines(before, now)
    facts = found.server.facts
    remarks = [*notes, *(password.note(name, facts.version_num) for name, password in passwords.items())]
    warnings = [str(problem) for state in found.databases for problem in state.plan.warnings]
    result = {
        "changed": bool(statements),
        "statements": texts(statements),
        "before": before,
        "after": now,
        "diff": {"before": shown[0], "after": shown[1]},
        "users": [{"name": name, "password": known.state, "reason": known.reason} for name, known in passwords.items()],
        "disappears": list(_disappears(found)),
        "resolved": [state.scope.resolved() for state in found.listed if state.scope],
        "scope": account([state.scope for state in found.listed if state.scope], found.left_out),
        "inherited": [_shown(state.name, grant) for state in found.databases for grant in state.plan.inherited],
        "not_grantable": [_shown(state.name, grant) for state in found.databases for grant in state.plan.skipped],
        "notes": [*warnings, *(note for note in remarks if note)],
        "server_version": facts.version,
    }
    return dict(printable(result))


def _disappears(found: Survey) -> Iterable[dict[str, Any]]:
    for state in found.databases:
        schemas = disappearing(state.facts, state.plan.revokes)
        if schemas:
            yield {"database": state.name, "schemas": schemas}


def _known_before(found: Survey, passwords: Mapping[str, Password]) -> dict[str, Password]:
    # What was learned about a password that was not set was true before as well: only one that was set is a change.
    return {
        name: found.passwords.get(name, known) if known.state == "set" else known for name, known in passwords.items()
    }


def _with_passwords(roles: Mapping[str, Any], passwords: Mapping[str, Password]) -> dict[str, Any]:
    """Return the roles with what is known about their passwords, so that a diff shows that one is set."""
    known = {name: password.state for name, password in passwords.items()}
    return {
        name: {**properties, "password": known[name]} if properties and name in known else properties
        for name, properties in roles.items()
    }


def _shown(database: str, grant: Grant) -> dict[str, str]:
    has_name = grant.kind in ("relation", "default")
    return {
        "database": database,
        "kind": grant.kind,
        "privilege": grant.privilege,
        "schema": schema_of(grant),
        "name": grant.name if has_name else "",
    }
