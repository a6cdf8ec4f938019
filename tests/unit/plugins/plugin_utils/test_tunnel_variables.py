# SPDX-License-Identifier: GPL-3.0-or-later
"""The role tunnel's messages about variables that cannot work, or would open a database to others than Metamapper."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_variables import (
    target_text,
    tunnel_problems,
)

HOSTILE = "we\"ird.näme\\'; --"
TARGET = {"host": "db.example.internal", "listen_port": 15432}
GOOD: dict[str, Any] = {
    "tunnel_state": "present",
    "tunnel_user": "metamapper-tunnel",
    "tunnel_listen_address": "127.0.0.1",
    "tunnel_targets": [TARGET],
}
ACCEPTED: dict[str, dict[str, Any]] = {
    "nothing wrong": {},
    "another loopback address": {"tunnel_listen_address": "127.0.0.2"},
    "loopback of IPv6": {"tunnel_listen_address": "::1"},
    "the bridge of Docker": {"tunnel_listen_address": "172.17.0.1"},
    "the bridge of Podman": {"tunnel_listen_address": "10.88.0.1"},
    "a bridge of IPv6": {"tunnel_listen_address": "fd00::1"},
    "two targets": {"tunnel_targets": [TARGET, {**TARGET, "listen_port": 15433}]},
    "IPv6 target": {"tunnel_targets": [{**TARGET, "host": "2001:db8::5"}]},
    "absent needs nothing": {"tunnel_state": "absent", "tunnel_targets": [], "tunnel_listen_address": "x"},
    "what is of the wrong type has its sentence already": dict.fromkeys(GOOD, None) | {"tunnel_state": "present"},
    "so has an element, and what lacks in one": {"tunnel_targets": [None, {}, {"host": None, "listen_port": None}]},
}
EVERY_NETWORK, PUBLIC, NO_ADDRESS = "means every network", "neither loopback nor private", "no IP address"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no targets": ({"tunnel_targets": []}, "metamapper_tunnel_targets is empty"),
    "a port of root's": ({"tunnel_targets": [{**TARGET, "listen_port": 443}]}, "only root can listen"),
    "one port twice": ({"tunnel_targets": [TARGET, TARGET]}, "the listen_port 15432 more than once"),
    **{
        f"listens on {text!r}": ({"tunnel_listen_address": text}, words)
        for text, words in {
            "0.0.0.0": EVERY_NETWORK,
            "::": EVERY_NETWORK,
            "0:0:0:0:0:0:0:0": EVERY_NETWORK,
            "203.0.113.7": PUBLIC,
            "8.8.8.8": PUBLIC,
            "100.64.0.1": PUBLIC,
            "169.254.0.1": PUBLIC,
            "224.0.0.1": PUBLIC,
            "255.255.255.255": PUBLIC,
            "2001:4860:4860::8888": PUBLIC,
            "fe80::1": PUBLIC,
            "::ffff:8.8.8.8": PUBLIC,
            "::ffff:127.0.0.1": PUBLIC,
            "*": NO_ADDRESS,
            "": NO_ADDRESS,
            "localhost": NO_ADDRESS,
            "0": NO_ADDRESS,
            "127.1": NO_ADDRESS,
            "127.0.0.1 ": NO_ADDRESS,
            "127.0.0.1\n": NO_ADDRESS,
            "127.0.0.1:15432": NO_ADDRESS,
            HOSTILE: NO_ADDRESS,
        }.items()
    },
    **{
        f"user {text!r}": ({"tunnel_user": text}, "metamapper_tunnel_user cannot be")
        for text in ("root", "", "a b", "../etc", "a\n", "A", HOSTILE)
    },
    **{
        f"host {text!r}": ({"tunnel_targets": [{**TARGET, "host": text}]}, "neither a host name nor an address")
        for text in ("*", "a b", "-oProxyCommand=x", "db:5432 *", "db\n", "%h", "a;b", HOSTILE)
    },
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
def test_what_works_is_accepted(changes: dict[str, Any]) -> None:
    assert list(tunnel_problems({**GOOD, **changes})) == []


@pytest.mark.parametrize(("changes", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_work_is_refused_with_the_reason(changes: dict[str, Any], words: str) -> None:
    problems = list(tunnel_problems({**GOOD, **changes}))
    assert [words in problem for problem in problems] == [True]
    assert all(problem.isprintable() for problem in problems)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param(TARGET, "db.example.internal:5432", id="default port"),
        pytest.param({**TARGET, "port": 6432}, "db.example.internal:6432", id="port"),
        pytest.param({**TARGET, "host": "2001:db8::5"}, "[2001:db8::5]:5432", id="IPv6"),
    ],
)
def test_a_target_as_sshd_takes_it(target: dict[str, Any], expected: str) -> None:
    assert target_text(target) == expected
