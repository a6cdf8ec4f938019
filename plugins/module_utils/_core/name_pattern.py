# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which existing names a name or a pattern matches."""

from __future__ import annotations

import fnmatch
import re
from typing import AbstractSet

PATTERN_CHARACTERS = frozenset("*?[")


def is_pattern(entry: str) -> bool:
    """Return whether an entry may be a pattern, whose meaning depends on the names that exist."""
    return not PATTERN_CHARACTERS.isdisjoint(entry)


def is_system_schema(name: str) -> bool:
    """Return whether a name belongs to PostgreSQL itself.

    https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-CATALOG
    """
    return name.startswith("pg_") or name == "information_schema"


def matching(entry: str, existing: AbstractSet[str]) -> frozenset[str]:
    """Return which of the existing names an entry means.

    An entry that equals an existing name is that name; else, with ``*``, ``?`` or ``[``, it is a pattern as in
    ``fnmatch.fnmatchcase`` over the whole name, in which a dot is an ordinary character.
    """
    if entry in existing:
        return frozenset([entry])
    if not is_pattern(entry):
        return frozenset()
    is_match = re.compile(fnmatch.translate(entry)).match
    return frozenset(name for name in existing if is_match(name))
