# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Inspects everything before anything is written: the server, each database, and what follows from it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from typing import Collection, Iterator, Sequence

from .._core.metamapper_form import DEFAULT_CHARACTERS
from .._core.name import suggestion
from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .._core.search_path import schemas_of
from .._core.server_version import require_supported
from .._core.sql_statement import quoted
from .._postgres.driver import ServerError
from .._postgres.server import Server
from .._postgres.session import Session
from .._postgres.settings import search_path_statement
from .._postgres.side_by_side import side_by_side
from .._postgres.transaction import READ, read_again
from .._postgres.verifier import make_verifier
from .._scope.databases import Target, Targets, entry_obstacles, not_enterable, resolve
from .catalog.facts import AclItem, DatabaseFacts, ServerFacts
from .catalog.inspect import (
    LongDefault,
    Primary,
    inspect_database,
    inspect_long_defaults,
    inspect_primary,
    inspect_server,
    inspect_shared,
)
from .catalog.inspect_roles import inspect_mentions, inspect_role_names
from .not_writable import in_recovery, read_only, roles_stay_here
from .privileges.assume import advised
from .privileges.desired import Desired
from .privileges.diff import DatabasePlan
from .privileges.obstacles import revoke_obstacles
from .request import AccessRequest
from .roles.password import inspect_password
from .roles.plan import RolePlan, missing_group_problem, own_roles, plan_roles
from .roles.retirement import nologin, visibility_lost_by_retirement
from .state import DatabaseState, ServerState, Survey, not_entered, plan_of

NO_SUCH_ROLE = "22023"  # invalid_parameter_value, as the answer to SET ROLE


def survey(where: Server, request: AccessRequest) -> Survey:
    """Return everything that was found; raises Failure only if the server itself cannot be inspected."""
    with where.session() as session:
        server = _server(session, where, request)
        facts = server.facts
        _require_others(facts, request)
        targets = resolve(request.databases, facts.databases, facts.administrator)
        shared = _shared(session, request, facts, targets) if request.is_exclusive else ()
        passwords = {
            user.name: inspect_password(session, where, user, facts, targets.names, uses_tls=server.uses_tls)
            for user in request.users
            if user.name in facts.roles and not request.is_absent
        }
    if request.is_absent and not any(name in facts.roles for name in request.roles):
        return Survey(server, (), {}, RolePlan(), ())
    obstacles = _entry_obstacles(facts, targets)
    desired = _desired(request, facts, targets, [problem.database for problem in obstacles])
    databases, refused, not_done = _databases(
        where, desired, has_group=request.group in facts.roles, at_once=request.parallel_databases
    )
    if not_done and not request.is_absent:
        databases = [_without_revokes(state) for state in databases]
        shared = ()
    shared = not_entered(shared, [state.name for state in databases])
    found = Survey(
        server,
        tuple(databases),
        passwords,
        RolePlan(),
        (),
        shared,
        not_done=not_done,
        left_out=targets.left_out,
        may_join=not _is_held(where, request, not_done),
    )
    roles = _roles(found, where, request, targets)
    problems = [*obstacles, *targets.problems, *refused, *roles.problems, *_refusals(found, where, request, roles)]
    return replace(found, roles=roles, problems=(*missing_group_problem(facts, request.group, problems), *problems))


def _require_others(facts: ServerFacts, request: AccessRequest) -> None:
    """Raise Failure where the administrator itself is to go: what else keeps it from going is nothing to be fixed."""
    own = list(own_roles(facts, request.roles, "Name the roles of Metamapper.")) if request.is_absent else []
    if own:
        raise Failure(own)


def _server(session: Session, where: Server, request: AccessRequest) -> ServerState:
    require_supported(session.connection.server_version)
    try:
        facts = read_again(session, lambda again: inspect_server(again, request))
    except ServerError as error:
        is_unknown = error.sqlstate == NO_SUCH_ROLE and bool(where.login.session_role)
        raise Failure([_no_session_role(where) if is_unknown else _unreadable(where.database, error)]) from error
    with_password = () if request.is_absent else request.users
    verifiers = {user.name: make_verifier(session.connection, user.name, user.password) for user in with_password}
    is_on_socket = not where.login.host or where.login.host.startswith("/")
    return ServerState(facts, verifiers, None if is_on_socket else bool(session.connection.tls_protocol))


def _shared(session: Session, request: AccessRequest, facts: ServerFacts, targets: Targets) -> tuple[AclItem, ...]:
    return read_again(
        session, lambda again: inspect_shared(again, request, facts.version_num, targets.names, facts.assumable)
    )


def _unreadable(database: str, error: ServerError) -> Problem:
    message = f"Cannot read the catalog of database {quoted(database)}: {error.text}."
    return Problem(message, sqlstate=error.sqlstate, database=database)


def _no_session_role(where: Server) -> Problem:
    name = where.login.session_role
    with replace(where, login=replace(where.login, session_role="")).session() as session:
        names = read_again(session, inspect_role_names)
    return Problem(
        f"Cannot become the session role {quoted(name)}: it does not exist.{suggestion(name, names)}",
        by_hand("Correct metamapper_session_role (option session_role)."),
        sqlstate=NO_SUCH_ROLE,
        object=name,
    )


def _entry_obstacles(facts: ServerFacts, targets: Targets) -> list[Problem]:
    """Return which databases must be entered and cannot be, according to the catalog."""
    mentioned = set(_mentioned(facts)) - set(targets.names)
    others = [one for one in facts.databases if one.name in mentioned]
    return [
        *entry_obstacles(targets, facts.databases, facts.administrator),
        *(problem for one in others for problem in not_enterable(one, facts.administrator)),
    ]


def _mentioned(facts: ServerFacts) -> list[str]:
    """Return the databases in which the roles hold anything, sorted; known where everything is to be revoked."""
    return sorted({mention.database for mention in facts.mentions if mention.database and mention.how != "o"})


def _desired(request: AccessRequest, facts: ServerFacts, targets: Targets, closed: Sequence[str]) -> list[Desired]:
    by_name: dict[str, Target | None] = dict.fromkeys(_mentioned(facts))
    by_name.update({target.name: target for target in targets.targets})
    return [Desired(name, request, facts, by_name[name]) for name in sorted(by_name) if name not in closed]


def _databases(
    where: Server, desired: Sequence[Desired], *, has_group: bool, at_once: int
) -> tuple[list[DatabaseState], list[Problem], dict[str, Problem]]:
    states: list[DatabaseState] = []
    problems: list[Problem] = []
    not_done: dict[str, Problem] = {}
    found = side_by_side(partial(_inspected, where, has_group=has_group), desired, at_once, "databases inspected")
    for one, facts in zip(desired, found):
        if isinstance(facts, Problem):
            not_done[one.name] = facts
        else:
            plan = _advised(where, plan_of(facts, one), one, has_group=has_group)
            states.append(DatabaseState(one, facts, plan))
            problems += [*facts.entry_problems, *plan.problems]
    return states, problems, not_done


def _inspected(where: Server, desired: Desired, *, has_group: bool) -> DatabaseFacts | Problem:
    """Return a database compared with what is desired, or why it cannot be inspected."""
    try:
        with where.session(desired.name) as session:
            return read_again(session, partial(inspect_database, desired=desired, has_group=has_group))
    except ServerError as error:
        return _unreadable(desired.name, error)
    except Failure as failure:
        return failure.problems[0]


def _advised(where: Server, plan: DatabasePlan, desired: Desired, *, has_group: bool) -> DatabasePlan:
    """Return a plan whose problems say where assuming the owners would help; inspects again if there are any."""
    if not plan.problems or desired.request.assume_owners or desired.server.admin.is_superuser:
        return plan
    assuming = replace(desired, request=replace(desired.request, assume_owners=True))
    facts = _inspected(where, assuming, has_group=has_group)
    return (
        plan
        if isinstance(facts, Problem)
        else replace(plan, problems=advised(plan.problems, plan_of(facts, assuming).problems))
    )


def _is_held(where: Server, request: AccessRequest, databases: Collection[str]) -> bool:
    """Return whether the group holds anything in some databases; asks the server where there are any."""
    if not databases or request.is_absent:
        return False
    with where.session() as session:
        mentions = read_again(session, lambda again: inspect_mentions(again, request))
    return any(one.role == request.group and one.database in databases for one in mentions)


def _without_revokes(state: DatabaseState) -> DatabaseState:
    # While a database is not done, no mode is narrowed: what is lost here may not be granted there yet.
    return replace(state, plan=replace(state.plan, revokes=()), facts=replace(state.facts, extraneous=()))


def _roles(found: Survey, where: Server, request: AccessRequest, targets: Targets) -> RolePlan:
    facts = found.server.facts
    if request.is_absent:
        from .roles.removal import (  # noqa: PLC0415
            removal_obstacles,
        )

        problems = removal_obstacles(facts, request, login_database=where.database)
        users = [facts.roles.get(name) for name in request.user_names]
        return RolePlan(nologin=tuple(nologin(users)), problems=tuple(problems))
    return plan_roles(
        facts,
        found.possible(request),
        databases=targets.names,
        verifiers=found.server.verifiers,
        to_set=found.to_set,
    )


def _refusals(found: Survey, where: Server, request: AccessRequest, roles: RolePlan) -> Iterator[Problem]:
    """Yield why the planned changes cannot be written, or must not be."""
    facts = found.server.facts
    yield from revoke_obstacles(
        found.shared, roles=request.roles, database=where.database, administrator=facts.administrator
    )
    changed = [state for state in found.databases if state.plan.has_changes]
    writes_roles = roles.has_changes or bool(found.shared) or request.is_absent
    if facts.is_in_recovery:
        if writes_roles or changed:
            yield in_recovery(where.login, _primary(where))
        return
    if roles.has_changes and not facts.has_citus:
        yield from (roles_stay_here(where.database, state.name) for state in found.databases if state.facts.has_citus)
    if facts.is_read_only and writes_roles:
        yield read_only(facts, where.database)
    yield from (read_only(facts, state.name) for state in changed if state.facts.is_read_only)
    if request.search_path and any("search_path" in statement.template for statement in roles.users):
        yield from _too_long_defaults(found, where, request)
    if not (roles.group or roles.users or changed) and not request.is_absent:
        yield from lost_by_retirement(where, facts, request, roles)


def _too_long_defaults(found: Survey, where: Server, request: AccessRequest) -> Iterator[Problem]:
    """Yield the schemas that Metamapper's scan would hide, since a new search_path makes a default too long."""
    path = ", ".join(map(quoted, schemas_of(request.search_path)))
    for state in found.listed:
        schemas = state.scope.schemas if state.scope else ()
        with where.session(state.name) as session:
            session.begin(READ)
            session.add(search_path_statement(path))
            too_long = inspect_long_defaults(session, schemas)
            session.rollback()
        for first in {one.schema: one for one in reversed(too_long)}.values():
            yield _too_long_default(state.name, first, request.search_path)


def _too_long_default(database: str, first: LongDefault, search_path: str) -> Problem:
    message = (
        f"With search_path = {search_path}, the default of column {quoted(first.column_name)} of "
        f"{quoted(first.schema)}.{quoted(first.relation)} has {first.characters} characters. Metamapper stores "
        f"{DEFAULT_CHARACTERS} at most, and would hide the whole schema."
    )
    advice = (
        "Let metamapper_search_path (option search_path) name the schemas of what the default uses, or leave it out."
    )
    return Problem(message, by_hand(advice), database=database, object=first.schema)


def lost_by_retirement(where: Server, facts: ServerFacts, request: AccessRequest, roles: RolePlan) -> list[Problem]:
    """Return what Metamapper would no longer see after the retirements of a plan, in any database that can be entered.

    The first present user takes their place.
    """
    retires = roles.nologin or roles.retired
    names = [name for name in request.retired if name in facts.roles] if retires else []
    entered = [listed.name for listed in facts.databases if listed.allows_connections and listed.can_connect]
    problems: list[Problem] = []
    for database in entered if names else []:
        with where.session(database) as session:
            for old in names:
                look = partial(visibility_lost_by_retirement, database=database, old=old, new=request.user_names[0])
                problems += read_again(session, look)
    return problems


def _primary(where: Server) -> Primary | None:
    """Ask a standby for its primary; None where it does not tell."""
    with contextlib.suppress(ServerError), where.session() as session:
        return read_again(session, inspect_primary)
    return None
