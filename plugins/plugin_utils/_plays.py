# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The hosts of the playbooks of this collection."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from ansible import context
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader, test_loader

# These commands only read a playbook, and need no inventory.
READERS = ("syntax", "listhosts", "listtasks", "listtags")

# The plugins of Ansible that the templates of nearly every task use.
LOOKUPS = ("ansible.builtin.vars", "ansible.builtin.varnames")
TEST = "ansible.builtin.changed"  # with the file of this one, Ansible reads those of all its tests


def load_plugins() -> None:
    """Load plugins that the tasks of the roles use, into this process and those that are forked from it."""
    for lookup in LOOKUPS:
        lookup_loader.get(lookup)
    test_loader.get(TEST)


def pattern_with_hosts(pattern: Any, groups: Mapping[str, Iterable[str]]) -> Any:
    """Return a pattern that a host of the inventory matches, regardless of ``--limit``.

    For a pattern that nothing matches, Ansible itself only warns and exits with 0; this raises LookupError.
    """
    if any(context.CLIARGS.get(reader) for reader in READERS) or _matching(pattern, groups):
        return pattern
    raise LookupError(
        f"No host of the inventory matches {pattern!s}. Add the servers to the inventory (ansible-inventory --graph "
        "shows what is in it), or name the hosts in metamapper_hosts, metamapper_bastion_hosts or "
        "metamapper_tunnel_hosts."
    )


def _matching(pattern: Any, groups: Mapping[str, Iterable[str]]) -> list[Any]:
    """Return the hosts that match, as the lookup inventory_hostnames does it."""
    inventory = InventoryManager(DataLoader(), parse=False)
    for group, hosts in groups.items():
        inventory.add_group(group)
        for host in hosts:
            inventory.add_host(host, group=group)
    patterns = [pattern] if isinstance(pattern, str) else list(pattern)
    try:
        return list(inventory.list_hosts(",".join(map(str, patterns))))
    except AnsibleError:  # with host_pattern_mismatch = error
        return []
