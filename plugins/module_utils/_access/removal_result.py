# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What module access does to take access back: survey, then remove unless in check mode."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.removal_apply import Remove
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.removal_request import Unwanted
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.removal_summary import (
    absent_diff,
    absent_outline,
    disappears,
    nothing_left,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.removal_survey import (
    AbsentSurvey,
    absent_statements,
    survey_absent,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement, quoted, texts
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import ServerError
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server import Server


def remove_access(where: Server, unwanted: Unwanted, *, check_mode: bool) -> Mapping[str, Any]:
    """Take everything back and drop the roles, or in check mode find out what that takes; return the module's result.

    Raises Failure with everything that is in the way, found before anything is written; or with what a transaction
    met, that one rolled back, and what earlier ones have committed.
    """
    found = survey_absent(where, unwanted)
    if found.problems:
        raise Failure(found.problems)
    if check_mode or found.is_absent(unwanted):
        statements = [] if found.is_absent(unwanted) else absent_statements(found, unwanted)
        return _result(found, unwanted, statements)
    try:
        return _result(found, unwanted, Remove(where, unwanted, found).run())
    except ServerError as error:
        raise Failure([Problem(f"The server ended the connection: {error.text}.", sqlstate=error.sqlstate)]) from error


def _result(found: AbsentSurvey, unwanted: Unwanted, statements: Sequence[Statement]) -> dict[str, Any]:
    before, after = absent_outline(found, unwanted), nothing_left(unwanted)
    return {
        "changed": bool(statements),
        "statements": texts(statements),
        "before": before,
        "after": after,
        "diff": absent_diff(before, after) if statements else {"before": "", "after": ""},
        "disappears": disappears(found),
        "users": [],
        "inherited": [],
        "skipped": [],
        "notes": list(_notes(found, unwanted)),
        "server_version": found.server.facts.version,
    }


def _notes(found: AbsentSurvey, unwanted: Unwanted) -> list[str]:
    users = sorted({quoted(connection.user) for connection in found.server.connections})
    if unwanted.is_ending or not users:
        return []
    return [
        f"{len(found.server.connections)} connections of {', '.join(users)} stay open, though nothing can be read "
        "through them any more; metamapper_end_connections: true (option end_connections) ends them."
    ]
