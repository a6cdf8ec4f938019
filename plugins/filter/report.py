# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The report on the servers of a play."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.html import render_html
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import render_json
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.text import render_text, text_lines

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
