# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The command of a tunnel's unit, and the file with the host keys of the bastions.

The options are all on the command line, and no ssh_config is read: what the unit says is what happens.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.command_line import bracketed

SSH = "/usr/bin/ssh"
SSH_PORT = 22
# The connection to an unresponsive bastion ends 5 to 10 seconds after ServerAliveInterval, and systemd restarts it.
OPTIONS: Mapping[str, str] = {
    "BatchMode": "yes",
    "CheckHostIP": "no",
    "ConnectTimeout": "10",
    "ControlMaster": "no",
    "ControlPath": "none",
    "ExitOnForwardFailure": "yes",
    "GlobalKnownHostsFile": "/dev/null",
    "IdentitiesOnly": "yes",
    "IdentityAgent": "none",
    "PreferredAuthentications": "publickey",
    "ServerAliveCountMax": "2",
    "ServerAliveInterval": "5",
    "StrictHostKeyChecking": "yes",
    "UpdateHostKeys": "no",
}
PUBLIC_KEY = re.compile(r"([a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})(\s|\Z)")


@dataclass(frozen=True)
class Tunnel:
    """One database, reached through one bastion from one port of Metamapper's host."""

    bastion: str  # name in the inventory
    address: str  # of the bastion, as Metamapper's host reaches it
    port: int
    account: str  # on the bastion
    target: str  # host:port of the database, as the bastion knows it
    listen_address: str
    listen_port: int

    @property
    def unit(self) -> str:
        """The name of its unit."""
        return f"metamapper-tunnel-{self.listen_port}.service"

    @property
    def listen(self) -> str:
        """The listen address and port, as a text."""
        return f"{bracketed(self.listen_address)}:{self.listen_port}"

    def as_variables(self) -> dict[str, Any]:
        """Return it as templates take it."""
        return {**asdict(self), "unit": self.unit, "listen": self.listen}


def tunnel_command(tunnel: Mapping[str, Any], directory: str, ssh: str = SSH) -> list[str]:
    """Return the command that keeps a tunnel (``as_variables``) open for as long as it runs.

    ``directory`` holds the private key, the host keys, and the script that tells why ssh ended.
    """
    options = {**OPTIONS, "UserKnownHostsFile": f"{directory}/known_hosts", "IdentityFile": f"{directory}/id_ed25519"}
    command = ["/bin/sh", f"{directory}/keep-open.sh", ssh, "-F", "none", "-N", "-T", "-n", "-a", "-x"]
    for name, value in options.items():
        command += ["-o", f"{name}={value}"]
    command += ["-p", str(tunnel["port"]), "-l", tunnel["account"], "-L", f"{tunnel['listen']}:{tunnel['target']}"]
    return [*command, "--", tunnel["address"]]


def known_hosts(tunnels: Iterable[Mapping[str, Any]], keys: Mapping[str, Sequence[str]]) -> str:
    """Return the host keys of the bastions as a file known_hosts, each line once.

    ``keys`` are the lines of the public key files, by names of bastions. https://man.openbsd.org/sshd#SSH_KNOWN_HOSTS
    """
    lines = {
        f"{_known_as(tunnel)} {found[1]} {found[2]}\n": None
        for tunnel in tunnels
        for found in map(PUBLIC_KEY.match, keys[tunnel["bastion"]])
        if found
    }
    return "".join(lines)


def _known_as(tunnel: Mapping[str, Any]) -> str:
    address, port = tunnel["address"], tunnel["port"]
    return str(address) if port == SSH_PORT else f"[{address}]:{port}"
