# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Misspelt variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterable

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._variables import known_names, misspelt

ROLES = Path(__file__).resolve().parent.parent.parent / "roles"


def unknown_variables(names: Iterable[str]) -> list[str]:
    """Return a sentence for each name that is not one of this collection's."""
    return misspelt(names, known_names(ROLES))


class FilterModule:
    """The filter, as Ansible looks for it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"unknown_variables": unknown_variables}
