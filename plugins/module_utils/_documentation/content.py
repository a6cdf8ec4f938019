# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What people wrote about the schemas, tables and columns of a datastore, as values that can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Mapping, Tuple

# The names of a schema; of a schema and a table; of a schema, a table and a column.
Path = Tuple[str, ...]
KINDS = {1: "schema", 2: "table", 3: "column"}
FIELDS = ("short_desc", "readme", "tags")


@dataclass(frozen=True)
class Text:
    """What was written about one object: a line, a page of HTML, and tags; all empty if nothing was."""

    short_desc: str = ""
    readme: str = ""
    tags: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.short_desc or self.readme or self.tags)

    def as_dict(self) -> dict[str, Any]:
        """Return what is not empty, as Metamapper takes it."""
        values = {"short_desc": self.short_desc, "readme": self.readme, "tags": list(self.tags)}
        return {field: value for field, value in values.items() if value}


Documentation = Dict[Path, Text]


def text_of(item: Mapping[str, Any]) -> Text:
    """Return what was written about an object; Metamapper returns null if nothing was."""
    return Text(item.get("short_desc") or "", item.get("readme") or "", tuple(sorted(item.get("tags") or ())))


def written(texts: Mapping[Path, Text]) -> Documentation:
    """Return the objects about which something was written."""
    return {path: text for path, text in texts.items() if text}


def count_by_kind(paths: Mapping[Path, Any]) -> dict[str, int]:
    """Return how many schemas, tables and columns there are among paths."""
    return {f"{kind}s": sum(len(path) == length for path in paths) for length, kind in KINDS.items()}


def documented_tables(texts: Documentation) -> dict[str, list[str]]:
    """Return the tables about which, or about whose columns, something was written, by schema."""
    found: dict[str, dict[str, None]] = {}
    for schema, *inner in sorted(texts):
        if inner:
            found.setdefault(schema, {})[inner[0]] = None
    return {schema: list(tables) for schema, tables in found.items()}


def as_place(path: Path) -> dict[str, str]:
    """Return the names of an object for a program; empty if they do not apply."""
    return dict(zip(KINDS.values(), (*path, "", "")))


def differing(before: Documentation, after: Documentation) -> tuple[Documentation, Documentation]:
    """Return what differs between two documentations."""
    paths = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    return _part(before, paths), _part(after, paths)


def _part(texts: Documentation, paths: set[Path]) -> Documentation:
    return {path: text for path, text in texts.items() if path in paths}


def losses(before: Documentation, after: Documentation) -> list[Path]:
    """Return the objects that have lost a text, or have a different one."""
    return sorted(path for path, text in before.items() if _is_lost(text, after.get(path, Text())))


def _is_lost(before: Text, after: Text) -> bool:
    return any(getattr(before, field) and getattr(before, field) != getattr(after, field) for field in FIELDS)
