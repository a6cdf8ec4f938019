# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What group and users hold beyond the list, and what Metamapper's next scan will miss when it is taken back. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from types import MappingProxyType
from typing import Any, Callable, Collection, Iterable, Mapping

from ansible_collections.metamapper.postgresql.plugins.module_utils._held import Held
from ansible_collections.metamapper.postgresql.plugins.module_utils._plan_database import Planner

# What lets a relation show up in information_schema.
# https://www.postgresql.org/docs/current/infoschema-tables.html
SHOWING = frozenset({"SELECT", "INSERT", "UPDATE", "REFERENCES"})

Rule = Callable[[Planner, Held], bool]


def _is_of_a_creator(planner: Planner, item: Held) -> bool:
    creators = {(creator.schema, creator.name) for creator in planner.creators()}
    return item.detail == "r" and (item.schema, item.name) in creators and _is_the_privilege(planner, item)


def _is_the_privilege(planner: Planner, item: Held) -> bool:
    return planner.facts.wanted.get(item.schema) == item.privilege


# What is wanted of each kind of object; of a kind that is not here, nothing is.
WANTED: Mapping[str, Rule] = MappingProxyType(
    {
        "database": lambda planner, item: item.privilege == "CONNECT" and item.name == planner.facts.name,
        "schema": lambda planner, item: item.privilege == "USAGE" and item.name in planner.facts.wanted,
        "default": _is_of_a_creator,
        "relation": _is_the_privilege,
    }
)


def beyond(planner: Planner, held: Iterable[Held]) -> list[Held]:
    """Return what group and users hold directly in a database and the list does not ask for."""
    return [item for item in held if item.grantee in planner.roles and not _is_wanted(planner, item)]


def _is_wanted(planner: Planner, item: Held) -> bool:
    rule = WANTED.get(item.kind)
    return item.grantee == planner.group and rule is not None and rule(planner, item)


def counted(items: Iterable[Held]) -> dict[str, int]:
    """Return how many items there are of each kind, for the before and after of the result."""
    return dict(sorted(Counter(item.kind for item in items).items()))


def disappearing(planner: Planner, surplus: Collection[Held]) -> list[str]:
    """Return the schemas of which something will not show up any more once the surplus is taken back."""
    schemas: dict[str, int] = defaultdict(int)
    for item in surplus:
        if item.kind in ("relation", "column") and item.privilege in SHOWING:
            schemas[item.schema] += item.schema not in planner.facts.wanted
    return sorted(schema for schema, count in schemas.items() if count)


def with_beyond(outline: Mapping[str, Any], surplus: Iterable[Held]) -> dict[str, Any]:
    """Return the outline of a database, with what is held beyond the list."""
    return {**outline, "beyond": counted(surplus)}
