# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What module access does, from its options to its result: survey, then apply unless in check mode."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.apply import Applied, Apply
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.acl_item import revoke_statements
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import Wanted
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.password import Password, State
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.plan import (
    role_outline,
    wanted_role_outline,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.summary import changes, diff_lines, merged
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.survey import Survey, survey
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement, texts
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import ServerError
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server import Server
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.account import account

Result = Mapping[str, Any]


def ensure_access(where: Server, wanted: Wanted, *, check_mode: bool) -> Result:
    """Bring about what is wanted, or in check mode find out what that takes; return the module's result.

    Raises Failure with everything that is wrong, found before anything is written; or with what a transaction met,
    that one rolled back.
    """
    found = survey(where, wanted)
    if found.problems:
        raise Failure(found.problems)
    if check_mode:
        return _predicted(found, wanted)
    try:
        return _written(found, wanted, Apply(where, wanted, found).run())
    except ServerError as error:
        raise Failure([Problem(f"The server ended the connection: {error.text}.", sqlstate=error.sqlstate)]) from error


def planned_statements(found: Survey, wanted: Wanted) -> list[Statement]:
    """Return what the plans would run, in order."""
    administrator = found.server.facts.administrator
    databases = [
        statement
        for look in found.databases
        for statement in (
            *look.plan.statements(look.target.name, wanted.group),
            *revoke_statements(look.surplus, administrator=administrator),
        )
    ]
    return [*found.roles.group, *databases, *found.roles.users, *found.roles.retired]


def _predicted(found: Survey, wanted: Wanted) -> Result:
    statements = planned_statements(found, wanted)
    passwords = {
        user.name: _foreseen(found.passwords.get(user.name, Password("set", "The role does not exist yet.")))
        for user in wanted.users
    }
    before = _databases(found, {})
    after = {look.target.name: look.predicted for look in found.databases}
    known = found.server.facts.roles
    roles = role_outline(known, wanted)
    roles_after = roles
    if found.roles.has_changes:
        roles_after = wanted_role_outline(known, wanted, found.database_names)
    return _result(found, statements, (roles, roles_after), (before, after), passwords)


def _foreseen(password: Password) -> Password:
    foreseen: Mapping[State, State] = {"wrong": "set", "blocked": "unproven"}
    return Password(foreseen.get(password.state, password.state), password.reason)


def _written(found: Survey, wanted: Wanted, applied: Applied) -> Result:
    before = _databases(found, {name: sides[0] for name, sides in applied.databases.items()})
    after = _databases(found, {name: sides[1] for name, sides in applied.databases.items()})
    roles = (role_outline(found.server.facts.roles, wanted), role_outline(applied.roles, wanted))
    return _result(found, applied.statements, roles, (before, after), applied.passwords)


def _databases(found: Survey, known_better: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outlines of the survey; of what was written to, what the transactions saw wins."""
    looks = {look.target.name: look.before for look in found.databases}
    return {name: merged(before, known_better.get(name, before)) for name, before in looks.items()}


def _result(
    found: Survey,
    statements: Sequence[Statement],
    roles: tuple[Any, Any],
    databases: tuple[Any, Any],
    passwords: Mapping[str, Password],
) -> Result:
    before, after = changes(
        {"roles": _with_passwords(roles[0], _known_before(found, passwords)), "databases": databases[0]},
        {"roles": _with_passwords(roles[1], passwords), "databases": databases[1]},
    )
    shown = diff_lines(before, after)
    return {
        "changed": bool(statements),
        "statements": texts(statements),
        "before": before,
        "after": after,
        "diff": {"before": shown[0], "after": shown[1]},
        "users": [{"name": name, "password": known.state, "reason": known.reason} for name, known in passwords.items()],
        "disappears": [
            {"database": look.target.name, "schemas": list(look.disappears)}
            for look in found.databases
            if look.disappears
        ],
        "resolved": [look.scope.resolved() for look in found.databases],
        "scope": account([look.scope for look in found.databases], found.left_out),
        "inherited": _grants(found, "inherited"),
        "skipped": _grants(found, "skipped"),
        "notes": [str(problem) for look in found.databases for problem in look.plan.warnings],
        "server_version": found.server.facts.version,
    }


def _known_before(found: Survey, passwords: Mapping[str, Password]) -> dict[str, Password]:
    # What was learnt of a password that was not set held before, too: only one that was set is a change.
    return {
        name: found.passwords.get(name, known) if known.state == "set" else known for name, known in passwords.items()
    }


def _with_passwords(roles: Mapping[str, Any], passwords: Mapping[str, Password]) -> dict[str, Any]:
    """Return the roles with what is known of their passwords, so that a diff shows that one is set."""
    known = {name: password.state for name, password in passwords.items()}
    return {
        name: {**properties, "password": known[name]} if properties and name in known else properties
        for name, properties in roles.items()
    }


def _grants(found: Survey, which: str) -> list[dict[str, str]]:
    return [
        {"database": look.target.name, **grant._asdict()}
        for look in found.databases
        for grant in getattr(look.plan, which)
    ]
