# SPDX-License-Identifier: GPL-3.0-or-later
"""The role bastion's messages about variables that cannot work, and targets that Metamapper may name differently."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._bastion_account import (
    input_problems,
    target_warnings,
    trimmed,
)

KEY = "ssh-rsa AAAAB3NzaC1yc2E" + "A" * 350
RSA = f"{KEY} workspace"
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "B" * 43 + " tunnel"
HOSTILE = "we\"ird.näme\\'; --"
GOOD = {
    "bastion_state": "present",
    "bastion_user": "metamapper",
    "bastion_group": "metamapper",
    "bastion_keys": [RSA],
    "bastion_tunnel_keys": [],
    "bastion_targets": ["db.example.internal:5432"],
}
ACCEPTED: dict[str, dict[str, Any]] = {
    "nothing wrong": {},
    "trailing newline of a file": {"bastion_keys": [RSA + "\n"]},
    "no comment": {"bastion_keys": [KEY]},
    "quotes in the comment, as the guide has it": {"bastion_keys": [f'{KEY} workspace "sales"']},
    "one quote in the comment": {"bastion_keys": [f'{KEY} 5" disk']},
    "hostile comment": {"bastion_keys": [f"{KEY} {HOSTILE}"]},
    "a tunnel's key alone": {"bastion_keys": [], "bastion_tunnel_keys": [ED25519]},
    "an RSA key of a tunnel": {"bastion_tunnel_keys": [RSA]},
    "hostile comment of a tunnel's key": {"bastion_tunnel_keys": [f"{ED25519} {HOSTILE}"]},
    "IPv6 target": {"bastion_targets": ["[2001:db8::5]:5432"]},
    "absent needs nothing": {"bastion_state": "absent", "bastion_keys": [], "bastion_targets": []},
    "what is of the wrong type has its sentence already": {"bastion_keys": None, "bastion_targets": None}
    | {"bastion_tunnel_keys": None}
    | {"bastion_user": None},
    "so has an element": {"bastion_keys": [RSA, None]},
}
NOT_A_LINE = "is not one line of the form"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "user root": ({"bastion_user": "root"}, 'cannot be "root"'),
    "group root": ({"bastion_group": "root"}, 'cannot be "root"'),
    "hostile user": ({"bastion_user": HOSTILE}, "cannot be the name of the account"),
    "pattern as user": ({"bastion_user": "meta*"}, "cannot be the name of the account"),
    "user with a line break": ({"bastion_user": "a\nMatch all"}, "cannot be the name of the account"),
    "user with a line break at its end": ({"bastion_user": "a\n"}, "cannot be the name of the account"),
    "empty user": ({"bastion_user": ""}, "cannot be the name of the account"),
    "no keys": ({"bastion_keys": []}, "metamapper_bastion_keys is empty"),
    "ed25519": ({"bastion_keys": [RSA, "ssh-ed25519 AAAAC3Nz x"]}, "Key 2 of metamapper_bastion_keys is of"),
    "ecdsa of a tunnel": (
        {"bastion_tunnel_keys": ["ecdsa-sha2-nistp256 AAAAE2 x"]},
        "Key 1 of metamapper_bastion_tunnel_keys is of",
    ),
    "options before a tunnel's key": ({"bastion_tunnel_keys": ["pty " + ED25519]}, NOT_A_LINE),
    "one type's name before the other's key": ({"bastion_tunnel_keys": ["ssh-rsa" + ED25519[11:]]}, NOT_A_LINE),
    "private key": ({"bastion_keys": ["-----BEGIN RSA PRIVATE KEY-----\nx"]}, "is a private key"),
    "options before the key": ({"bastion_keys": ['command="sh" ' + RSA]}, NOT_A_LINE),
    "options before the key, without a value": ({"bastion_keys": ["cert-authority " + RSA]}, NOT_A_LINE),
    "a tab before the key": ({"bastion_keys": ["pty\t" + RSA]}, NOT_A_LINE),
    "two lines": ({"bastion_keys": [f"{RSA}\n{RSA} second"]}, NOT_A_LINE),
    "a line break within quotes of the comment": ({"bastion_keys": [f'{KEY} "a\n{RSA}"']}, NOT_A_LINE),
    "carriage return": ({"bastion_keys": [f"{RSA}\rssh-rsa x"]}, NOT_A_LINE),
    "next line": ({"bastion_keys": [f"{RSA}\x85ssh-rsa x"]}, NOT_A_LINE),
    "line separator": ({"bastion_keys": [f"{RSA}\u2028ssh-rsa x"]}, NOT_A_LINE),
    "null character": ({"bastion_keys": [f"{RSA}\0"]}, NOT_A_LINE),
    "tab after the key": ({"bastion_keys": [f"{KEY}\tworkspace"]}, NOT_A_LINE),
    "a quote within the key": ({"bastion_keys": [f'{KEY}" workspace']}, NOT_A_LINE),
    "no key at all": ({"bastion_keys": ["workspace"]}, NOT_A_LINE),
    "no targets": ({"bastion_targets": []}, "metamapper_bastion_targets is empty"),
    **{
        f"target {target!r}": ({"bastion_targets": [target]}, "is not of the form host:port")
        for target in (
            "any",
            "*:5432",
            "db:*",
            "db",
            "db:0",
            "db:65536",
            "db:x",
            "a b:1",
            "db:1 *:*",
            "::1:5432",
            "db:1\nx",
            HOSTILE + ":5432",
        )
    },
}
SUSPICIOUS = {
    "db.example.internal:5432": "",
    "10.0.0.5:5432": "",
    "[2001:db8::5]:5432": "",
    "DB.example:5432": "upper from lower case",
    "db.example.:5432": "dot at the end",
    "localhost:5432": "three different hosts",
    "127.0.0.1:5432": "type exactly 127.0.0.1 into",
    "[::1]:5432": "type exactly ::1 into",
    "[2001:DB8::5]:5432": "short form in lower case",
    "[2001:0db8::5]:5432": "short form in lower case",
    "010.0.0.5:5432": "leading zeros",
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
def test_what_works_is_accepted(changes: dict[str, Any]) -> None:
    assert list(input_problems({**GOOD, **changes})) == []


@pytest.mark.parametrize(("changes", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_work_is_refused_with_the_reason(changes: dict[str, Any], words: str) -> None:
    problems = list(input_problems({**GOOD, **changes}))
    assert [words in problem for problem in problems] == [True]
    assert all(problem.isprintable() for problem in problems)


def test_a_private_key_is_not_shown() -> None:
    assert "BEGIN" not in "".join(input_problems({**GOOD, **REFUSED["private key"][0]}))


@pytest.mark.parametrize(("target", "words"), SUSPICIOUS.items(), ids=SUSPICIOUS)
def test_a_target_that_may_be_typed_otherwise_is_pointed_at(target: str, words: str) -> None:
    assert [words in warning for warning in target_warnings([target])] == ([True] if words else [])


def test_texts_are_trimmed_and_each_is_there_once() -> None:
    assert trimmed(["b\n", " a", "b", None]) == ["b", "a"]
