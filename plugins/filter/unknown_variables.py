# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: unknown_variables
short_description: Private to the roles of this collection
version_added: 1.0.0
author: The metamapper.postgresql authors (@getmetamapper)
description:
  - Finds names of variables that no role and no playbook of this collection knows, and the name that was meant.
  - Ansible's own validation of a role's arguments ignores unknown variables, so that a misspelt one would be silently
    without effect.
  - It is private to the roles of this collection and may change at any time.
options:
  _input:
    description: Names of variables that begin with C(metamapper_).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse misspelt variables
  ansible.builtin.assert:
    that: __misspelt | length == 0
    fail_msg: "{{ __misspelt | join(' ') }}"
  vars:
    __misspelt: "{{ query('ansible.builtin.varnames', '^metamapper_') | metamapper.postgresql.unknown_variables }}"
"""

RETURN = r"""
_value:
  description: A sentence for each name that is not known; empty where all are.
  type: list
  elements: str
"""

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
