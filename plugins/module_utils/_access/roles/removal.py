# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The statements that drop the roles, and why roles cannot be dropped. Pure: values in, values out."""

from __future__ import annotations

from typing import Iterator, Mapping, Sequence

from ..._core.membership import end_of_membership, may_grant
from ..._core.problem import Problem
from ..._core.remedy import SUPERUSER, alternatively, by_hand, sql, variable
from ..._core.server_version import has_feature
from ..._core.sql_statement import Statement, placeholders, quoted, simple, statement_text
from ..catalog.facts import DatabaseFacts, Membership, Policy, RoleFacts, ServerFacts, UserMapping
from ..request import AccessRequest
from .plan import PRIVILEGED_ATTRIBUTES, adopted, missing_rights_on, no_createrole

Roles = Mapping[str, RoleFacts]


def leftover_statements(facts: DatabaseFacts) -> list[Statement]:
    """Return what removes other references to the roles in a database, once nothing is left to revoke there."""
    if facts.remains is None:
        return []
    return [
        *(simple("DROP USER MAPPING FOR {} SERVER {}", each.role, each.server) for each in facts.remains.mappings),
        *(simple("DROP OWNED BY {}", role) for role in facts.remains.initial),
    ]


def drop_statements(roles: Roles, revokes: Sequence[Statement], request: AccessRequest) -> list[Statement]:
    """Return what drops the roles, after the revokes of what they hold on the server as a whole."""
    existing = [name for name in request.roles if name in roles]
    drop = [simple(f"DROP ROLE {placeholders(len(existing))}", *existing)] if existing else []
    return [*revokes, *drop]


def removal_obstacles(server: ServerFacts, request: AccessRequest, *, login_database: str) -> list[Problem]:
    """Return all that prevents dropping the roles, as far as the shared catalogs tell."""
    return [
        *_owners(server, request, login_database),
        *drop_obstacles(server.roles, server.memberships, server, request),
        *_not_endable(server, request),
    ]


def drop_obstacles(
    roles: Roles, memberships: Sequence[Membership], server: ServerFacts, request: AccessRequest
) -> list[Problem]:
    """Return why roles should not be dropped, or cannot be."""
    found = [roles[name] for name in request.roles if name in roles]
    return [
        *(problem for facts in found for problem in _more_than_a_reader(facts, request)),
        *(_membership(membership, server, request) for membership in memberships),
        *_no_right(found, server),
    ]


def _owners(server: ServerFacts, request: AccessRequest, login_database: str) -> Iterator[Problem]:
    for mention in server.mentions:
        if mention.how == "o":
            location = f"in database {quoted(mention.database)}" if mention.database else "of the server as a whole"
            message = f"Cannot drop role {quoted(mention.role)}: it owns {mention.objects} objects {location}."
            # Without its login, no scan can see less than before and hide what people wrote.
            is_user = mention.role in request.user_names
            statements = [statement_text("ALTER ROLE {} NOLOGIN", mention.role)] if is_user else []
            statements.append(statement_text("REASSIGN OWNED BY {} TO {}", mention.role, server.administrator))
            statements.append(statement_text("DROP OWNED BY {}", mention.role))
            database = mention.database or login_database
            remedy = sql("give owned objects away", *statements, by=SUPERUSER, database=database)
            text = " ".join(statements)
            yield Problem(message, (remedy,), database=database, object=mention.role, statement=text)


def _more_than_a_reader(facts: RoleFacts, request: AccessRequest) -> Iterator[Problem]:
    found = [word for attribute, word in PRIVILEGED_ATTRIBUTES if getattr(facts, attribute)]
    found += ["able to log in"] if facts.name == request.group and facts.can_login else []
    if found and not request.adopt:
        message = f"The role {quoted(facts.name)} is more than a plain reader: it is {', '.join(found)}."
        yield Problem(message, adopted("Correct the name.", "to drop it nevertheless"), object=facts.name)


def _membership(membership: Membership, server: ServerFacts, request: AccessRequest) -> Problem:
    statement = end_of_membership(membership.role, membership.member, membership.grantor, server.version_num)
    if membership.role in request.roles:
        message = f"Cannot drop role {quoted(membership.role)}: role {quoted(membership.member)} is a member of it."
        advice = "If it is Metamapper's, list it in metamapper_retired_users (option users); else:"
    else:
        message = (
            f"The role {quoted(membership.grantor)} has made {quoted(membership.member)} a member of "
            f"{quoted(membership.role)}, which would end with it."
        )
        advice = "If it is needed, grant it by another role first."
    remedy = sql("end a membership", statement, by=may_grant(membership.role, server.version_num))
    return Problem(message, (*by_hand(advice), remedy), object=membership.role, statement=statement)


def _no_right(found: Sequence[RoleFacts], server: ServerFacts) -> Iterator[Problem]:
    if server.admin.is_superuser or not found:
        return
    if not server.admin.is_createrole:
        yield no_createrole(server.admin, "drop")
    needs_admin = has_feature(server.version_num, "createrole_needs_admin")
    for facts in found:
        attributes = _attributes_out_of_reach(facts, needs_admin=needs_admin)
        yield from missing_rights_on(facts, server, attributes, "alter and drop")


def _attributes_out_of_reach(facts: RoleFacts, *, needs_admin: bool) -> list[str]:
    # https://www.postgresql.org/docs/15/sql-alterrole.html
    beyond = {"SUPERUSER"} if needs_admin else {"SUPERUSER", "REPLICATION", "BYPASSRLS"}
    return [word for attribute, word in PRIVILEGED_ATTRIBUTES if getattr(facts, attribute) and word in beyond]


def _not_endable(server: ServerFacts, request: AccessRequest) -> Iterator[Problem]:
    beyond = sorted({connection.user for connection in server.connections if not connection.can_end})
    if request.end_connections and beyond:
        admin = server.administrator
        users = ", ".join(map(quoted, beyond))
        message = f"Role {quoted(admin)} may not end the connections of {users}."
        statement = statement_text("GRANT pg_signal_backend TO {}", admin)
        remedy = sql("let sessions be ended", statement, by=may_grant("pg_signal_backend", server.version_num))
        wait = variable("wait for the sessions", "metamapper_end_connections", False)
        yield Problem(message, (remedy, *alternatively(wait)), object=beyond[0], statement=statement)


def database_obstacles(facts: DatabaseFacts, administrator: str) -> list[Problem]:
    """Return what in a database prevents dropping the roles, apart from what cannot be revoked."""
    remains = facts.remains
    if remains is None:
        return []
    owners = {mention.role for mention in remains.mentions if mention.how == "o"}
    blocked = [mention for mention in remains.mentions if mention.how == "i" and not mention.can_act]
    return [
        *(_policy(policy, facts.name) for policy in remains.policies),
        *(_initial(mention.role, facts.name) for mention in blocked),
        *(_owner_here(role, facts.name) for role in remains.initial if role in owners),
        *(_mapping(each, facts.name, administrator) for each in remains.mappings if not each.can_drop),
    ]


def _mapping(mapping: UserMapping, database: str, administrator: str) -> Problem:
    message = (
        f"The role {quoted(mapping.role)} has a user mapping for the server {quoted(mapping.server)} in database "
        f"{quoted(database)}, and role {quoted(administrator)} does not own that server."
    )
    statement = statement_text("DROP USER MAPPING FOR {} SERVER {}", mapping.role, mapping.server)
    by = "the owner of that server or a superuser"
    return Problem.fixed_by(sql("drop a user mapping", statement, by=by, database=database), message, mapping.role)


def _policy(policy: Policy, database: str) -> Problem:
    names = [policy.name, policy.schema, policy.relation]
    others = list(policy.others)
    statement = statement_text("DROP POLICY {} ON {}.{}", *names)
    if others:
        statement = statement_text(f"ALTER POLICY {{}} ON {{}}.{{}} TO {placeholders(len(others))}", *names, *others)
    message = (
        f"The policy {quoted(policy.name)} on {quoted(policy.schema)}.{quoted(policy.relation)} in database "
        f"{quoted(database)} names a role that is to be dropped."
    )
    by = "the owner of the table or a superuser"
    remedy = sql("change a policy", statement, by=by, database=database)
    return Problem.fixed_by(remedy, message, policy.relation)


def _initial(role: str, database: str) -> Problem:
    message = (
        f"The role {quoted(role)} is in the initial privileges of an extension's objects in database "
        f"{quoted(database)}, because default privileges were in force when the extension was created."
    )
    statement = statement_text("DROP OWNED BY {}", role)
    by = f"{SUPERUSER}, if {quoted(role)} owns nothing there"
    return Problem.fixed_by(sql("drop initial privileges", statement, by=by, database=database), message, role)


def _owner_here(role: str, database: str) -> Problem:
    message = f"The role {quoted(role)} has come to own something in database {quoted(database)}."
    return Problem(message, by_hand("Run again to learn what to do."), database=database, object=role)
