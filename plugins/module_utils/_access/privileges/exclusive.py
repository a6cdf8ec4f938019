# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What group and users hold beyond the list, and what Metamapper's next scan will miss when it is taken back. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, Collection, Iterable, Mapping, Tuple

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.acl_item import Held
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.diff import Planner

# What lets a relation show up in information_schema.
# https://www.postgresql.org/docs/current/infoschema-tables.html
SHOWING = frozenset({"SELECT", "INSERT", "UPDATE", "REFERENCES"})


def beyond(planner: Planner, held: Iterable[Held]) -> list[Held]:
    """Return what group and users hold directly in a database and the list does not ask for."""
    wishes = _wishes(planner)
    return [item for item in held if item.grantee in planner.roles and not _is_wanted(planner, item, wishes)]


Wish = Tuple[str, str, str, str, str]


def _wishes(planner: Planner) -> set[Wish]:
    """Return what is wanted of each object but relations: kind, schema, name, detail and privilege."""
    wanted = planner.facts.wanted
    return {
        ("database", "", planner.facts.name, "", "CONNECT"),
        *(("schema", "", name, "", "USAGE") for name in wanted),
        *(("default", each.schema, each.name, "r", wanted[each.schema]) for each in planner.creators()),
    }


def _is_wanted(planner: Planner, item: Held, wishes: Collection[Wish]) -> bool:
    if item.grantee != planner.group:
        return False
    if item.kind == "relation":
        return planner.facts.wanted.get(item.schema) == item.privilege
    return (*item.object, item.privilege) in wishes


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
