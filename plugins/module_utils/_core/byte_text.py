# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Texts of a server that does not know their encoding (SQL_ASCII): mostly UTF-8, but possibly any bytes.

They travel as LATIN1, in which every byte is a character. Here, bytes that are not UTF-8 are surrogates, so that no
name is lost and each can be sent back: https://peps.python.org/pep-0383/
"""

from __future__ import annotations

from typing import Any


def from_bytes(value: Any) -> Any:
    """Return what came as LATIN1 as the text that it is; lists, tuples and dicts with what is in them."""
    return _mapped(value, lambda text: text.encode("latin-1").decode("utf-8", "surrogateescape"))


def to_bytes(value: Any) -> Any:
    """Return a text as LATIN1 sends its bytes; the inverse of ``from_bytes``."""
    return _mapped(value, lambda text: text.encode("utf-8", "surrogateescape").decode("latin-1"))


def reread(value: Any, encoding: str) -> Any:
    """Return texts that came in an encoding of Python's name as the UTF-8 that their bytes are."""
    return _mapped(value, lambda text: text.encode(encoding).decode("utf-8", "surrogateescape"))


def printable(value: Any) -> Any:
    r"""Return texts as people can read them: a byte that is not UTF-8 becomes ``\xe9``."""
    return _mapped(value, lambda text: text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


def _mapped(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else change(value)
    if isinstance(value, dict):
        return {_mapped(key, change): _mapped(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(item, change) for item in value)
    return value
