# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which existing names a list of names and patterns means."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import Callable, Iterable, Sequence

PATTERN_CHARACTERS = frozenset("*?[")


@dataclass(frozen=True)
class Matched:
    """What a list of entries means, given the names that exist.

    ``names`` are sorted and each stands once. ``unmatched`` are the entries that contribute no name, neither as a name
    nor as a pattern, or only names that are excluded. ``refused`` are the entries that name what must not be named;
    they contribute nothing either and are not repeated in ``unmatched``.
    """

    names: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def is_system_schema(name: str) -> bool:
    """Tell whether a name belongs to PostgreSQL itself.

    https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-CATALOG
    """
    return name.startswith("pg_") or name == "information_schema"


def never(_name: str) -> bool:
    """Return False: for names of databases, of which none is reserved."""
    return False


def matching(
    entries: Sequence[str],
    names: Iterable[str],
    *,
    excludes: Sequence[str] = (),
    is_reserved: Callable[[str], bool] = is_system_schema,
) -> Matched:
    """Return which of the existing ``names`` the ``entries`` mean, without those that ``excludes`` mean.

    An entry that equals an existing name is that name; else, with ``*``, ``?`` or ``[``, it is a pattern as in
    ``fnmatch.fnmatchcase`` over the whole name, in which a dot is an ordinary character. Excludes are read the same
    way and may match nothing. Reserved names are never matched, and an entry that begins like one is refused.
    """
    existing = frozenset(name for name in names if not is_reserved(name))
    refused = tuple(entry for entry in entries if is_reserved(entry))
    excluded = frozenset(name for entry in excludes for name in _meant(entry, existing))
    meant = {entry: _meant(entry, existing) - excluded for entry in entries if not is_reserved(entry)}
    return Matched(
        names=tuple(sorted({name for found in meant.values() for name in found})),
        unmatched=tuple(entry for entry, found in meant.items() if not found),
        refused=refused,
    )


def _meant(entry: str, existing: frozenset[str]) -> frozenset[str]:
    if entry in existing:
        return frozenset([entry])
    if PATTERN_CHARACTERS.isdisjoint(entry):
        return frozenset()
    is_match = re.compile(fnmatch.translate(entry)).match
    return frozenset(name for name in existing if is_match(name))
