# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The schemas of a search_path, as people and PostgreSQL write them."""

from __future__ import annotations

import re

# A name, in double quotes or not, and what stands before the next one.
# https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
_NAME = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^\W\d][\w$]*))\s*(,|\Z)')


def schemas_of(search_path: str) -> tuple[str, ...]:
    """Return the names of a search_path, for example ``sales, "$user"``, in their order; raises ValueError."""
    names: list[str] = []
    position = 0
    while True:
        match = _NAME.match(search_path, position)
        if match is None:
            raise ValueError(f"it is no list of schemas at {search_path[position:].strip()!r}")
        names.append(match[1].replace('""', '"') if match[1] else match[2].lower())
        position = match.end()
        if not match[3]:
            return tuple(names)
