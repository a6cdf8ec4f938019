# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts and groups the role bastion takes over or removes, and what it refuses to touch."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._bastion_host import host_state

COMMENT = "Metamapper tunnel"
OURS = ["x", "998", "997", COMMENT, "/nonexistent", "/usr/sbin/nologin"]
PERSON = ["x", "1000", "1000", "Alice", "/home/alice", "/bin/bash"]
ROOT = ["x", "0", "0", "", "/root", "/bin/sh"]
EMPTY: dict[str, Any] = {
    "comment": COMMENT,
    "login": "deploy",
    "passwd": [],
    "group": [],
    "shadow": [],
    "own_keys": "",
    "sshd": "/usr/sbin/sshd",
    "has_sshd": True,
    "sshd_test": {"rc": 0},
    "fingerprints": [{"rc": 0, "stdout": "2048 SHA256:x workspace (RSA)"}],
}
VALUES: dict[str, Any] = {
    "bastion_state": "present",
    "bastion_user": "alice",
    "bastion_group": "people",
    "bastion_adopt": False,
    "bastion_keys": ["ssh-rsa x", "ssh-rsa y"],
}


def state(found: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """Return the state of a host on which nothing exists except ``found``."""
    return host_state({**EMPTY, **(found or {})}, {**VALUES, **values})


NO_PROBLEM: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing there": ({}, {}),
    "an account and group of the role": ({"passwd": OURS, "group": ["x", "997", ""]}, {}),
    "an ordinary empty group": ({"group": ["x", "1001", ""]}, {}),
    "the account as the only member": ({"group": ["x", "1001", "alice"]}, {}),
    "a person's account that is to be adopted": ({"passwd": PERSON}, {"bastion_adopt": True}),
    "a system group that is to be adopted": ({"group": ["x", "27", "bob"]}, {"bastion_adopt": True}),
    "a person's account where all is to go": ({"passwd": PERSON}, {"bastion_state": "absent"}),
    "an Ed25519 key, which has 256 bits": ({"fingerprints": [{"rc": 0, "stdout": "256 SHA256:x a (ED25519)\n"}]}, {}),
    "a locked account without a shell": ({"passwd": [*PERSON[:5], "/bin/false"], "shadow": ["!"]}, {}),
}
PROBLEM: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "the login of Ansible": ({"login": "alice"}, {}, "is the user that Ansible logs in with"),
    "also where it is to go": (
        {"login": "alice"},
        {"bastion_state": "absent"},
        "is the user that Ansible logs in with",
    ),
    "user id 0": ({"passwd": ROOT}, {"bastion_adopt": True}, "has the user id 0"),
    "group id 0": ({"group": ["x", "0", ""]}, {"bastion_adopt": True}, "has the group id 0"),
    "a shell": ({"passwd": PERSON, "shadow": ["!"]}, {}, "it has the shell /bin/bash. Set"),
    "a password": ({"passwd": [*PERSON[:5], "/bin/false"], "shadow": ["$y$1"]}, {}, "it has a password. Set"),
    "an empty password": ({"passwd": [*PERSON[:5], "/bin/false"], "shadow": [""]}, {}, "it has a password. Set"),
    "keys": ({"passwd": [*PERSON[:5], "/bin/false"], "own_keys": "/a"}, {}, "it has keys of its own in /a. Set"),
    "a system account": ({"passwd": [*OURS[:3], "other", *OURS[4:]]}, {}, "it is a system account (uid 998). Set"),
    "a system group": ({"group": ["x", "27", ""]}, {}, "it is a system group (gid 27). Set"),
    "members": ({"group": ["x", "1001", "alice,bob"]}, {}, "it has members. Set"),
    "no sshd": ({"has_sshd": False, "sshd_test": {"skipped": True}}, {}, "There is no /usr/sbin/sshd"),
    "a broken sshd": ({"sshd_test": {"rc": 255, "stderr": "line 1:\n Bogus"}}, {}, "has now, so nothing"),
    "a damaged key": ({"fingerprints": [{"rc": 255, "stdout": ""}]}, {}, "Key 1 of metamapper_bastion_keys is damaged"),
    "a weak key": ({"fingerprints": [*EMPTY["fingerprints"], {"rc": 0, "stdout": "1024 x (RSA)"}]}, {}, "Key 2 of"),
    "a weak key of a tunnel": (
        {"fingerprints": [*EMPTY["fingerprints"] * 2, {"rc": 0, "stdout": "1024 x (RSA)"}]},
        {},
        "Key 1 of metamapper_bastion_tunnel_keys has 1024 bits",
    ),
}


@pytest.mark.parametrize(("found", "values"), NO_PROBLEM.values(), ids=NO_PROBLEM)
def test_what_harms_nobody_is_no_problem(found: dict[str, Any], values: dict[str, Any]) -> None:
    assert state(found, **values)["problems"] == []


@pytest.mark.parametrize(("found", "values", "words"), PROBLEM.values(), ids=PROBLEM)
def test_what_would_harm_is_refused(found: dict[str, Any], values: dict[str, Any], words: str) -> None:
    assert [words in problem for problem in state(found, **values)["problems"]] == [True]


def test_all_of_it_is_said_at_once() -> None:
    found = {
        **PROBLEM["a shell"][0],
        **PROBLEM["members"][0],
        **PROBLEM["a broken sshd"][0],
        **PROBLEM["a weak key"][0],
    }
    assert len(state(found)["problems"]) == 4


@pytest.mark.parametrize(
    ("found", "adopt", "removable"),
    [
        pytest.param({}, False, False, id="nothing there"),
        pytest.param({"passwd": OURS}, False, True, id="of the role"),
        pytest.param({"passwd": PERSON}, False, False, id="a person's"),
        pytest.param({"passwd": PERSON}, True, True, id="a person's, adopted"),
    ],
)
def test_only_an_account_of_the_role_is_removed(found: dict[str, Any], adopt: bool, removable: bool) -> None:
    assert state(found, bastion_adopt=adopt)["is_removable"] is removable


@pytest.mark.parametrize(
    ("group", "adopt", "removable"),
    [
        pytest.param([], False, True, id="nothing there"),
        pytest.param(["x", "1001", ""], False, True, id="ordinary and empty"),
        pytest.param(["x", "997", ""], False, True, id="of the role's account"),
        pytest.param(["x", "27", ""], False, False, id="of the system"),
        pytest.param(["x", "27", ""], True, True, id="of the system, adopted"),
    ],
)
def test_only_a_group_that_nobody_needs_is_removed(group: list[str], adopt: bool, removable: bool) -> None:
    assert state({"passwd": OURS, "group": group}, bastion_adopt=adopt)["is_group_removable"] is removable
