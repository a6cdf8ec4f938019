# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that keeps a tunnel open, and the host keys that it trusts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_command import (
    Tunnel,
    known_hosts,
    tunnel_command,
)

TUNNEL = Tunnel("bastion", "203.0.113.10", 22, "metamapper-tunnel", "db.example.internal:5432", "127.0.0.1", 15432)
ED25519, RSA = "ssh-ed25519 AAAAC3Nz", "ssh-rsa AAAAB3Nz"


def variables(**changes: Any) -> dict[str, Any]:
    """Return the variables of a tunnel, as the templates get them."""
    return {**TUNNEL.as_variables(), **changes}


def test_the_command_says_all_of_it_and_reads_no_configuration() -> None:
    command = tunnel_command(variables(), "/etc/x")
    assert command[:3] == ["/bin/sh", "/etc/x/keep-open.sh", "/usr/bin/ssh"]
    assert command[command.index("-F") + 1] == "none"
    assert command[-4:] == ["-L", "127.0.0.1:15432:db.example.internal:5432", "--", "203.0.113.10"]
    options = {option for word, option in zip(command, command[1:]) if word == "-o"}
    assert {
        "StrictHostKeyChecking=yes",
        "UserKnownHostsFile=/etc/x/known_hosts",
        "GlobalKnownHostsFile=/dev/null",
        "IdentityFile=/etc/x/id_ed25519",
        "ExitOnForwardFailure=yes",
        "ServerAliveInterval=5",
        "ServerAliveCountMax=2",
        "BatchMode=yes",
    } <= options


def test_addresses_with_colons_are_in_brackets() -> None:
    tunnel = Tunnel("bastion", "2001:db8::1", 22, "x", "[2001:db8::5]:5432", "::1", 15432).as_variables()
    command = tunnel_command(tunnel, "/etc/x")
    assert command[-4:] == ["-L", "[::1]:15432:[2001:db8::5]:5432", "--", "2001:db8::1"]


@pytest.mark.parametrize(
    ("tunnels", "keys", "expected"),
    [
        pytest.param([], {}, "", id="nothing"),
        pytest.param([variables()], {"bastion": []}, "", id="no keys"),
        pytest.param(
            [variables()],
            {"bastion": [f"{ED25519} root@b", RSA]},
            f"203.0.113.10 {ED25519}\n203.0.113.10 {RSA}\n",
            id="all",
        ),
        pytest.param([variables(port=2222)], {"bastion": [RSA]}, f"[203.0.113.10]:2222 {RSA}\n", id="another port"),
        pytest.param([variables()] * 2, {"bastion": [RSA]}, f"203.0.113.10 {RSA}\n", id="two tunnels through one"),
        pytest.param(
            [variables(), variables(bastion="b", address="b.example")],
            {"bastion": [RSA], "b": [ED25519]},
            f"203.0.113.10 {RSA}\nb.example {ED25519}\n",
            id="two bastions",
        ),
        pytest.param([variables()], {"bastion": ["", "# x", "we\"ird.näme\\'; --"]}, "", id="what is no key"),
        pytest.param(
            [variables()], {"bastion": [f"{RSA} we\"ird.näme\\'; --"]}, f"203.0.113.10 {RSA}\n", id="hostile comment"
        ),
    ],
)
def test_known_hosts(tunnels: list[dict[str, Any]], keys: dict[str, list[str]], expected: str) -> None:
    assert known_hosts(tunnels, keys) == expected
