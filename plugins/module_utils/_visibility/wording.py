# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""How findings name the roles through which a privilege is held, and count what they do not name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Iterable, Mapping

from .._core.sql_statement import identifier, quoted
from .finding import MOST_EXAMPLES

if TYPE_CHECKING:
    from .catalog.facts import RelationDetail


@dataclass(frozen=True)
class Sample:
    """The details that are named one by one, and by schema how many more there are."""

    details: tuple[RelationDetail, ...] = ()
    unlisted: Mapping[str, int] = field(default_factory=dict)


def through(detail: RelationDetail) -> str:
    """Return through which roles a privilege on a relation is held."""
    names = [named(role) for role in detail.through]
    names += [f"ownership by {quoted(detail.owner)}"] if detail.owner else []
    return " and ".join(names) or "a predefined role such as pg_read_all_data"


def named(role: str) -> str:
    """Return how text names a grantee; an empty name is PUBLIC."""
    return f"role {quoted(role)}" if role else "PUBLIC"


def grantee(role: str) -> str:
    """Return how SQL names a grantee; an empty name is PUBLIC."""
    return identifier(role) if role else "PUBLIC"


def sampled(details: Iterable[RelationDetail]) -> Sample:
    """Return the details, and how many relations of their kinds are not among them."""
    kept = tuple(details)
    groups: dict[tuple[object, ...], list[RelationDetail]] = {}
    for detail in kept:
        kind = (detail.schema, detail.category, detail.owner, detail.through, detail.kind == "m")
        groups.setdefault(kind, []).append(detail)
    unlisted: dict[str, int] = {}
    for group in groups.values():
        more = group[0].members - len(group) if len(group) >= MOST_EXAMPLES else 0
        unlisted[group[0].schema] = unlisted.get(group[0].schema, 0) + more
    return Sample(kept, {schema: count for schema, count in unlisted.items() if count})
