# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Everything is looked at before anything is written: the server, each database, each password."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Iterator, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    DatabaseFacts,
    ServerFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect import (
    inspect_database,
    inspect_server,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.queries import VERIFIER
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.acl_item import (
    Held,
    inspect_held,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.diff import DatabasePlan, Planner
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.exclusive import (
    beyond,
    disappearing,
    with_beyond,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.obstacles import held_problems
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import User, Wanted
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.password import (
    Password,
    compared,
    judged,
    open_database,
    user_login,
    why_no_login,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.plan import (
    RolePlan,
    group_first,
    plan_roles,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.retirement import lost
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.summary import outline
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import require_supported
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import quoted
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import ServerError
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import attempt_login
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server import Server
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.transaction import read
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.verifier import make_verifier
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.account import DatabaseScope, LeftOut
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.databases import (
    Target,
    Targets,
    entry_obstacles,
    resolve,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.schemas import SchemaRules


@dataclass(frozen=True)
class ServerLook:
    """The server, what to store for each user's password, and whether the connection was encrypted (None: socket)."""

    facts: ServerFacts
    verifiers: Mapping[str, Secret]
    uses_tls: bool | None


@dataclass(frozen=True)
class DatabaseLook:
    """A database: what the group holds, what it will hold, and the plan that leads there.

    ``scope`` is what the entry means here, ``surplus`` what is to be taken back in exclusive mode, ``disappears`` the
    schemas that Metamapper loses by that.
    """

    target: Target
    scope: DatabaseScope
    before: Mapping[str, Any]
    predicted: Mapping[str, Any]
    plan: DatabasePlan
    surplus: tuple[Held, ...] = ()
    disappears: tuple[str, ...] = ()

    @property
    def has_changes(self) -> bool:
        """Whether there is something to write."""
        return self.plan.has_changes or bool(self.surplus)


@dataclass(frozen=True)
class Survey:
    """All that was found. ``problems`` empty means that the plans can be carried out.

    ``left_out`` are the databases that patterns left out.
    """

    server: ServerLook
    databases: tuple[DatabaseLook, ...]
    passwords: Mapping[str, Password]
    roles: RolePlan
    problems: tuple[Problem, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def to_set(self) -> frozenset[str]:
        """The existing users whose password is another one."""
        return frozenset(name for name, password in self.passwords.items() if password.state == "wrong")

    @property
    def database_names(self) -> tuple[str, ...]:
        """The databases meant."""
        return tuple(look.target.name for look in self.databases)


def survey(where: Server, wanted: Wanted) -> Survey:
    """Return everything that was found; raises Failure only where the server itself cannot be looked at."""
    with where.session() as session:
        server = _look_at_server(session, where, wanted)
        targets = resolve(wanted.databases, server.facts.databases, server.facts.administrator)
        passwords = dict(_look_at_passwords(session, where, wanted, server, targets))
    looks, problems = _look_at_databases(where, wanted, server.facts, targets)
    to_set = {name for name, password in passwords.items() if password.state == "wrong"}
    roles = plan_roles(
        server.facts, wanted, databases=targets.names, verifiers=server.verifiers, to_set=frozenset(to_set)
    )
    problems += [*roles.problems, *_not_writable(where, server.facts, roles)]
    if not (problems or roles.group or roles.users or any(look.has_changes for look in looks)):
        problems += losses(where, server.facts, wanted, roles)
    obstacles = entry_obstacles(targets, server.facts.databases, server.facts.administrator)
    problems = [*obstacles, *targets.problems, *group_first(server.facts, wanted.group, problems), *problems]
    return Survey(server, tuple(looks), passwords, roles, tuple(problems), targets.left_out)


def losses(where: Server, server: ServerFacts, wanted: Wanted, roles: RolePlan) -> list[Problem]:
    """Return what would be lost to Metamapper by the retirements of a plan, in any database that can be entered.

    The first of the present users is the one that takes their place.
    """
    names = [name for name in wanted.retired if name in server.roles] if roles.retired else []
    entered = [listed.name for listed in server.databases if listed.allows_connections and listed.can_connect]
    problems: list[Problem] = []
    for database in entered if names else []:
        with where.session(database) as session:
            for old in names:
                problems += read(session, partial(lost, database=database, old=old, new=wanted.users[0].name))
    return problems


def _look_at_server(session: Session, where: Server, wanted: Wanted) -> ServerLook:
    require_supported(session.connection.server_version)
    try:
        facts = read(session, lambda again: inspect_server(again, wanted))
    except ServerError as error:
        raise Failure([unreadable(where.database, error)]) from error
    verifiers = {user.name: make_verifier(session.connection, user.name, user.password) for user in wanted.users}
    is_on_socket = not where.login.host or where.login.host.startswith("/")
    return ServerLook(facts, verifiers, None if is_on_socket else session.connection.uses_tls)


def unreadable(database: str, error: ServerError) -> Problem:
    """Return what the server said when it was asked for its catalog."""
    message = f"Cannot read the catalog of database {quoted(database)}: {error.text}."
    return Problem(message, sqlstate=error.sqlstate, database=database)


def _look_at_databases(
    where: Server, wanted: Wanted, server: ServerFacts, targets: Targets
) -> tuple[list[DatabaseLook], list[Problem]]:
    looks: list[DatabaseLook] = []
    problems: list[Problem] = []
    for target in targets.targets:
        try:
            with where.session(target.name) as session:
                facts, held = read(session, partial(_look_at_database, target=target, wanted=wanted, server=server))
        except Failure as failure:
            problems += failure.problems
        else:
            scope, wrong = schema_rules(wanted, server).scope(target, facts.schemas.values())
            look = _planned(server, facts, held, scope, target, wanted)
            looks.append(look)
            problems += [*wrong, *look.plan.problems]
            problems += held_problems(
                look.surplus, roles=wanted.role_names, database=target.name, administrator=server.administrator
            )
            if facts.is_read_only and look.has_changes and not server.is_in_recovery:
                problems.append(read_only(target.name))
    if server.is_in_recovery and any(look.has_changes for look in looks):
        problems.append(in_recovery(where))
    return looks, problems


def _look_at_database(
    session: Session, *, target: Target, wanted: Wanted, server: ServerFacts
) -> tuple[DatabaseFacts, list[Held]]:
    facts = inspect_database(
        session,
        target.name,
        group=wanted.group,
        group_exists=wanted.group in server.roles,
        listed=target.entry.creators or (),
        choose=lambda schemas: schema_rules(wanted, server).scope(target, schemas)[0].schemas,
    )
    return facts, look_at_held(session, wanted, server)


def schema_rules(wanted: Wanted, server: ServerFacts) -> SchemaRules:
    """Return what decides about the schemas of each database."""
    return SchemaRules(wanted.privilege, server.version_num)


def look_at_held(session: Session, wanted: Wanted, server: ServerFacts) -> list[Held]:
    """Return what group and users hold in a database, whoever granted it; nothing where nobody wants to know."""
    return inspect_held(session, wanted.role_names, server.version_num) if wanted.exclusive else []


def _planned(
    server: ServerFacts,
    facts: DatabaseFacts,
    held: Sequence[Held],
    scope: DatabaseScope,
    target: Target,
    wanted: Wanted,
) -> DatabaseLook:
    planner = planner_of(server, facts, target, wanted)
    plan, surplus = planner.plan(), beyond(planner, held)
    before, predicted = outline(facts), outline(facts, plan.grants, plan.revokes)
    if not wanted.exclusive:
        return DatabaseLook(target, scope, before, predicted, plan)
    disappears = tuple(disappearing(planner, surplus))
    return DatabaseLook(
        target, scope, with_beyond(before, surplus), with_beyond(predicted, ()), plan, tuple(surplus), disappears
    )


def planner_of(server: ServerFacts, facts: DatabaseFacts, target: Target, wanted: Wanted) -> Planner:
    """Return the rules for a database."""
    return Planner(
        server,
        facts,
        target.entry,
        (*wanted.role_names, *wanted.retired),
        accepts_references=wanted.accept_references,
        leaves_surplus=wanted.exclusive,
    )


def _not_writable(where: Server, server: ServerFacts, roles: RolePlan) -> Iterator[Problem]:
    if not roles.has_changes:
        return
    if server.is_in_recovery:
        yield in_recovery(where)
    elif server.is_read_only:
        yield read_only(where.database)


def in_recovery(where: Server) -> Problem:
    """Return the refusal to write to a replica."""
    message = f"The server {where.login.place} is in recovery (a replica), and there is something to change."
    return Problem(message, "Point metamapper_login_host at the primary; it replicates roles and grants by itself.")


def read_only(database: str) -> Problem:
    """Return the refusal to write where somebody has set transactions to be read-only."""
    message = (
        f"default_transaction_read_only is on for this login in database {quoted(database)}, and there is something "
        "to change."
    )
    mend = "SELECT name, setting, source FROM pg_settings WHERE name = 'default_transaction_read_only';"
    return Problem(message, f"Find out who set it and why, and turn it off for this login: {mend}", database=database)


def _look_at_passwords(
    session: Session, where: Server, wanted: Wanted, server: ServerLook, targets: Targets
) -> Iterator[tuple[str, Password]]:
    for user in wanted.users:
        if user.name in server.facts.roles:
            yield user.name, _look_at_password(session, where, user, server, targets)


def _look_at_password(session: Session, where: Server, user: User, server: ServerLook, targets: Targets) -> Password:
    facts = server.facts
    against = why_no_login(facts.roles[user.name], facts, targets.names)
    if against:
        found = Password("blocked", f"A login as the user could prove nothing: {against}.")
    else:
        found = prove(where, user, open_database(facts, targets.names), uses_tls=server.uses_tls)
    if found.state in ("unproven", "blocked") and facts.can_read_verifiers:
        stored = read(session, lambda again: again.rows(VERIFIER, {"user": user.name}))
        return compared(stored[0][0] if stored else None, user, found)
    return found


def prove(where: Server, user: User, database: str, *, uses_tls: bool | None) -> Password:
    """Log in as a user, once, and return what that proves."""
    login = user_login(where.login, user, uses_tls=uses_tls)
    return judged(attempt_login(login, database, where.route.parameters()))
