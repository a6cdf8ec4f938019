# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What group and users lack of what is wanted, and how they get it. Pure: values in, values out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Collection, Iterator, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import RoleFacts, ServerFacts
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import Wanted
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.retirement import retirement
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import has_feature
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import (
    Statement,
    quoted,
    remedy,
    simple,
)

# What a plain reader is not, and the word that takes it away.
# https://www.postgresql.org/docs/current/sql-createrole.html
POWERS: tuple[tuple[str, str], ...] = (
    ("is_superuser", "SUPERUSER"),
    ("is_replication", "REPLICATION"),
    ("is_bypassrls", "BYPASSRLS"),
    ("is_createrole", "CREATEROLE"),
    ("is_createdb", "CREATEDB"),
)
SUPERUSERS_MATTER = frozenset({"SUPERUSER", "REPLICATION", "BYPASSRLS"})
# From 16 on: who takes one of these away must have it.
# https://www.postgresql.org/docs/16/sql-alterrole.html
OWN_NEEDED = frozenset({"REPLICATION", "BYPASSRLS", "CREATEDB"})

# Settings of a role that would override ours, and the value that is wanted; None for none.
# https://www.postgresql.org/docs/current/sql-alterrole.html
SETTINGS: tuple[tuple[str, str | None], ...] = (
    ("role", None),
    ("search_path", None),
    ("default_transaction_read_only", "on"),
)


@dataclass(frozen=True)
class RolePlan:
    """What is to be run for the group, before any database, and after all of them for users and retired users."""

    group: tuple[Statement, ...] = ()
    users: tuple[Statement, ...] = ()
    retired: tuple[Statement, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def has_changes(self) -> bool:
        """Whether there is something to write."""
        return bool(self.group or self.users or self.retired)


def plan_roles(
    server: ServerFacts,
    wanted: Wanted,
    *,
    databases: Sequence[str],
    verifiers: Mapping[str, Secret],
    to_set: Collection[str],
) -> RolePlan:
    """Return the plan.

    ``verifiers`` has what to store for each user: a role made here gets it, an existing one if it is in ``to_set``.
    ``databases`` are those whose settings of the users are looked at.
    """
    users = [
        _user_statements(server, wanted, name, databases, verifiers[name] if _gets_it(server, name, to_set) else None)
        for name in (user.name for user in wanted.users)
    ]
    plan = RolePlan(
        group=tuple(_group_statements(server.roles.get(wanted.group), wanted.group)),
        users=tuple(statement for statements in users for statement in statements),
        retired=tuple(
            statement
            for name in wanted.retired
            for statement in retirement(server, wanted.group, server.roles.get(name))
        ),
    )
    problems = [*_takeovers(server, wanted), *_unknown_creators(server, wanted), *_missing_rights(server, wanted, plan)]
    return replace(plan, problems=tuple(problems))


def _gets_it(server: ServerFacts, name: str, to_set: Collection[str]) -> bool:
    return name in to_set or name not in server.roles


def _group_statements(facts: RoleFacts | None, name: str) -> Iterator[Statement]:
    if facts is None:
        yield simple("CREATE ROLE {} NOLOGIN", name)
        return
    words = [*_lost_powers(facts), *(["NOLOGIN"] if facts.can_login else [])]
    if words:
        yield simple(f"ALTER ROLE {{}} {' '.join(words)}", name)


def _lost_powers(facts: RoleFacts) -> list[str]:
    return [f"NO{word}" for attribute, word in POWERS if getattr(facts, attribute)]


def _user_statements(
    server: ServerFacts, wanted: Wanted, name: str, databases: Sequence[str], verifier: Secret | None
) -> list[Statement]:
    facts = server.roles.get(name)
    limit = wanted.connection_limit
    if facts is None:
        creation = f"CREATE ROLE {{}} LOGIN INHERIT CONNECTION LIMIT {limit} PASSWORD {{}}"
        first = [Statement(creation, ((name,),), verifier)]
    else:
        first = _mended(facts, limit, verifier)
    return [*first, *_setting_statements(facts, name, databases), *_membership_statements(server, wanted.group, name)]


def _mended(facts: RoleFacts, limit: int, verifier: Secret | None) -> list[Statement]:
    # Only what differs is written: some of these words are refused to non-superusers even where they change nothing.
    words = _lost_powers(facts)
    words += [] if facts.can_login else ["LOGIN"]
    words += [] if facts.is_inheriting else ["INHERIT"]
    words += [] if facts.connection_limit == limit else [f"CONNECTION LIMIT {limit}"]
    statements = [simple(f"ALTER ROLE {{}} {' '.join(words)}", facts.name)] if words else []
    password = [Statement("ALTER ROLE {} PASSWORD {}", ((facts.name,),), verifier)] if verifier else []
    return statements + password


def _setting_statements(facts: RoleFacts | None, name: str, databases: Sequence[str]) -> Iterator[Statement]:
    settings = facts.settings if facts else {}
    for setting, value in SETTINGS:
        found = settings.get("", {}).get(setting)
        if found != value:
            yield simple(f"ALTER ROLE {{}} RESET {setting}" if value is None else _set(setting, value), name)
        for database in databases:
            if settings.get(database, {}).get(setting, value) != value:
                yield simple(f"ALTER ROLE {{}} IN DATABASE {{}} RESET {setting}", name, database)


def _set(setting: str, value: str) -> str:
    return f"ALTER ROLE {{}} SET {setting} = {value}"


def _membership_statements(server: ServerFacts, group: str, user: str) -> Iterator[Statement]:
    facts = server.roles.get(user)
    # pg_has_role() says yes to a superuser, whatever its memberships are.
    if facts is not None and facts.is_in_group and not facts.is_superuser:
        return
    if has_feature(server.version_num, "membership_options"):
        yield simple("GRANT {} TO {} WITH INHERIT TRUE", group, user)
    elif group not in server.roles or user not in server.roles[group].members:
        yield simple("GRANT {} TO {}", group, user)


def _takeovers(server: ServerFacts, wanted: Wanted) -> Iterator[Problem]:
    for name in (*wanted.role_names, *wanted.retired):
        facts = server.roles.get(name)
        if facts is None:
            continue
        if name in (server.login, server.administrator):
            message = f"The role {quoted(name)} is the one that this task itself logs in with or becomes."
            yield Problem(message, "Give Metamapper roles of its own.", object=name)
        elif not wanted.adopt:
            yield from _more_than_a_reader(facts, is_group=name == wanted.group)


def _more_than_a_reader(facts: RoleFacts, *, is_group: bool) -> Iterator[Problem]:
    found = [word for attribute, word in POWERS if getattr(facts, attribute)]
    found += [f"the owner of {facts.owned} objects"] if facts.owned else []
    if is_group:
        found += ["able to log in"] if facts.can_login else []
    elif facts.members:
        found.append("granted to " + ", ".join(map(quoted, facts.members[:3])))
    if found:
        message = (
            f"The role {quoted(facts.name)} exists already and is more than a plain reader: it is {', '.join(found)}."
        )
        advice = "Choose another name, or set metamapper_adopt: true (option adopt) to take it over as it is."
        yield Problem(message, advice, object=facts.name)


def _unknown_creators(server: ServerFacts, wanted: Wanted) -> Iterator[Problem]:
    for name in wanted.listed_creators:
        if name not in server.roles:
            message = f"The creator {quoted(name)} does not exist on the server."
            yield Problem(message, "Correct the name in creators, or use creators: auto.", object=name)


def _missing_rights(server: ServerFacts, wanted: Wanted, plan: RolePlan) -> Iterator[Problem]:
    admin = server.admin
    if admin.is_superuser:
        return
    if (
        (plan.group or plan.users or plan.retired)
        and not admin.is_createrole
        and not _only_grants_membership(server, wanted, plan)
    ):
        message = f"Role {quoted(admin.name)} has no CREATEROLE, so it cannot make or change roles."
        mend = remedy("ALTER ROLE {} CREATEROLE", admin.name)
        yield Problem(message, f"Have a superuser run: {mend}", object=admin.name, statement=mend)
        return
    changed = {statement.names[0][0] for statement in (*plan.group, *plan.users, *plan.retired)}
    for name in (*wanted.role_names, *wanted.retired):
        is_own = name in (server.login, server.administrator)  # refused for a reason of its own
        if name in changed and name in server.roles and not is_own:
            yield from _missing_rights_on(server, server.roles[name])


def _only_grants_membership(server: ServerFacts, wanted: Wanted, plan: RolePlan) -> bool:
    group = server.roles.get(wanted.group)
    is_only = (
        not plan.group and not plan.retired and all(statement.template.startswith("GRANT") for statement in plan.users)
    )
    return is_only and group is not None and group.is_administered


def _missing_rights_on(server: ServerFacts, facts: RoleFacts) -> Iterator[Problem]:
    powers = _out_of_reach(server, facts)
    if powers:
        message = (
            f"Role {quoted(server.administrator)} cannot take {', '.join(powers)} away from the role "
            f"{quoted(facts.name)}: a superuser can."
        )
        mend = remedy(f"ALTER ROLE {{}} {' '.join('NO' + word for word in powers)}", facts.name)
        yield Problem(message, f"Have one run: {mend}", object=facts.name, statement=mend)
    elif has_feature(server.version_num, "createrole_needs_admin") and not facts.is_administered:
        admin = server.administrator
        message = (
            f"Role {quoted(admin)} has CREATEROLE but no ADMIN OPTION on the role {quoted(facts.name)}, which "
            "PostgreSQL asks for from version 16 on to change or grant it."
        )
        mend = _administration(facts.name, admin)
        yield Problem(message, f"Have a superuser run: {mend}", object=facts.name, statement=mend)


def _administration(role: str, admin: str) -> str:
    """Return what gives an administrator the same power over a role as having made it does, and not its privileges."""
    return remedy("GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE", role, admin)


def group_first(server: ServerFacts, group: str, problems: Sequence[Problem]) -> list[Problem]:
    """Return the problem that goes before others where their statements name a group that does not exist yet."""
    if group in server.roles or not any(f" TO {quoted(group)}" in problem.statement for problem in problems):
        return []
    mend = remedy("CREATE ROLE {} NOLOGIN", group)
    if has_feature(server.version_num, "createrole_needs_admin"):
        mend += " " + _administration(group, server.administrator)
    message = f"The group {quoted(group)} does not exist yet, and statements that others have to run name it."
    return [Problem(message, f"Have a superuser run first: {mend}", object=group, statement=mend)]


def _out_of_reach(server: ServerFacts, facts: RoleFacts) -> list[str]:
    """Return the powers of a role that an administrator who is no superuser cannot take away."""
    found = [(attribute, word) for attribute, word in POWERS if getattr(facts, attribute)]
    if has_feature(server.version_num, "createrole_needs_admin"):
        lacking = {word for attribute, word in found if not getattr(server.admin, attribute)} & OWN_NEEDED
        return [word for _attribute, word in found if word == "SUPERUSER" or word in lacking]
    return [word for _attribute, word in found if word in SUPERUSERS_MATTER]


def role_outline(roles: Mapping[str, RoleFacts], wanted: Wanted) -> dict[str, dict[str, object]]:
    """Return what group and users are, for the before and after of the result; an absent role is empty."""
    names = (*wanted.role_names, *wanted.retired)
    return {name: _properties(roles.get(name), name == wanted.group) for name in names}


def _properties(facts: RoleFacts | None, is_group: bool) -> dict[str, object]:
    if facts is None:
        return {}
    powers = [word for attribute, word in POWERS if getattr(facts, attribute)]
    if is_group:
        return {"login": facts.can_login, "powers": powers}
    return {
        "login": facts.can_login,
        "inherit": facts.is_inheriting,
        "connection_limit": facts.connection_limit,
        "member": facts.is_in_group,
        "powers": powers,
        "settings": _shown_settings(facts.settings),
    }


def _shown_settings(settings: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return the settings that are compared, where there are some, by database."""
    return {
        database or "all databases": {name: values[name] for name, _value in SETTINGS if name in values}
        for database, values in settings.items()
        if any(name in values for name, _value in SETTINGS)
    }


def wanted_role_outline(
    roles: Mapping[str, RoleFacts], wanted: Wanted, databases: Collection[str]
) -> dict[str, dict[str, object]]:
    """Return what group and users are once the plan is carried out; in databases not meant, settings stay."""
    users = {
        user.name: {
            "login": True,
            "inherit": True,
            "connection_limit": wanted.connection_limit,
            "member": True,
            "powers": [],
            "settings": _shown_settings(_wanted_settings(roles.get(user.name), databases)),
        }
        for user in wanted.users
    }
    retired = {
        name: {**_properties(roles[name], False), "login": False, "member": False} if name in roles else {}
        for name in wanted.retired
    }
    return {wanted.group: {"login": False, "powers": []}, **users, **retired}


def _wanted_settings(facts: RoleFacts | None, databases: Collection[str]) -> dict[str, dict[str, str]]:
    ours = {name: value for name, value in SETTINGS if value is not None}
    wanted = {"": ours}
    for database, values in (facts.settings if facts else {}).items():
        if database in databases:
            wanted[database] = {name: value for name, value in values.items() if ours.get(name) == value}
        elif database:
            wanted[database] = dict(values)
    return wanted
