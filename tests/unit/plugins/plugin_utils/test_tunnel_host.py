# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns the account, the units and the ports of a host, and what the role tunnel refuses to touch."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_command import Tunnel
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_host import (
    listeners,
    tunnel_host,
    tunnels_not_open,
)

COMMENT = "Metamapper tunnel client"
OURS = ["x", "998", "997", COMMENT, "/nonexistent", "/usr/sbin/nologin"]
ALICE = ["x", "1000", "1000", "Alice", "/home/alice", "/bin/bash"]
UNIT = "/etc/systemd/system/metamapper-tunnel-15432.service"
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
EMPTY: dict[str, Any] = {
    "comment": COMMENT,
    "login": "deploy",
    "passwd": [],
    "has_systemd": True,
    "has_ssh": True,
    "units": [],
    "own_units": [],
    "sockets": HEAD,
    "interface": "",
    "bridges": [],
}
VALUES = {"tunnel_state": "present", "tunnel_user": "metamapper-tunnel", "tunnel_listen_address": "127.0.0.1"}
TUNNEL = Tunnel("b", "203.0.113.10", 22, "metamapper-tunnel", "db:5432", "127.0.0.1", 15432).as_variables()
TUNNEL_6 = {**TUNNEL, "listen_address": "::1"}
DOCKER = "3: docker0    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0\n"


def row(address: str, port: int, uid: int, state: str = "0A") -> str:
    """Return a row of the kernel's table of sockets."""
    return f"   0: {address}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 {uid:5} 0 4711 1\n"


def words(text: str) -> str:
    """Return an address as this machine's kernel writes it, given what a little-endian machine writes."""
    if sys.byteorder == "little":
        return text
    return "".join(bytes.fromhex(text[i : i + 8])[::-1].hex().upper() for i in range(0, len(text), 8))


LOOPBACK, ANY, LOOPBACK_6 = words("0100007F"), words("00000000"), words("00000000000000000000000001000000")
ANY_6 = words("0" * 32)


def state(found: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """Return the state of a host on which nothing exists except ``found``."""
    tunnels = [] if values.get("tunnel_state") == "absent" else [TUNNEL]
    return tunnel_host({**EMPTY, **(found or {})}, {**VALUES, **values}, tunnels)


NO_PROBLEM: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing there": ({}, {}),
    "an account of the role": ({"passwd": OURS}, {}),
    "a unit of the role": ({"units": [UNIT], "own_units": [UNIT]}, {}),
    "somebody's unit of another name": ({"units": [UNIT.replace("15432", "x")]}, {}),
    "our own socket": ({"passwd": OURS, "sockets": row(LOOPBACK, 15432, 998)}, {}),
    "another port": ({"sockets": row(LOOPBACK, 15433, 0)}, {}),
    "another address": ({"sockets": row(words("0200007F"), 15432, 0)}, {}),
    "a connection, not a listener": ({"sockets": row(LOOPBACK, 15432, 0, "01")}, {}),
    "a bridge": ({"interface": DOCKER, "bridges": ["docker0"]}, {"tunnel_listen_address": "172.17.0.1"}),
    "a bridge that is not there yet": ({}, {"tunnel_listen_address": "172.17.0.1"}),
    "loopback": ({"interface": "1: lo    inet 127.0.0.1/8 scope host lo"}, {}),
    "somebody's account where all is to go": ({"passwd": ALICE, "has_systemd": False}, {"tunnel_state": "absent"}),
}
PROBLEM: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "the login of Ansible": ({"login": "metamapper-tunnel"}, {}, "is the user that Ansible logs in with"),
    "somebody's account": ({"passwd": ALICE}, {}, "exists and was not created by this role"),
    "no systemd": ({"has_systemd": False}, {}, "systemd does not run on this host"),
    "no client": ({"has_ssh": False}, {}, "There is no /usr/bin/ssh"),
    "somebody's unit": ({"units": [UNIT]}, {}, f"{UNIT} exists and was not written by this role"),
    "a unit of a package": ({"units": [UNIT.replace("/etc", "/usr/lib")]}, {}, "/usr/lib/systemd/system/metamapper"),
    "a port in use": ({"sockets": row(LOOPBACK, 15432, 0)}, {}, "Port 15432 is in use: a process of the user id 0"),
    "in use on all addresses": ({"sockets": row(ANY, 15432, 33)}, {}, "listens on 0.0.0.0"),
    "in use on all of IPv6": ({"sockets": HEAD + HEAD + row(ANY_6, 15432, 33)}, {}, "listens on ::"),
    "in use by whom the account was to be": ({"passwd": OURS, "sockets": row(LOOPBACK, 15432, 0)}, {}, "user id 0"),
    "the address of a network": (
        {"interface": "2: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0", "bridges": ["docker0"]},
        {"tunnel_listen_address": "10.0.0.5"},
        "the address of the interface eth0",
    ),
    "of a VLAN": (
        {"interface": "5: eth0.7@eth0    inet 10.0.0.5/24"},
        {"tunnel_listen_address": "10.0.0.5"},
        "the address of the interface eth0.7:",
    ),
}


@pytest.mark.parametrize(("found", "values"), NO_PROBLEM.values(), ids=NO_PROBLEM)
def test_what_harms_nobody_is_no_problem(found: dict[str, Any], values: dict[str, Any]) -> None:
    assert state(found, **values)["problems"] == []


@pytest.mark.parametrize(("found", "values", "words"), PROBLEM.values(), ids=PROBLEM)
def test_what_would_harm_is_refused(found: dict[str, Any], values: dict[str, Any], words: str) -> None:
    assert [words in problem for problem in state(found, **values)["problems"]] == [True]


def test_all_of_it_is_said_at_once() -> None:
    found = {"passwd": ALICE, "has_systemd": False, "has_ssh": False, "units": [UNIT]}
    assert len(state({**found, "sockets": row(ANY, 15432, 0)})["problems"]) == 5


@pytest.mark.parametrize(
    ("passwd", "expected"),
    [
        pytest.param([], (None, False), id="nothing there"),
        pytest.param(OURS, (998, True), id="of the role"),
        pytest.param(ALICE, (1000, False), id="somebody's"),
    ],
)
def test_only_an_account_of_the_role_is_removed(passwd: list[str], expected: tuple[Any, bool]) -> None:
    found = state({"passwd": passwd}, tunnel_state="absent")
    assert (found["uid"], found["is_removable"]) == expected


def test_units_of_the_role_that_are_not_listed_are_to_go() -> None:
    old = UNIT.replace("15432", "15433")
    found = {"units": [UNIT, old, UNIT.replace("15432", "x")], "own_units": [UNIT, old]}
    assert state(found)["obsolete_units"] == ["metamapper-tunnel-15433.service"]
    assert len(state(found, tunnel_state="absent")["obsolete_units"]) == 2


def test_listeners_of_both_tables() -> None:
    table = HEAD + row(LOOPBACK, 15432, 998) + row(LOOPBACK, 22, 0, "06") + HEAD + row(LOOPBACK_6, 22, 0)
    assert listeners(table) == [("127.0.0.1", 15432, 998), ("::1", 22, 0)]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        pytest.param("", [TUNNEL["unit"]] * 2, id="no table"),
        pytest.param(row(LOOPBACK, 15432, 0), [TUNNEL["unit"]] * 2, id="another user's socket"),
        pytest.param(row(LOOPBACK, 15432, 998), [TUNNEL["unit"]], id="one of two"),
        pytest.param(row(LOOPBACK, 15432, 998) + row(LOOPBACK_6, 15432, 998), [], id="both"),
    ],
)
def test_tunnels_that_are_not_open(table: str, expected: list[str]) -> None:
    assert tunnels_not_open(table, [TUNNEL, TUNNEL_6], "998") == expected
