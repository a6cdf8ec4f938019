# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Everything is looked at before anything is taken back: the server, and each database that mentions the roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.removal_facts import (
    AbsentDatabase,
    AbsentServer,
    inspect_absent_database,
    inspect_absent_server,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.removal_request import Unwanted
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.removal import (
    database_problems,
    database_statements,
    databases_to_enter,
    drop_statements,
    end_statements,
    left_for_the_end,
    lock_out_statements,
    server_problems,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.survey import (
    in_recovery,
    read_only,
    unreadable,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import require_supported
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import ServerError
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server import Server
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.transaction import (
    ATTEMPTS,
    CLASHES,
    Looked,
    read,
)


@dataclass(frozen=True)
class AbsentSurvey:
    """All that was found. ``problems`` empty means that everything can be taken back."""

    server: AbsentServer
    databases: tuple[AbsentDatabase, ...]
    problems: tuple[Problem, ...]

    def is_absent(self, unwanted: Unwanted) -> bool:
        """Tell whether none of the roles exists."""
        return not self.server.existing(unwanted.roles)


def survey_absent(where: Server, unwanted: Unwanted) -> AbsentSurvey:
    """Return everything that was found; raises Failure only where the server itself cannot be looked at."""
    with where.session() as session:
        require_supported(session.connection.server_version)
        try:
            server = _read_again(session, lambda again: inspect_absent_server(again, unwanted))
        except ServerError as error:
            raise Failure([unreadable(where.database, error)]) from error
    if not server.existing(unwanted.roles):
        return AbsentSurvey(server, (), ())
    databases, problems = _look_at_databases(where, unwanted, server)
    problems = [
        *_not_writable(where, server),
        *server_problems(server, unwanted, login_database=where.database),
        *problems,
    ]
    return AbsentSurvey(server, tuple(databases), tuple(problems))


def _not_writable(where: Server, server: AbsentServer) -> list[Problem]:
    if server.facts.is_in_recovery:
        return [in_recovery(where)]
    return [read_only(where.database)] if server.facts.is_read_only else []


def _look_at_databases(
    where: Server, unwanted: Unwanted, server: AbsentServer
) -> tuple[list[AbsentDatabase], list[Problem]]:
    looks: list[AbsentDatabase] = []
    problems: list[Problem] = []
    enterable = {known.name for known in server.facts.databases if known.allows_connections and known.can_connect}
    version, administrator = server.facts.version_num, server.facts.administrator
    for name in databases_to_enter(server):
        if name not in enterable:
            continue  # a problem of the server
        try:
            with where.session(name) as session:
                looks.append(_look_at_database(session, name, unwanted, version))
        except Failure as failure:
            problems += failure.problems
        else:
            problems += database_problems(looks[-1], unwanted, administrator=administrator)
    return looks, problems


def _look_at_database(session: Session, name: str, unwanted: Unwanted, version: int) -> AbsentDatabase:
    return _read_again(session, lambda again: inspect_absent_database(again, name, unwanted, version))


def _read_again(session: Session, look: Callable[[Session], Looked]) -> Looked:
    """Return what ``look`` reads, again where another run drops the roles meanwhile.

    Functions that take a role's name look for it now, whatever the snapshot shows.
    """
    for _attempt in range(ATTEMPTS - 1):
        try:
            return read(session, look)
        except ServerError as error:
            if error.sqlstate not in CLASHES:
                raise
            session.rollback()
    return read(session, look)


def absent_statements(found: AbsentSurvey, unwanted: Unwanted) -> list[Statement]:
    """Return what would be run, in order."""
    facts = found.server.facts
    left = left_for_the_end(found.server.shared, [database.name for database in found.databases])
    databases = [
        statement
        for database in found.databases
        for statement in database_statements(database.held, database.initial, administrator=facts.administrator)
    ]
    return [
        *lock_out_statements(facts.roles, unwanted),
        *end_statements(found.server.connections, unwanted),
        *databases,
        *drop_statements(facts.roles, left, unwanted, administrator=facts.administrator),
    ]
