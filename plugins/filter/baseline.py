# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: baseline
short_description: Private to the roles of this collection
version_added: 1.0.0
author: The metamapper.postgresql authors (@getmetamapper)
description:
  - Takes from an earlier JSON report what Metamapper saw on one server.
  - It is private to the roles of this collection and may change at any time. Use the role
    P(metamapper.postgresql.verify#role).
positional: server
options:
  _input:
    description: The text of the report.
    type: str
    required: true
  server:
    description: Name of the server, as the inventory has it.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show what Metamapper saw
  ansible.builtin.debug:
    msg: >-
      {{ lookup('ansible.builtin.file', 'report.json') | metamapper.postgresql.baseline(inventory_hostname) }}
"""

RETURN = r"""
_value:
  description: What the module is to compare with; empty where the report does not know the server.
  type: dict
"""

import json
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report_json import baseline_of


def baseline(text: str, server: str) -> dict[str, Any]:
    """Return what an earlier report says of a server; raises AnsibleFilterError where the text is no such report."""
    try:
        return dict(baseline_of(json.loads(text), server) or {})
    except ValueError as error:
        message = f"Cannot use metamapper_baseline: {error}. Name a report.json that the role verify has written."
        raise AnsibleFilterError(message) from error


class FilterModule:
    """The filter, as Ansible looks for it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"baseline": baseline}
