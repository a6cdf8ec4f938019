# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Names as people must see them: nothing in them may hide, reorder or control the text around them."""

from __future__ import annotations

import re
import unicodedata

# Control and format characters (C0, C1, zero-width, the overrides of the bidirectional algorithm), lone surrogates,
# private and unassigned characters, line and paragraph separators.
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
ORDINARY = re.compile(r"[ -~]*")


def _is_hidden(character: str) -> bool:
    category = unicodedata.category(character)
    return category in HIDDEN_CATEGORIES or (category == "Zs" and character != " ")


def visible(text: str) -> str:
    """Return a text in which each character that could hide itself or others is spelled as its code point.

    ``\\u202e`` becomes ``⟨U+202E⟩``. Line feeds count: a name with one could otherwise forge a line of the report.
    """
    if ORDINARY.fullmatch(text):
        return text
    return "".join(f"⟨U+{ord(each):04X}⟩" if _is_hidden(each) else each for each in text)


def visible_lines(text: str) -> list[str]:
    """Return the lines of a statement or a message, each made visible; empty for an empty text."""
    return [visible(line) for line in text.split("\n")] if text else []


def is_exact(text: str) -> bool:
    """Return whether a statement is shown unchanged, so that a copy of what is shown is exact."""
    return "\n".join(visible_lines(text)) == text
