# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What is wrong with the variables of the role tunnel.

``values`` are the role's variables in their types, by names without the prefix; None if one is not of its type.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import Any, Iterator, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.command_line import bracketed
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._bastion_account import ACCOUNT_NAME, TARGET, shown

Values = Mapping[str, Any]
TargetEntry = Mapping[str, Any]

DATABASE_PORT = 5432
FIRST_UNPRIVILEGED_PORT = 1024
# Addresses that only this host, or a network created on it, can reach. Not is_private of ipaddress, which has other
# networks too, depending on the version of Python.
LOCAL_NETWORKS = tuple(
    map(ipaddress.ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"))
)
LISTEN_ADVICE = (
    "Set it to 127.0.0.1, or to the address of the bridge of Metamapper's containers, for example 172.17.0.1."
)


def tunnel_problems(values: Values) -> Iterator[str]:
    """Yield a sentence for each value that cannot work, or would open the database to others than Metamapper."""
    yield from _user_problems(values["tunnel_user"])
    if values["tunnel_state"] == "present":
        yield from _address_problems(values["tunnel_listen_address"])
        yield from _target_problems(values["tunnel_targets"])


def target_text(target: TargetEntry) -> str:
    """Return the database of a target as sshd expects it, host:port or [IPv6 address]:port."""
    return f"{bracketed(target['host'])}:{target.get('port', DATABASE_PORT)}"


def _user_problems(user: str | None) -> Iterator[str]:
    if user is not None and (not ACCOUNT_NAME.match(user) or user == "root"):
        yield (
            f"metamapper_tunnel_user cannot be {shown(user)}: the tunnel gets an account of its own, with lower-case "
            'letters, digits, "-" and "_" in its name, at most 32, beginning with a letter.'
        )


def _address_problems(text: str | None) -> Iterator[str]:
    if text is None:
        return
    name = f"metamapper_tunnel_listen_address is {shown(text)}"
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        yield f"{name}, which is no IP address. {LISTEN_ADVICE}"
        return
    if address.is_unspecified:
        yield f"{name}, which means every network of the host: all of them could reach the database. {LISTEN_ADVICE}"
    elif not any(address.version == network.version and address in network for network in LOCAL_NETWORKS):
        yield f"{name}, which is neither loopback nor private: others could reach the database there. {LISTEN_ADVICE}"


def _target_problems(given: Sequence[TargetEntry | None] | None) -> Iterator[str]:
    if given is None:
        return
    if not given:
        yield (
            "metamapper_tunnel_targets is empty: list each database with its host, its port, and the port on which "
            "Metamapper is to find it (listen_port)."
        )
    for index, target in enumerate(given):
        if target:
            yield from _problems_of_target(f"metamapper_tunnel_targets[{index}]", target)
    ports = Counter(target.get("listen_port") for target in given if target)
    for port in (port for port, count in ports.items() if port and count > 1):
        yield (
            f"metamapper_tunnel_targets has the listen_port {port} more than once. Give each target a port of its own."
        )


def _problems_of_target(place: str, target: TargetEntry) -> Iterator[str]:
    host, port, listen_port = target.get("host"), target.get("port", DATABASE_PORT), target.get("listen_port")
    if host is not None and port is not None and not TARGET.match(target_text(target)):
        yield (
            f"{place}.host is {shown(host)}, which is neither a host name nor an address. Give the database server as "
            "the bastion knows it; patterns are refused, since they would open more than the database."
        )
    if listen_port is not None and listen_port < FIRST_UNPRIVILEGED_PORT:
        yield (
            f"{place}.listen_port is {listen_port}: only root can listen on a port below {FIRST_UNPRIVILEGED_PORT}, "
            f"and the tunnel does not run as root. Choose one from {FIRST_UNPRIVILEGED_PORT} to 65535."
        )
