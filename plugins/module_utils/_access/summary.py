# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Before and after, for programs and as the two sides of a diff. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, Collection, Iterable, Mapping

from .._core.sql_statement import quoted
from .catalog.facts import AclItem, DatabaseFacts, PrivilegeState, RoleFacts
from .privileges.diff import DatabasePlan
from .privileges.object_kinds import DEFAULTS, schema_of
from .privileges.statements import Grant
from .request import AccessRequest
from .roles.plan import PRIVILEGED_ATTRIBUTES
from .roles.settings import Settings, settings_after, shown_settings

Summary = Mapping[str, Any]

# The privileges that make a relation visible in information_schema.
# https://www.postgresql.org/docs/current/infoschema-tables.html
SHOWING = frozenset({"SELECT", "INSERT", "UPDATE", "REFERENCES"})


def role_summary(roles: Mapping[str, RoleFacts], request: AccessRequest) -> dict[str, dict[str, object]]:
    """Return what group and users are, for the before and after of the result; an absent role is empty."""
    names = (*request.role_names, *request.retired)
    return {name: _properties(roles.get(name), request) for name in names}


def _properties(facts: RoleFacts | None, request: AccessRequest) -> dict[str, object]:
    if facts is None:
        return {}
    attributes = [word for attribute, word in PRIVILEGED_ATTRIBUTES if getattr(facts, attribute)]
    if facts.name == request.group:
        return {"login": facts.can_login, "attributes": attributes}
    return {
        "login": facts.can_login,
        "inherit": facts.is_inheriting,
        "connection_limit": facts.connection_limit,
        "member": facts.is_in_group,
        "attributes": attributes,
        "settings": shown_settings(facts.settings, request),
    }


def desired_role_summary(
    roles: Mapping[str, RoleFacts], request: AccessRequest, databases: Collection[str], leaving: Collection[str]
) -> dict[str, dict[str, object]]:
    """Return what group and users are once the plan is carried out; settings in databases out of scope stay.

    ``leaving`` are the retired users whose membership ends.
    """
    users = {
        user.name: {
            "login": True,
            "inherit": True,
            "connection_limit": request.connection_limit,
            "member": True,
            "attributes": [],
            "settings": shown_settings(settings_after(_settings(roles, user.name), request, databases), request),
        }
        for user in request.users
    }
    retired = {
        name: _retired(roles[name], request, name in leaving) if name in roles else {} for name in request.retired
    }
    return {request.group: {"login": False, "attributes": []}, **users, **retired}


def _settings(roles: Mapping[str, RoleFacts], user: str) -> Settings:
    return roles[user].settings if user in roles else {}


def _retired(facts: RoleFacts, request: AccessRequest, leaves: bool) -> dict[str, object]:
    return {**_properties(facts, request), "login": False, "member": facts.is_in_group and not leaves}


def database_summary(facts: DatabaseFacts, *, is_listed: bool, done: DatabasePlan | None = None) -> dict[str, Any]:
    """Return what the roles hold in a database, with a plan as if it were carried out.

    ``connect`` is empty if the database is not listed. Of the schemas in scope, ``privilege`` is the one that is wanted
    on the relations; ``relations`` counts what exists, ``granted`` those with that privilege, ``other`` counts the
    privileges of the other mode, default ones included; ``future`` names the creators whose later relations will have
    it. ``extraneous`` has, by schema and role, how many objects each privilege beyond these is held on; the schema is
    empty for what is in none.
    """
    grants, revokes = (set(done.grants), set(done.revokes)) if done else (set(), set())
    left = [item for item in facts.extraneous if item not in revokes]
    is_granted = any(grant.kind == "database" for grant in grants)
    return {
        "connect": _held(facts.connect, is_granted) if is_listed else "",
        "schemas": _schemas(facts, grants, left),
        "extraneous": by_schema(left),
    }


def _held(state: PrivilegeState, is_granted_now: bool) -> str:
    if state.is_direct or is_granted_now:
        return "granted"
    return "inherited" if state.is_effective else "missing"


def _schemas(facts: DatabaseFacts, grants: set[Grant], left: Iterable[AclItem]) -> dict[str, Any]:
    granted = Counter(grant.schema for grant in grants if grant.kind == "relation")
    usage = {grant.name for grant in grants if grant.kind == "schema"}
    defaults = {(grant.schema, grant.name) for grant in grants if grant.kind == "default"}
    relations: Counter[str] = Counter()
    future: dict[str, list[str]] = defaultdict(list)
    for creator in facts.creators:
        relations[creator.schema] += creator.relations
        if creator.has_default_privilege or (creator.schema, creator.name) in defaults:
            future[creator.schema].append(creator.name)
    lacking = (*facts.missing, *facts.left_out)
    missing = Counter(relation.schema for relation in lacking if not relation.is_effective)
    other = Counter(item.schema for item in left if _is_of_other_mode(item, facts))
    return {
        name: {
            "usage": _held(facts.schemas[name].usage, name in usage),
            "privilege": privilege,
            "relations": relations[name],
            "granted": relations[name] - missing[name] + granted[name],
            "other": other[name],
            "future": future[name],
        }
        for name, privilege in facts.listed.items()
    }


def _is_of_other_mode(item: AclItem, facts: DatabaseFacts) -> bool:
    return (
        item.kind in ("relation", "column", "default")
        and item.privilege in ("SELECT", "REFERENCES")
        and facts.listed.get(item.schema, item.privilege) != item.privilege
    )


def by_schema(items: Iterable[AclItem]) -> dict[str, Any]:
    """Return how many objects each privilege is held on, by schema and role."""
    of: dict[str, list[AclItem]] = defaultdict(list)
    for item in items:
        of[schema_of(item)].append(item)
    return {schema: by_role(of[schema]) for schema in sorted(of)}


def by_role(items: Iterable[AclItem]) -> dict[str, dict[str, int]]:
    """Return how many objects each privilege is held on, by role."""
    of: dict[str, Counter[str]] = defaultdict(Counter)
    for item in items:
        of[item.grantee][_label(item)] += 1
    return {role: dict(sorted(of[role].items())) for role in sorted(of)}


def _label(item: AclItem) -> str:
    privilege = f"GRANT OPTION for {item.privilege}" if item.keeps_privilege else item.privilege
    if item.kind in ("default", "global default"):
        return f"{privilege} on future {DEFAULTS[item.detail].lower()}"
    return f"{privilege} on {item.kind}"


def disappearing(facts: DatabaseFacts, revokes: Iterable[AclItem]) -> list[str]:
    """Return the schemas out of scope of which something is no longer visible once some items are revoked."""
    shown = (item for item in revokes if item.kind in ("relation", "column") and item.privilege in SHOWING)
    return sorted({item.schema for item in shown} - facts.listed.keys())


def changes(before: Summary, after: Summary) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both sides with only the schemas that differ; all databases stay.

    A run that finds nothing missing returns no more for thousands of schemas than for one: Ansible spends longer on a
    large result, here and on the controller, than the server on the questions.
    """
    old, new = before["databases"], after["databases"]
    of_before = {name: _different(held, new[name]) for name, held in old.items()}
    of_after = {name: _different(held, old[name]) for name, held in new.items()}
    return {**before, "databases": of_before}, {**after, "databases": of_after}


def _different(held: Summary, other: Summary) -> dict[str, Any]:
    different = {
        part: {name: of for name, of in held[part].items() if other[part].get(name) != of}
        for part in ("schemas", "extraneous")
    }
    return {**held, **different}


def diff_lines(before: Summary, after: Summary) -> tuple[str, str]:
    """Return the two sides of a diff: a line for each role, database and schema that changes, nothing for the rest."""
    old, new = _flat(before), _flat(after)
    changed = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
    return _text(old, changed), _text(new, changed)


def _flat(whole: Summary) -> dict[tuple[str, ...], str]:
    lines: dict[tuple[str, ...], str] = {}
    for role, properties in whole["roles"].items():
        lines["role", role] = _words(properties)
    for database, held in whole["databases"].items():
        if held["connect"]:
            lines["database", database] = f"CONNECT {held['connect']}"
        for schema, of_schema in held["schemas"].items():
            lines["database", database, schema] = _schema_words(of_schema)
        for schema, roles in held["extraneous"].items():
            for role, counts in roles.items():
                lines["extraneous", database, schema, role] = _counts(counts)
    for role, counts in whole["server"].items():
        lines["extraneous", "", "", role] = _counts(counts)
    return lines


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{label} ({count})" for label, count in counts.items())


def _words(properties: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {_word(value)}" for name, value in properties.items()) or "absent"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_word(nested)}" for name, nested in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return " ".join(str(nested) for nested in value) or "none"
    return str(value)


def _schema_words(held: Mapping[str, Any]) -> str:
    future = ", ".join(map(quoted, held["future"])) or "none"
    shown = "readable" if held["privilege"] == "SELECT" else "visible without rows"
    other = f", {held['other']} privileges of the other mode to revoke" if held["other"] else ""
    relations = f"{held['granted']} of {held['relations']} relations {shown}{other}"
    return f"USAGE {held['usage']}, {relations}, default privileges for: {future}"


def _text(lines: Mapping[tuple[str, ...], str], keys: Iterable[tuple[str, ...]]) -> str:
    return "".join(_one_line(f"{_line_label(*key)}: {lines[key]}") + "\n" for key in keys if key in lines)


def _line_label(kind: str, *names: str) -> str:
    if kind == "extraneous":
        database, schema, role = names
        location = f"database {quoted(database)}" if database else "server"
        location += f" schema {quoted(schema)}" if schema else ""
        return f"{location} out of scope: {quoted(role)} holds"
    return " schema ".join([f"{kind} {quoted(names[0])}", *map(quoted, names[1:])])


def _one_line(text: str) -> str:
    # A name may contain a line break, which would look like another line of the diff. Most do not, and stay as they
    # are.
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )
