# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What is a valid name of a PostgreSQL object, and suggestions for misspelled names."""

from __future__ import annotations

import difflib
from typing import Iterable

from .name_pattern import is_pattern
from .problem import Problem
from .remedy import by_hand
from .sql_statement import quoted

LONGEST_NAME_BYTES = 63  # https://www.postgresql.org/docs/current/limits.html


def name_problem(what: str, name: str) -> Problem | None:
    """Return why a text cannot be the name of an object, None if it can.

    https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
    """
    if not name:
        return Problem(f"The name of a {what} is empty.", by_hand(f"Give the {what} a name."))
    reason = unsendable(name)
    if reason:
        return Problem(f"The name of a {what} {reason}: {name!r}.", by_hand("Correct it."))
    size = len(name.encode())
    if size > LONGEST_NAME_BYTES:
        message = f'The name "{name}" of a {what} has {size} bytes; PostgreSQL would cut it at {LONGEST_NAME_BYTES}.'
        return Problem(message, by_hand("Shorten it."), object=name)
    return None


def unsendable(text: str) -> str:
    """Return why a text cannot be sent to a server; empty if it can."""
    if "\0" in text:
        return "contains a NUL character"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "is not valid Unicode"
    return ""


def suggestion(name: str, existing: Iterable[str]) -> str:
    """Return the question whether the existing name most like ``name`` was meant; empty for a pattern.

    It is empty as well if no name is similar.
    """
    if is_pattern(name):
        return ""
    known = sorted(existing)
    folded = {other.lower(): other for other in reversed(known)}
    found = difflib.get_close_matches(name, known, n=1)
    found = found or [folded[other] for other in difflib.get_close_matches(name.lower(), folded, n=1)]
    return f" Did you mean {quoted(found[0])}?" if found else ""
