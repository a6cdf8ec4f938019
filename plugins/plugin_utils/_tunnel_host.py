# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The state of the host of a tunnel: who uses its account, units and ports, and what the role may remove."""

from __future__ import annotations

import ipaddress
import re
import struct
from pathlib import PurePosixPath
from typing import Any, Iterator, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_command import SSH

Found = Mapping[str, Any]
Tunnel = Mapping[str, Any]
LISTEN = "0A"  # https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html


def tunnel_host(found: Found, values: Mapping[str, Any], tunnels: Sequence[Tunnel]) -> dict[str, Any]:
    """Return who uses the account, which units to remove, and a message for each thing that would harm the host.

    ``found`` is what the tasks have read: ``passwd`` is a row of getent without the name, empty if there is none;
    ``units`` are the paths of all units with a name of ours, ``own_units`` those that the role wrote for this user.
    ``uid`` is None if there is no account.
    """
    row: Sequence[str] = found["passwd"]
    is_own = bool(row) and row[3] == found["comment"]
    uid = int(row[1]) if row else None
    wanted = {tunnel["unit"] for tunnel in tunnels}
    problems: list[str] = []
    if values["tunnel_state"] == "present":
        problems += _account_problems(values["tunnel_user"], found, is_own)
        problems += _system_problems(found)
        problems += _unit_problems(wanted, found)
        problems += _port_problems(tunnels, found["sockets"], uid if is_own else None)
        problems += _interface_problems(values["tunnel_listen_address"], found)
    return {
        "uid": uid,
        "is_removable": is_own,
        "obsolete_units": sorted({_name(path) for path in found["own_units"]} - wanted),
        "problems": problems,
    }


def listeners(table: str) -> list[tuple[str, int, int]]:
    """Return address, port and owner's uid of each socket that listens, from the text of /proc/net/tcp and tcp6."""
    rows = map(str.split, table.splitlines())
    return [(*_address(row[1]), int(row[7])) for row in rows if len(row) > 9 and row[3] == LISTEN]


def tunnels_not_open(table: str, tunnels: Sequence[Tunnel], uid: int | str) -> list[str]:
    """Return the units of those tunnels for which no socket of a user listens, by the tables of the kernel."""
    opened = {(address, port) for address, port, owner in listeners(table) if owner == int(uid)}
    return [tunnel["unit"] for tunnel in tunnels if _place(tunnel) not in opened]


def _place(tunnel: Tunnel) -> tuple[str, int]:
    return str(ipaddress.ip_address(tunnel["listen_address"])), tunnel["listen_port"]


def _address(text: str) -> tuple[str, int]:
    """Return address and port: the kernel writes words of four bytes in the order of the machine, in hexadecimal."""
    words, _colon, port = text.partition(":")
    numbers = [int(words[start : start + 8], 16) for start in range(0, len(words), 8)]
    return str(ipaddress.ip_address(struct.pack(f"={len(numbers)}I", *numbers))), int(port, 16)


def _name(path: str) -> str:
    return PurePosixPath(path).name


def _account_problems(user: str, found: Found, is_own: bool) -> Iterator[str]:
    advice = "Set metamapper_tunnel_user to another name."
    if user == found["login"]:
        yield f'"{user}" is the user that Ansible logs in with, and the tunnel gets an account of its own. {advice}'
    elif found["passwd"] and not is_own:
        yield f'User "{user}" exists and was not created by this role. {advice}'


def _system_problems(found: Found) -> Iterator[str]:
    if not found["has_systemd"]:
        yield (
            "systemd does not run on this host, and nothing else would keep the tunnel open. If Metamapper runs in "
            "containers, keep it open in one beside them: the guide to bastions has a file for Docker Compose."
        )
    if not found["has_ssh"]:
        yield f"There is no {SSH} on this host. Install the OpenSSH client (the package openssh-client)."


def _unit_problems(wanted: set[str], found: Found) -> Iterator[str]:
    for path in sorted(set(found["units"]) - set(found["own_units"])):
        if _name(path) in wanted:
            yield (
                f"{path} exists and was not written by this role for this user. Choose another listen_port for that "
                "target, or remove the unit."
            )


def _port_problems(tunnels: Sequence[Tunnel], table: str, uid: int | None) -> Iterator[str]:
    taken = listeners(table)
    for tunnel in tunnels:
        address, wanted = _place(tunnel)
        for other, port, owner in taken:
            is_clash = other == address or ipaddress.ip_address(other).is_unspecified
            if port == wanted and owner != uid and is_clash:
                yield (
                    f"Port {wanted} is in use: a process of the user id {owner} listens on {other}. Choose another "
                    "listen_port for that target."
                )


def _interface_problems(address: str, found: Found) -> Iterator[str]:
    """Yield why an address is not one of this host alone, by what ``ip -o address`` says of it; "" is unknown.

    A container bridge may not exist yet: it is created with the first container.
    """
    match = re.match(r"[0-9]+: ([^ @]+)[ @]", found["interface"])
    name = match[1] if match else ""
    if name not in ("", "lo", *found["bridges"]):
        yield (
            f"metamapper_tunnel_listen_address is {address}, the address of the interface {name}: other hosts could "
            "reach the database there. Set it to 127.0.0.1, or to the address of the bridge of Metamapper's containers."
        )
