# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Takes access back: the users' logins first, then each database, and the roles last.

Whoever cannot log in scans nothing, so that no scan succeeds and sees less than before.
"""

from __future__ import annotations

import time
from typing import Collection, Mapping, Sequence, Tuple

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import RoleFacts
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect import inspect_roles
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.removal_facts import (
    AbsentDatabase,
    Connection,
    Remains,
    inspect_absent_database,
    inspect_connections,
    inspect_remains,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.acl_item import (
    Held,
    plain_statements,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.obstacles import held_problems
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.removal_request import Unwanted
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.removal_survey import AbsentSurvey
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.removal import (
    database_problems,
    database_statements,
    drop_statements,
    end_statements,
    lock_out_statements,
    role_problems,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement, quoted
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server import Server
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session, render
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.transaction import (
    Patience,
    Work,
    read,
    write,
)

SECONDS_FOR_CONNECTIONS_TO_END = 10.0
PAUSE_SECONDS = 0.1

Batch = Tuple[Tuple[Held, ...], Tuple[str, ...], bool]  # the items, the roles of DROP OWNED BY, whether more is left


class Remove:
    """The writing half."""

    def __init__(self, where: Server, unwanted: Unwanted, found: AbsentSurvey) -> None:
        self.where = where
        self.unwanted = unwanted
        self.found = found
        self.server = found.server.facts
        self.patience = Patience(unwanted.wait_seconds, unwanted.lock_timeout_ms)
        self.statements: list[Statement] = []
        self.committed: list[str] = []

    def run(self) -> list[Statement]:
        """Take everything back and return what was run; raises Failure, which names what has been committed."""
        try:
            self._lock_out()
            self._end_connections()
            for database in self.found.databases:
                self._revoke(database.name)
            self._drop()
        except Failure as failure:
            raise Failure(failure.problems, self.committed) from failure
        return self.statements

    def _keep(self, what: str, statements: Sequence[Statement]) -> None:
        if statements:
            self.statements += statements
            self.committed.append(what)

    def _lock_out(self) -> None:
        if not lock_out_statements(self.server.roles, self.unwanted):
            return
        work: Work[Mapping[str, RoleFacts], Mapping[str, RoleFacts]] = Work(
            database=self.where.database,
            look=lambda session: inspect_roles(session, self.unwanted.as_wanted),
            plan=lambda roles: roles,
            statements=lambda roles: lock_out_statements(roles, self.unwanted),
            missing=lambda _plan, after: self._undone(lock_out_statements(after, self.unwanted), self.where.database),
        )
        with self.where.session() as session:
            done = write(session, work, self.patience)
        self._keep(f"NOLOGIN: {', '.join(map(quoted, self.unwanted.users))}", done.statements)

    def _end_connections(self) -> None:
        if not (self.unwanted.is_ending and self.unwanted.users):
            return
        deadline = time.monotonic() + SECONDS_FOR_CONNECTIONS_TO_END
        with self.where.session() as session:
            told: set[int] = set()
            open_ones = self._connections(session)
            while open_ones and time.monotonic() < deadline:
                new = [connection for connection in open_ones if connection.process not in told]
                self._end(session, new)
                told.update(connection.process for connection in new)
                time.sleep(PAUSE_SECONDS)
                open_ones = self._connections(session)
        if open_ones:
            raise Failure([self._still_open(open_ones)])

    def _connections(self, session: Session) -> tuple[Connection, ...]:
        return read(session, lambda again: inspect_connections(again, self.unwanted))

    def _end(self, session: Session, connections: Sequence[Connection]) -> None:
        statements = end_statements(connections, self.unwanted)
        if statements:
            session.begin("READ ONLY")
            session.run([render(statement) for statement in statements])
            session.commit()
            self._keep("connections of the users ended", statements)

    def _still_open(self, connections: Sequence[Connection]) -> Problem:
        users = ", ".join(sorted({quoted(connection.user) for connection in connections}))
        message = (
            f"{len(connections)} connections of {users} have not ended within {SECONDS_FOR_CONNECTIONS_TO_END:.0f} "
            "seconds after they were told to."
        )
        return Problem(message, "Look for them in pg_stat_activity, and run again.")

    def _revoke(self, name: str) -> None:
        with self.where.session(name) as session:
            while self._revoke_once(session, name):
                pass

    def _revoke_once(self, session: Session, name: str) -> bool:
        """Take back what roles hold in a database, up to the limit, in one transaction; tell whether there is more."""
        work: Work[AbsentDatabase, Batch] = Work(
            database=name,
            look=lambda again: inspect_absent_database(
                again, name, self.unwanted, self.server.version_num, self.server.names_per_transaction
            ),
            plan=self._batch,
            statements=lambda plan: database_statements(plan[0], plan[1], administrator=self.server.administrator),
            missing=self._still_held,
        )
        done = write(session, work, self.patience)
        self._keep(f"database {quoted(name)}", done.statements)
        return done.plan[2]

    def _batch(self, found: AbsentDatabase) -> Batch:
        problems = database_problems(found, self.unwanted, administrator=self.server.administrator)
        if problems:
            raise Failure(problems)
        limit = self.server.names_per_transaction
        is_more = limit is not None and len({item.object for item in found.held}) >= limit
        return found.held, () if is_more else found.initial, is_more

    def _still_held(self, plan: Batch, after: AbsentDatabase) -> list[Problem]:
        still = set(plan[0]) & set(after.held)
        drops = database_statements([], [role for role in plan[1] if role in after.initial], administrator="")
        return self._undone([*plain_statements(still), *drops], after.name)

    def _undone(self, statements: Collection[Statement], database: str) -> list[Problem]:
        return [
            Problem(
                f"PostgreSQL accepted this statement in database {quoted(database)}, but the catalog does not show "
                f"what it asks for; the transaction was rolled back: {statement};",
                "Look for an event trigger or an extension that undoes it, or for a grantor who has become a member "
                "of the owner since: PostgreSQL then takes the owner for the one who revokes.",
                database=database,
                statement=f"{statement};",
            )
            for statement in statements
        ]

    def _drop(self) -> None:
        work: Work[Remains, Remains] = Work(
            database=self.where.database,
            look=lambda session: inspect_remains(session, self.unwanted, self.server.version_num),
            plan=self._droppable,
            statements=self._drop_statements,
            missing=lambda _plan, after: self._undone(self._drop_statements(after), self.where.database),
        )
        with self.where.session() as session:
            done = write(session, work, self.patience)
        self._keep("the roles", done.statements)

    def _drop_statements(self, remains: Remains) -> list[Statement]:
        return drop_statements(remains.roles, remains.shared, self.unwanted, administrator=self.server.administrator)

    def _droppable(self, remains: Remains) -> Remains:
        administrator, roles = self.server.administrator, self.unwanted.roles
        problems: list[Problem] = [
            *role_problems(remains.roles, remains.memberships, self.server, self.unwanted),
            *held_problems(remains.shared, roles=roles, database=self.where.database, administrator=administrator),
        ]
        if problems:
            raise Failure(problems)
        return remains
