# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The report on the hosts of a play, out of what their tasks registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.baseline import Baseline, dropped_out
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of

HostVars = Mapping[str, Mapping[str, Any]]
Results = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """What the role knows of the play.

    ``register`` is the variable with the module's result, ``causes`` those of earlier tasks, which tell why a host
    failed. ``hosts`` are all of the play, ``active`` those that have not failed, of which ``batch`` run now
    (``serial``); ``inventory`` are those that the play would have without ``--limit``. ``scopes`` are variables with
    results of earlier tasks: where one of them tells how the databases were resolved, the module was handed names, and
    its own account is of these alone.
    """

    register: str
    hosts: Sequence[str]
    active: Sequence[str]
    batch: Sequence[str] = ()
    inventory: Sequence[str] = ()
    causes: Sequence[str] = ()
    scopes: Sequence[str] = ()

    def registered(self, variables_of: Callable[[str], Mapping[str, Any]]) -> HostVars:
        """Return what the tasks registered on each host, of which ``variables_of`` returns all variables.

        Ansible gathers them all for each access to a host, and in ``hostvars`` looks for templates in a whole result.
        """
        names = (self.register, *self.causes, *self.scopes)
        return {host: _some(variables_of(host), names) for host in self.hosts}

    def results(self, hostvars: HostVars) -> Results:
        """Return the module's result of each host whose batch has run; None if the host failed earlier in the play."""
        found = {host: hostvars[host].get(self.register) for host in self.hosts}
        pending = self.pending(hostvars)
        return {
            host: _with_scope(result, hostvars[host], self.scopes)
            for host, result in found.items()
            if host not in pending
        }

    def is_refused(self, hostvars: HostVars) -> bool:
        """Return whether the variables of every host were refused, which the first cause tells."""
        return all(_cause(hostvars[host], self.causes[:1]) for host in self.hosts)

    def pending(self, hostvars: HostVars) -> set[str]:
        """Return the hosts of later batches."""
        waiting = set(self.active) - set(self.batch)
        return {host for host in waiting if hostvars[host].get(self.register) is None}

    @property
    def others(self) -> list[str]:
        """The servers of the inventory that are not in this play."""
        return [host for host in self.inventory if host not in self.hosts]

    def report(self, hostvars: HostVars, created: str, baselines: Mapping[str, Baseline | None]) -> Report:
        """Return the report on the hosts of this play, given the kept baselines of servers."""
        results = self.results(hostvars)
        return report_of(
            results,
            created=created,
            pending=[host for host in self.active if host not in results],
            absent=self.others,
            causes={host: _cause(hostvars[host], self.causes) for host in results},
            dropped={host: dropped_out(baselines.get(host), result) for host, result in results.items()},
        )


def _some(variables: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Any]:
    return {name: variables[name] for name in names if name in variables}


def _cause(variables: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Any]:
    """Return the first of some registered results that failed; empty for none."""
    results = (variables.get(name) or {} for name in names)
    return next((each for each in results if each.get("failed") or each.get("unreachable")), {})


def _with_scope(result: Any, variables: Mapping[str, Any], names: Sequence[str]) -> Any:
    """Return a result with the account of the first of some registered results that has one."""
    scopes = [(variables.get(name) or {}).get("scope") for name in names]
    scope = next((scope for scope in scopes if scope), None)
    return {**result, "scope": scope} if result and scope else result
