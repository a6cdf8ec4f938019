# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice. Ansible finds the filters by a link in
# plugins/filter: ansible-doc takes links for aliases, and so leaves them out of its lists and of the reference.
"""The filters of this collection's roles: variables converted to their types, and problems with them."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._bastion_account import target_warnings
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._bastion_host import host_state
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._bastion_sshd import (
    includes_drop_ins,
    overruled,
    pid_file,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._documentation import (
    documentation_files,
    documentation_lines,
    has_patterns,
    hidden_documentation,
    lost_databases,
    paused_datastores,
    with_lost_documentation,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._grant_summary import grant_lines
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._pg_hba import hba_problems
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._plays import load_plugins, pattern_with_hosts
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.baseline import baseline_problem
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_command import (
    known_hosts,
    tunnel_command,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_host import (
    tunnel_host,
    tunnels_not_open,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_plan import (
    tunnel_account,
    tunnel_host_keys,
    tunnel_plan,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._variables import (
    as_users,
    known_names,
    module_options,
    options_of,
    role_values,
    unknown,
    usable_values,
)


def role_variable_names(names: Iterable[str], roles: str | Iterable[str]) -> list[str]:
    """Return those of the names that are variables of a role, or of one of several."""
    known = {name for role in ([roles] if isinstance(roles, str) else roles) for name in options_of(role)}
    return [name for name in names if name in known]


def role_problems(given: Mapping[str, Any], roles: Iterable[str], names: Iterable[str], server: str) -> list[str]:
    """Return a sentence for each variable of some roles that cannot work, and for the baseline of a server.

    ``names`` are all variables that are set; an unknown one is a problem as well.
    """
    problems = unknown(names, known_names())
    for role in roles:
        values, found = role_values(role, {name: given[name] for name in role_variable_names(given, role)})
        baseline = baseline_problem(values, server) if role == "verify" and not found else ""
        problems += [*found, *([baseline] if baseline else [])]
    return list(dict.fromkeys(problems))


def role_variables(given: Mapping[str, Any], role: str, names: Iterable[str]) -> dict[str, Any]:
    """Return the variables of a role in their types, without the prefix.

    ``names`` are all variables that are set. Raises AnsibleFilterError with a sentence for each that cannot work, and
    for each unknown one.
    """
    values, found = role_values(role, given)
    problems = unknown(names, known_names()) + found
    if problems:
        raise AnsibleFilterError("\n".join(problems))
    return values


def play_hosts(pattern: Any, groups: Mapping[str, Iterable[str]]) -> Any:
    """Return a pattern of hosts; raises AnsibleFilterError if no host of the inventory matches it.

    Ansible evaluates it before it forks: what is loaded here, no worker has to load again for each task and host.
    """
    known_names()
    load_plugins()
    try:
        return pattern_with_hosts(pattern, groups)
    except LookupError as error:
        raise AnsibleFilterError(str(error.args[0])) from error


class FilterModule:
    """The filters, as Ansible looks for them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by their names."""
        return {
            "as_users": as_users,
            "bastion_host": host_state,
            "bastion_target_warnings": target_warnings,
            "documentation_files": documentation_files,
            "documentation_lines": documentation_lines,
            "documentation_has_patterns": has_patterns,
            "hidden_documentation": hidden_documentation,
            "grant_lines": grant_lines,
            "lost_databases": lost_databases,
            "module_options": module_options,
            "paused_datastores": paused_datastores,
            "pg_hba_problems": hba_problems,
            "play_hosts": play_hosts,
            "role_problems": role_problems,
            "role_variable_names": role_variable_names,
            "role_variables": role_variables,
            "sshd_includes_drop_ins": includes_drop_ins,
            "sshd_overruled": overruled,
            "sshd_pid_file": pid_file,
            "tunnel_account": tunnel_account,
            "tunnel_command": tunnel_command,
            "tunnel_host": tunnel_host,
            "tunnel_host_keys": tunnel_host_keys,
            "tunnel_known_hosts": known_hosts,
            "tunnel_plan": tunnel_plan,
            "tunnels_not_open": tunnels_not_open,
            "usable_variables": usable_values,
            "with_lost_documentation": with_lost_documentation,
        }
