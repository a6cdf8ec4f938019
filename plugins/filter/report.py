# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The report on the servers of a play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.html import render_html
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import render_json
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.junit import render_junit
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.markdown import render_markdown
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.overlap import with_overlaps
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.prometheus import render_prometheus
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.sql import render_sql
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.text import render_text, text_lines

FORMATS: Mapping[str, Callable[[Report], Any]] = {
    "txt": render_text,
    "lines": text_lines,
    "json": render_json,
    "html": render_html,
    "md": render_markdown,
    "junit": render_junit,
    "sql": render_sql,
    "prom": render_prometheus,
}


@dataclass(frozen=True)
class Run:
    """What the role knows of the play.

    ``register`` is the variable with the module's result, ``causes`` those of earlier tasks, whose message says why a
    host was lost. ``hosts`` are all of the play, ``active`` those that have not failed; ``absent`` are hosts of the
    inventory that the play left out. ``scopes`` are variables with results of earlier tasks: where one of them tells
    how the databases were resolved, the module was handed names, and its own account is of these alone.
    """

    register: str
    hosts: Sequence[str]
    active: Sequence[str]
    created: str
    absent: Sequence[str] = ()
    causes: Sequence[str] = ()
    scopes: Sequence[str] = ()


def report(hostvars: Mapping[str, Mapping[str, Any]], form: str, **play: Any) -> Any:
    """Return the report on the hosts of a play, described as in ``Run``; raises AnsibleFilterError for no format."""
    if form not in FORMATS:
        raise AnsibleFilterError(f'"{form}" is not a format of the report; it is one of {", ".join(FORMATS)}.')
    run = Run(**play)
    found = {host: hostvars[host].get(run.register) for host in run.hosts}
    pending = [host for host in run.active if found.get(host) is None]
    results = {
        host: _with_scope(result, hostvars[host], run.scopes) for host, result in found.items() if host not in pending
    }
    causes = {host: _cause(hostvars[host], run.causes) for host in results}
    whole = report_of(with_overlaps(results), created=run.created, pending=pending, absent=run.absent, causes=causes)
    return FORMATS[form](whole)


def _cause(variables: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the message of the first of some registered results that failed; empty for none."""
    results = (variables.get(name) or {} for name in names)
    return next((str(each.get("msg") or "") for each in results if each.get("failed") or each.get("unreachable")), "")


def _with_scope(result: Any, variables: Mapping[str, Any], names: Sequence[str]) -> Any:
    """Return a result with the account of the first of some registered results that has one."""
    scopes = [(variables.get(name) or {}).get("scope") for name in names]
    scope = next((scope for scope in scopes if scope), None)
    return {**result, "scope": scope} if result and scope else result


class FilterModule:
    """The filter, as Ansible looks for it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"report": report}
