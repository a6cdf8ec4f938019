# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Before and after, for programs and as the two sides of a diff. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, Iterable, Mapping

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import DatabaseFacts, Holding
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import Grant
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import quoted

Outline = Mapping[str, Any]


def _held(holding: Holding, is_granted_now: bool) -> str:
    if holding.is_direct or is_granted_now:
        return "granted"
    return "inherited" if holding.is_effective else "missing"


def outline(facts: DatabaseFacts, grants: Iterable[Grant] = (), revokes: Iterable[Grant] = ()) -> dict[str, Any]:
    """Return what the group holds in the wanted schemas of a database, with some grants as if they were made.

    ``privilege`` is the one that is wanted on the relations; ``relations`` counts what exists, ``granted`` those with
    that privilege, ``other`` counts the privileges of the other mode, default ones included; ``future`` names the
    creators whose later relations will have it.
    """
    given, taken = set(grants), set(revokes)
    selected = Counter(grant.schema for grant in given if grant.kind == "relation")
    relations: Counter[str] = Counter()
    future: dict[str, list[str]] = defaultdict(list)
    for creator in facts.creators:
        relations[creator.schema] += creator.relations
        if creator.is_ready or Grant("default", facts.wanted[creator.schema], creator.schema, creator.name) in given:
            future[creator.schema].append(creator.name)
    lacking = Counter(relation.schema for relation in facts.relations if not relation.is_effective)
    other = Counter(relation.schema for relation in facts.relations if relation.has_other)
    other.update(creator.schema for creator in facts.creators if creator.has_other)
    other.subtract(Counter(grant.schema for grant in taken))
    return {
        "connect": _held(facts.connect, Grant("database", "CONNECT") in given),
        "schemas": {
            name: {
                "usage": _held(facts.schemas[name].usage, Grant("schema", "USAGE", name) in given),
                "privilege": facts.wanted[name],
                "relations": relations[name],
                "granted": relations[name] - lacking[name] + selected[name],
                "other": other[name],
                "future": future[name],
            }
            for name in facts.wanted
        },
    }


def merged(first: Outline, second: Outline) -> dict[str, Any]:
    """Return one outline of a database out of two that cover different schemas; the second wins where both do."""
    return {**first, **second, "schemas": {**first["schemas"], **second["schemas"]}}


def changes(before: Outline, after: Outline) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both sides with only those schemas that differ; the databases are the same in both, and all stay.

    A run that finds nothing missing returns as little for thousands of schemas as for one: Ansible spends longer on a
    large result, here and on the controller, than the server on the questions.
    """
    old, new = before["databases"], after["databases"]
    of_before = {name: _different(held, new[name]) for name, held in old.items()}
    of_after = {name: _different(held, old[name]) for name, held in new.items()}
    return {**before, "databases": of_before}, {**after, "databases": of_after}


def _different(held: Outline, other: Outline) -> dict[str, Any]:
    schemas = {name: of for name, of in held["schemas"].items() if other["schemas"].get(name) != of}
    return {**held, "schemas": schemas}


def diff_lines(before: Outline, after: Outline) -> tuple[str, str]:
    """Return the two sides of a diff: a line for each role, database and schema that changes, nothing for the rest."""
    old, new = _flat(before), _flat(after)
    changed = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
    return _text(old, changed), _text(new, changed)


def _flat(whole: Outline) -> dict[tuple[str, ...], str]:
    lines: dict[tuple[str, ...], str] = {}
    for role, properties in whole["roles"].items():
        lines["role", role] = _words(properties)
    for database, held in whole["databases"].items():
        lines["database", database] = f"CONNECT {held['connect']}{_beyond(held.get('beyond', {}))}"
        for schema, of_schema in held["schemas"].items():
            lines["database", database, schema] = _schema_words(of_schema)
    return lines


def _beyond(counts: Mapping[str, int]) -> str:
    kinds = ", ".join(f"{count} on {kind}" for kind, count in counts.items())
    return f"; beyond the list: {kinds}" if kinds else ""


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
    future = ", ".join(map(quoted, held["future"])) or "nobody"
    shown = "readable" if held["privilege"] == "SELECT" else "visible without rows"
    other = f", {held['other']} privileges of the other mode" if held["other"] else ""
    relations = f"{held['granted']} of {held['relations']} relations {shown}{other}"
    return f"USAGE {held['usage']}, {relations}, future ones of: {future}"


def _text(lines: Mapping[tuple[str, ...], str], keys: Iterable[tuple[str, ...]]) -> str:
    return "".join(_one_line(f"{_label(*key)}: {lines[key]}") + "\n" for key in keys if key in lines)


def _label(kind: str, *names: str) -> str:
    return " schema ".join([f"{kind} {quoted(names[0])}", *map(quoted, names[1:])])


def _one_line(text: str) -> str:
    # A name may hold a line break, which would look like another line of the diff. Few do: most lines stay as they are.
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )
