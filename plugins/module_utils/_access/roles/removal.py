# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The statements that take access back, and why roles cannot go. Pure: values in, values out."""

from __future__ import annotations

from typing import Collection, Iterator, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import RoleFacts, ServerFacts
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.removal_facts import (
    AbsentDatabase,
    AbsentServer,
    Connection,
    Membership,
    Policy,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.acl_item import (
    Held,
    revoke_statements,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.obstacles import held_problems
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.removal_request import Unwanted
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.plan import POWERS
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import has_feature
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import (
    Statement,
    listed,
    quoted,
    remedy,
    simple,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.databases import not_enterable

Roles = Mapping[str, RoleFacts]


def lock_out_statements(roles: Roles, unwanted: Unwanted) -> list[Statement]:
    """Return what keeps the users from logging in again."""
    able = [name for name in unwanted.users if name in roles and roles[name].can_login]
    return [simple("ALTER ROLE {} NOLOGIN", name) for name in able]


def end_statements(connections: Sequence[Connection], unwanted: Unwanted) -> list[Statement]:
    """Return what ends the connections of the users; nothing unless it was asked for."""
    ended = connections if unwanted.is_ending else ()
    return [simple(f"SELECT pg_catalog.pg_terminate_backend({connection.process})") for connection in ended]


def database_statements(held: Collection[Held], initial: Sequence[str], *, administrator: str) -> list[Statement]:
    """Return what takes back what roles hold in a database."""
    drops = [simple("DROP OWNED BY {}", role) for role in initial]
    return [*revoke_statements(held, administrator=administrator), *drops]


def drop_statements(
    roles: Roles, shared: Collection[Held], unwanted: Unwanted, *, administrator: str
) -> list[Statement]:
    """Return what takes back what roles hold on the server as a whole, and drops them."""
    existing = [name for name in unwanted.roles if name in roles]
    drop = [simple(f"DROP ROLE {listed(len(existing))}", *existing)] if existing else []
    return [*revoke_statements(shared, administrator=administrator), *drop]


def left_for_the_end(shared: Sequence[Held], entered: Collection[str]) -> list[Held]:
    """Return what is not taken back where a database is entered: CONNECT on others, tablespaces, parameters."""
    return [item for item in shared if not (item.kind == "database" and item.name in entered)]


def databases_to_enter(server: AbsentServer) -> list[str]:
    """Return the databases in which something is to be taken back, sorted."""
    return sorted({trace.database for trace in server.traces if trace.database and trace.how != "o"})


def server_problems(server: AbsentServer, unwanted: Unwanted, *, login_database: str) -> list[Problem]:
    """Return all that keeps the roles from going, as far as the shared catalogs tell."""
    facts = server.facts
    entered = databases_to_enter(server)
    by_name = {database.name: database for database in facts.databases}
    left = left_for_the_end(server.shared, entered)
    return [
        *_ourselves(facts, unwanted),
        *_owners(server, login_database),
        *role_problems(facts.roles, server.memberships, facts, unwanted),
        *(problem for name in entered for problem in not_enterable(by_name[name], facts.administrator)),
        *held_problems(left, roles=unwanted.roles, database=login_database, administrator=facts.administrator),
        *_not_endable(server, unwanted),
    ]


def role_problems(
    roles: Roles, memberships: Sequence[Membership], server: ServerFacts, unwanted: Unwanted
) -> list[Problem]:
    """Return why roles are not to be dropped, or cannot be."""
    found = [roles[name] for name in unwanted.roles if name in roles]
    others = [facts for facts in found if facts.name not in (server.login, server.administrator)]
    return [
        *(problem for facts in others for problem in _more_than_a_reader(facts, unwanted)),
        *(_membership(membership, server, unwanted) for membership in memberships),
        *_no_right(others, server),
    ]


def _ourselves(server: ServerFacts, unwanted: Unwanted) -> Iterator[Problem]:
    for name in unwanted.roles:
        if name in (server.login, server.administrator):
            message = f"The role {quoted(name)} is the one that this task itself logs in with or becomes."
            yield Problem(message, "Name the roles of Metamapper.", object=name)


def _owners(server: AbsentServer, login_database: str) -> Iterator[Problem]:
    for trace in server.traces:
        if trace.how == "o":
            where = f"in database {quoted(trace.database)}" if trace.database else "of the server as a whole"
            message = f"The role {quoted(trace.role)} owns {trace.objects} objects {where}, and is not dropped."
            mend = remedy("REASSIGN OWNED BY {} TO {}", trace.role, server.facts.administrator)
            mend += " " + remedy("DROP OWNED BY {}", trace.role)
            advice = f"Give them to another role, for example by running there as a superuser: {mend}"
            database = trace.database or login_database
            yield Problem(message, advice, database=database, object=trace.role, statement=mend)


def _more_than_a_reader(facts: RoleFacts, unwanted: Unwanted) -> Iterator[Problem]:
    found = [word for attribute, word in POWERS if getattr(facts, attribute)]
    found += ["able to log in"] if facts.name == unwanted.group and facts.can_login else []
    if found and not unwanted.adopt:
        message = f"The role {quoted(facts.name)} is more than a plain reader: it is {', '.join(found)}."
        advice = "Correct the name, or set metamapper_adopt: true (option adopt) to drop it nevertheless."
        yield Problem(message, advice, object=facts.name)


def _membership(membership: Membership, server: ServerFacts, unwanted: Unwanted) -> Problem:
    suffix, names = "", [membership.role, membership.member]
    if has_feature(server.version_num, "membership_options"):
        suffix, names = " GRANTED BY {}", [*names, membership.grantor]
    mend = remedy("REVOKE {} FROM {}" + suffix, *names)
    if membership.role in unwanted.roles:
        message = (
            f"The role {quoted(membership.member)} is a member of {quoted(membership.role)}, and not to be dropped."
        )
        advice = f"List it in users if it is Metamapper's, or take it out of {quoted(membership.role)}: {mend}"
    else:
        message = (
            f"The role {quoted(membership.grantor)} has made {quoted(membership.member)} a member of "
            f"{quoted(membership.role)}, which would end with it."
        )
        advice = f"Grant it by another role if it is needed, and run: {mend}"
    return Problem(message, advice, object=membership.role, statement=mend)


def _no_right(found: Sequence[RoleFacts], server: ServerFacts) -> Iterator[Problem]:
    admin = server.admin
    if admin.is_superuser or not found:
        return
    if not admin.is_createrole:
        message = f"Role {quoted(admin.name)} has no CREATEROLE, so it cannot drop roles."
        mend = remedy("ALTER ROLE {} CREATEROLE", admin.name)
        yield Problem(message, f"Have a superuser run: {mend}", object=admin.name, statement=mend)
    for facts in found:
        yield from _no_right_on(facts, server)


def _no_right_on(facts: RoleFacts, server: ServerFacts) -> Iterator[Problem]:
    admin = quoted(server.administrator)
    needs_admin = has_feature(server.version_num, "createrole_needs_admin")
    powers = _powers_out_of_reach(facts, needs_admin=needs_admin)
    if powers:
        mend = remedy(f"ALTER ROLE {{}} {' '.join('NO' + word for word in powers)}", facts.name)
        message = f"Role {admin} cannot change and drop {quoted(facts.name)}, which has {', '.join(powers)}."
        yield Problem(message, f"Have a superuser run: {mend}", object=facts.name, statement=mend)
    if needs_admin and not facts.is_administered:
        options = "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
        mend = remedy("GRANT {} TO {} " + options, facts.name, server.administrator)
        message = (
            f"Role {admin} has no ADMIN OPTION on the role {quoted(facts.name)}, which PostgreSQL asks for from "
            "version 16 on to drop it."
        )
        yield Problem(message, f"Have a superuser run: {mend}", object=facts.name, statement=mend)


def _powers_out_of_reach(facts: RoleFacts, *, needs_admin: bool) -> list[str]:
    # https://www.postgresql.org/docs/15/sql-alterrole.html
    beyond = {"SUPERUSER"} if needs_admin else {"SUPERUSER", "REPLICATION", "BYPASSRLS"}
    return [word for attribute, word in POWERS if getattr(facts, attribute) and word in beyond]


def _not_endable(server: AbsentServer, unwanted: Unwanted) -> Iterator[Problem]:
    beyond = sorted({connection.user for connection in server.connections if not connection.can_end})
    if unwanted.is_ending and beyond:
        admin = server.facts.administrator
        users = ", ".join(map(quoted, beyond))
        message = f"Role {quoted(admin)} may not end the connections of {users}."
        mend = remedy("GRANT pg_signal_backend TO {}", admin)
        advice = f"Have a superuser run: {mend} Or leave end_connections out."
        yield Problem(message, advice, object=beyond[0], statement=mend)


def database_problems(found: AbsentDatabase, unwanted: Unwanted, *, administrator: str) -> list[Problem]:
    """Return what in a database keeps the roles from going."""
    owners = {left.role for left in found.left if left.how == "o"}
    blocked = [left.role for left in found.left if left.how == "i" and not left.can_act]
    return [
        *(_policy(policy, found.name) for policy in found.policies),
        *held_problems(found.held, roles=unwanted.roles, database=found.name, administrator=administrator),
        *(_initial(role, found.name) for role in blocked),
        *(_owner_here(role, found.name) for role in found.initial if role in owners),
    ]


def _policy(policy: Policy, database: str) -> Problem:
    names = [policy.name, policy.schema, policy.relation]
    others = list(policy.others)
    mend = remedy("DROP POLICY {} ON {}.{}", *names)
    if others:
        mend = remedy(f"ALTER POLICY {{}} ON {{}}.{{}} TO {listed(len(others))}", *names, *others)
    message = (
        f"The policy {quoted(policy.name)} on {quoted(policy.schema)}.{quoted(policy.relation)} in database "
        f"{quoted(database)} names a role that is to be dropped."
    )
    advice = f"Decide what it is to say then, for example: {mend}"
    return Problem(message, advice, database=database, object=policy.relation, statement=mend)


def _initial(role: str, database: str) -> Problem:
    message = (
        f"The role {quoted(role)} is in the initial privileges of an extension's objects in database "
        f"{quoted(database)}, because default privileges were in force when the extension was created."
    )
    mend = remedy("DROP OWNED BY {}", role)
    advice = f"Have a superuser run there, where the role owns nothing: {mend}"
    return Problem(message, advice, database=database, object=role, statement=mend)


def _owner_here(role: str, database: str) -> Problem:
    message = f"The role {quoted(role)} has come to own something in database {quoted(database)}."
    return Problem(message, "Run again to learn what to do.", database=database, object=role)
