# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: report
short_description: Private to the roles of this collection
version_added: 1.0.0
author: The metamapper.postgresql authors (@getmetamapper)
description:
  - Writes what M(metamapper.postgresql.visibility) found on the hosts of a play in one of the forms of the report.
  - It is private to the roles of this collection and may change at any time. Use the role
    P(metamapper.postgresql.verify#role).
positional: form
options:
  _input:
    description: The C(hostvars) of the play.
    type: dict
    required: true
  form:
    description: The form of the report; V(lines) are those of V(txt).
    type: str
    required: true
    choices: [txt, lines, json, html]
  register:
    description: Name of the variable that the result of the module was registered in.
    type: str
    required: true
  hosts:
    description: All hosts of the play.
    type: list
    elements: str
    required: true
  active:
    description: Hosts that have not failed. Of these, those without a result are still to come.
    type: list
    elements: str
    required: true
  created:
    description: When the servers were verified, as the report is to say it.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show what was found
  ansible.builtin.debug:
    msg: >-
      {{ hostvars | metamapper.postgresql.report('lines', register='__verify_result', hosts=ansible_play_hosts_all,
      active=ansible_play_hosts, created='2026-11-23 06:40:12 UTC') }}
"""

RETURN = r"""
_value:
  description: The report; a list with O(form=lines), a text with the others.
  type: raw
"""

from typing import Any, Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report import Report, report_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report_html import render_html
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report_json import render_json
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report_text import render_text, text_lines

FORMS: Mapping[str, Callable[[Report], Any]] = {
    "txt": render_text,
    "lines": text_lines,
    "json": render_json,
    "html": render_html,
}


def report(
    hostvars: Mapping[str, Mapping[str, Any]],
    form: str,
    *,
    register: str,
    hosts: Sequence[str],
    active: Sequence[str],
    created: str,
) -> Any:
    """Return the report on the hosts of a play; raises AnsibleFilterError for an unknown form."""
    if form not in FORMS:
        raise AnsibleFilterError(f'"{form}" is no form of the report; it is one of {", ".join(FORMS)}.')
    found = {host: hostvars[host].get(register) for host in hosts}
    pending = [host for host in active if found.get(host) is None]
    results = {host: result for host, result in found.items() if host not in pending}
    return FORMS[form](report_of(results, created=created, pending=pending))


class FilterModule:
    """The filter, as Ansible looks for it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"report": report}
