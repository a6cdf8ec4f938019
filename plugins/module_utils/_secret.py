# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""A value that must not be seen."""

from __future__ import annotations

from dataclasses import dataclass, field

MASK = "********"


@dataclass(frozen=True)
class Secret:
    """A password or a verifier; its repr and str are a mask, and only ``reveal()`` gives the text."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        """Return the text, to be handed to libpq and nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._text)
