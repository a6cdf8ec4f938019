# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What group and users lack, and how they get it. Pure: values in, values out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Collection, Iterable, Iterator, Literal, Mapping, Sequence

from ..._core.membership import end_of_membership, ends_of_memberships, may_grant
from ..._core.name import suggestion
from ..._core.problem import Problem
from ..._core.remedy import SUPERUSER, Remedies, alternatively, by_hand, sql, variable
from ..._core.secret import Secret
from ..._core.server_version import has_feature
from ..._core.sql_statement import Statement, identifier, quoted, simple, statement_text
from ..catalog.facts import RoleFacts, ServerFacts
from ..request import AccessRequest
from .retirement import leave_group, nologin, still_connected
from .settings import setting_statements

# The attributes that a plain reader does not have, and the keyword that revokes each.
# https://www.postgresql.org/docs/current/sql-createrole.html
PRIVILEGED_ATTRIBUTES: tuple[tuple[str, str], ...] = (
    ("is_superuser", "SUPERUSER"),
    ("is_replication", "REPLICATION"),
    ("is_bypassrls", "BYPASSRLS"),
    ("is_createrole", "CREATEROLE"),
    ("is_createdb", "CREATEDB"),
)
SUPERUSER_ONLY_ATTRIBUTES = frozenset({"SUPERUSER", "REPLICATION", "BYPASSRLS"})
# From 16 on, only a role that has one of these can revoke it.
# https://www.postgresql.org/docs/16/sql-alterrole.html
ATTRIBUTES_THE_ADMIN_MUST_HOLD = frozenset({"REPLICATION", "BYPASSRLS", "CREATEDB"})


Part = Literal["group", "users", "nologin", "retired"]


@dataclass(frozen=True)
class RolePlan:
    """What is to be run for the group, before any database, and after all of them for users and retired users.

    ``nologin`` revokes LOGIN from retired users, ``retired`` the membership from those without a session. In ``absent``
    only ``nologin`` has statements.
    """

    group: tuple[Statement, ...] = ()
    users: tuple[Statement, ...] = ()
    nologin: tuple[Statement, ...] = ()
    retired: tuple[Statement, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def has_changes(self) -> bool:
        """Whether there is something to write."""
        return bool(self.group or self.users or self.nologin or self.retired)

    def part(self, part: Part) -> tuple[Statement, ...]:
        """Return the statements of a part."""
        return {"group": self.group, "users": self.users, "nologin": self.nologin, "retired": self.retired}[part]


def plan_roles(
    server: ServerFacts,
    request: AccessRequest,
    *,
    databases: Sequence[str],
    verifiers: Mapping[str, Secret],
    to_set: Collection[str],
) -> RolePlan:
    """Return the plan.

    ``verifiers`` has what to store for each user: a new role gets it, an existing one if it is in ``to_set``.
    ``databases`` are those in which settings of the users are compared.
    """
    users = [
        _user_statements(server, request, name, databases, verifiers[name] if _gets_it(server, name, to_set) else None)
        for name in request.user_names
    ]
    gone = [server.roles.get(name) for name in request.retired]
    plan = RolePlan(
        group=tuple(_group_statements(server.roles.get(request.group), request.group)),
        users=tuple(statement for statements in users for statement in statements),
        nologin=tuple(nologin(gone)),
        retired=tuple(
            statement
            for facts in gone
            if facts is not None and (request.end_connections or not still_connected(server.connections, facts.name))
            for statement in leave_group(server, request.group, facts)
        ),
    )
    problems = [
        *_takeovers(server, request),
        *_circles(server, request),
        *_unknown_creators(server, request),
        *_missing_rights(server, request, plan),
    ]
    return replace(plan, problems=tuple(problems))


def _gets_it(server: ServerFacts, name: str, to_set: Collection[str]) -> bool:
    return name in to_set or name not in server.roles


def _group_statements(facts: RoleFacts | None, name: str) -> Iterator[Statement]:
    if facts is None:
        yield simple("CREATE ROLE {} NOLOGIN", name)
        return
    words = [*_revoked_attributes(facts), *(["NOLOGIN"] if facts.can_login else [])]
    if words:
        yield simple(f"ALTER ROLE {{}} {' '.join(words)}", name)


def _revoked_attributes(facts: RoleFacts) -> list[str]:
    return [f"NO{word}" for attribute, word in PRIVILEGED_ATTRIBUTES if getattr(facts, attribute)]


def _user_statements(
    server: ServerFacts, request: AccessRequest, name: str, databases: Sequence[str], verifier: Secret | None
) -> list[Statement]:
    facts = server.roles.get(name)
    limit = request.connection_limit
    if facts is None:
        creation = f"CREATE ROLE {{}} LOGIN INHERIT CONNECTION LIMIT {limit} PASSWORD {{}}"
        first = [Statement(creation, ((name,),), verifier)]
    else:
        first = _altered(facts, limit, verifier)
    settings = setting_statements(facts.settings if facts else {}, name, request, databases)
    return [*first, *settings, *_membership_statements(server, request.group, name)]


def _altered(facts: RoleFacts, limit: int, verifier: Secret | None) -> list[Statement]:
    # Only what differs is written: some of these keywords are refused to non-superusers even if they change nothing.
    words = _revoked_attributes(facts)
    words += [] if facts.can_login else ["LOGIN"]
    words += ["VALID UNTIL 'infinity'"] if facts.is_expired else []
    words += [] if facts.is_inheriting else ["INHERIT"]
    words += [] if facts.connection_limit == limit else [f"CONNECTION LIMIT {limit}"]
    statements = [simple(f"ALTER ROLE {{}} {' '.join(words)}", facts.name)] if words else []
    password = [Statement("ALTER ROLE {} PASSWORD {}", ((facts.name,),), verifier)] if verifier else []
    return statements + password


def _membership_statements(server: ServerFacts, group: str, user: str) -> Iterator[Statement]:
    facts = server.roles.get(user)
    # pg_has_role() is true for a superuser, whatever its memberships are.
    if facts is not None and facts.is_in_group and not facts.is_superuser:
        return
    if has_feature(server.version_num, "membership_options"):
        yield simple("GRANT {} TO {} WITH INHERIT TRUE", group, user)
    elif group not in server.roles or user not in server.roles[group].members:
        yield simple("GRANT {} TO {}", group, user)


def _takeovers(server: ServerFacts, request: AccessRequest) -> Iterator[Problem]:
    names = (*request.role_names, *request.retired)
    yield from own_roles(server, names, "Give Metamapper roles of its own.")
    for name in names:
        facts = server.roles.get(name)
        if facts is not None and not request.adopt and name not in (server.login, server.administrator):
            yield from _more_than_a_reader(facts, is_group=name == request.group)


def own_roles(server: ServerFacts, names: Iterable[str], advice: str) -> Iterator[Problem]:
    """Yield which of the roles the administrator itself depends on."""
    for name in names:
        if name in (server.login, server.administrator):
            message = f"The role {quoted(name)} is the administrator role of this task."
            yield Problem(message, by_hand(advice), object=name)


def _more_than_a_reader(facts: RoleFacts, *, is_group: bool) -> Iterator[Problem]:
    found = [word for attribute, word in PRIVILEGED_ATTRIBUTES if getattr(facts, attribute)]
    is_ours = facts.is_in_group and not (facts.is_superuser or is_group)
    # A member of the group is managed already: what an attacker created with the login must not prevent locking it out.
    found += [f"the owner of {facts.owned} objects"] if facts.owned and not is_ours else []
    if is_group:
        found += ["able to log in"] if facts.can_login else []
    elif facts.members:
        found.append("granted to " + ", ".join(map(quoted, facts.members[:3])))
    if found:
        message = (
            f"The role {quoted(facts.name)} already exists and is more than a plain reader: it is {', '.join(found)}."
        )
        yield Problem(
            message,
            adopted(
                "Choose another name.", "to manage it nevertheless: its attributes are revoked, what it owns stays"
            ),
            object=facts.name,
        )


def adopted(instead: str, note: str) -> Remedies:
    """Return the remedies for a role that is more than a plain reader: change it, or manage it nevertheless."""
    return (*by_hand(instead), *alternatively(variable("adopt the role", "metamapper_adopt", True, note=note)))


def _circles(server: ServerFacts, request: AccessRequest) -> Iterator[Problem]:
    """Yield which user cannot become a member of the group, since the group is a member of it.

    https://www.postgresql.org/docs/current/role-membership.html
    """
    for facts in (server.roles[name] for name in request.user_names if name in server.roles):
        for member, grantor in facts.group_through:
            statement = end_of_membership(facts.name, member, grantor, server.version_num)
            through = "" if member == request.group else f", through {quoted(member)}"
            message = (
                f"The group {quoted(request.group)} is a member of the user {quoted(facts.name)}{through}, and "
                "PostgreSQL has no circular memberships."
            )
            end = sql("end a circle", statement, by=may_grant(facts.name, server.version_num))
            others = alternatively(*by_hand("Choose another user or group."))
            yield Problem(message, (end, *others), object=facts.name, statement=statement)


def _unknown_creators(server: ServerFacts, request: AccessRequest) -> Iterator[Problem]:
    for name in request.listed_creators:
        if name not in server.roles:
            message = f"The creator {quoted(name)} does not exist on the server.{suggestion(name, server.role_names)}"
            yield Problem(message, by_hand("Correct the name in creators, or use creators: auto."), object=name)


def _missing_rights(server: ServerFacts, request: AccessRequest, plan: RolePlan) -> Iterator[Problem]:
    admin = server.admin
    if admin.is_superuser:
        return
    if plan.has_changes and not admin.is_createrole and not _only_grants_membership(server, request, plan):
        yield no_createrole(admin, "create or alter")
        return
    changed = {statement.names[0][0] for statement in (*plan.group, *plan.users, *plan.nologin, *plan.retired)}
    for name in (*request.role_names, *request.retired):
        is_own = name in (server.login, server.administrator)  # refused for another reason
        if name in changed and name in server.roles and not is_own:
            facts = server.roles[name]
            yield from missing_rights_on(facts, server, _out_of_reach(server, facts), "alter or grant")


def _only_grants_membership(server: ServerFacts, request: AccessRequest, plan: RolePlan) -> bool:
    group = server.roles.get(request.group)
    is_only = not (plan.group or plan.nologin or plan.retired) and all(
        statement.template.startswith("GRANT") for statement in plan.users
    )
    return is_only and group is not None and group.is_administered


def no_createrole(admin: RoleFacts, doing: str) -> Problem:
    """Return that an administrator can do nothing about roles; ``doing`` says what it is to do."""
    message = f"Role {quoted(admin.name)} lacks CREATEROLE and cannot {doing} roles."
    statement = statement_text("ALTER ROLE {} CREATEROLE", admin.name)
    remedy = sql("give CREATEROLE", statement, by=SUPERUSER)
    return Problem(message, (remedy,), object=admin.name, statement=statement)


def missing_rights_on(
    facts: RoleFacts, server: ServerFacts, out_of_reach: Sequence[str], doing: str
) -> Iterator[Problem]:
    """Yield why an administrator with CREATEROLE cannot change a role; ``out_of_reach`` are its attributes."""
    admin = quoted(server.administrator)
    if out_of_reach:
        statement = statement_text(f"ALTER ROLE {{}} {' '.join('NO' + word for word in out_of_reach)}", facts.name)
        message = f"Role {admin} cannot {doing} the role {quoted(facts.name)}, which has {', '.join(out_of_reach)}."
        remedy = sql("take attributes away", statement, by=SUPERUSER)
        yield Problem(message, (remedy,), object=facts.name, statement=statement)
    if has_feature(server.version_num, "createrole_needs_admin") and not facts.is_administered:
        ends = ends_of_memberships(server.through(facts.name), facts.name, server.version_num)
        statement = _administration(facts.name, server.administrator)
        message = (
            f"Role {admin} cannot {doing} the role {quoted(facts.name)}: it lacks ADMIN OPTION on it, which PostgreSQL "
            "16 and newer require."
        )
        by = SUPERUSER if ends else may_grant(facts.name, server.version_num)
        remedy = sql("give ADMIN OPTION", *ends, statement, by=by)
        yield Problem(message, (remedy,), object=facts.name, statement=statement)


def _administration(role: str, admin: str) -> str:
    """Return what lets an administrator manage a role as its creator could, without its privileges."""
    return statement_text("GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE", role, admin)


def missing_group_problem(server: ServerFacts, group: str, problems: Sequence[Problem]) -> list[Problem]:
    """Return the problem that precedes others if their statements name a group that does not exist yet."""
    if group in server.roles or not any(f" TO {identifier(group)}" in problem.statement for problem in problems):
        return []
    statements = [statement_text("CREATE ROLE {} NOLOGIN", group)]
    if server.admin.is_createrole:  # from 16 on, that comes with ADMIN OPTION
        by = quoted(server.administrator)
        remedy = sql("create the group", *statements, role=server.administrator, by=by)
    else:
        if has_feature(server.version_num, "createrole_needs_admin"):
            statements.append(_administration(group, server.administrator))
        remedy = sql("have the group created", *statements, by=SUPERUSER)
    message = f"The group {quoted(group)} does not exist yet, but is referenced by the statements below."
    return [Problem(message, (remedy,), object=group, statement=" ".join(statements))]


def _out_of_reach(server: ServerFacts, facts: RoleFacts) -> list[str]:
    """Return the attributes of a role that a non-superuser administrator cannot revoke."""
    found = [(attribute, word) for attribute, word in PRIVILEGED_ATTRIBUTES if getattr(facts, attribute)]
    if has_feature(server.version_num, "createrole_needs_admin"):
        lacking = {
            word for attribute, word in found if not getattr(server.admin, attribute)
        } & ATTRIBUTES_THE_ADMIN_MUST_HOLD
        return [word for _attribute, word in found if word == "SUPERUSER" or word in lacking]
    return [word for _attribute, word in found if word in SUPERUSER_ONLY_ATTRIBUTES]
