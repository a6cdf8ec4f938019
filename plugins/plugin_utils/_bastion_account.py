# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The tunnel account of the role bastion: errors and warnings about its variables.

``values`` are the role's variables in their types, by names without the prefix; None if one is not of its type.
"""

from __future__ import annotations

import json
import re
from typing import Any, Iterator, Mapping, Sequence

Values = Mapping[str, Any]

# A name that needs no quoting anywhere: in passwd, in "Match User", in the name of a file.
ACCOUNT_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z")
# Nothing before the type, so that a key has no options. The comment ends with the line; a quote in it is an ordinary
# character for sshd.
PUBLIC_KEY = re.compile(
    r"(ssh-rsa AAAAB3NzaC1yc2E|ssh-ed25519 AAAAC3NzaC1lZDI1NTE5)[A-Za-z0-9+/]+={0,2}"
    r"( [^\x00-\x1f\x7f-\x9f\u2028\u2029]*)?\Z"
)
KEY_TYPE = re.compile(r"((?:ssh-|ecdsa-|sk-)[!-~]+) AAAA")
# Which types of keys a variable takes, and why no others.
KEY_TYPES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "bastion_keys": (("ssh-rsa",), 'Metamapper can use RSA keys only ("ssh-rsa AAAA...").'),
    "bastion_tunnel_keys": (("ssh-ed25519", "ssh-rsa"), "list an Ed25519 or an RSA key."),
}
TARGET = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]):([1-9][0-9]{0,4})\Z")


def trimmed(values: Sequence[str | None] | None) -> list[str]:
    """Return texts without the blanks around them, each once and in their order."""
    return list(dict.fromkeys(value.strip() for value in values or () if value is not None))


def input_problems(values: Values) -> Iterator[str]:
    """Yield a sentence for each value that cannot work; a private key is not shown."""
    for name in dict.fromkeys((values["bastion_user"], values["bastion_group"])):
        if name is not None:
            yield from _name_problems(name)
    if values["bastion_state"] == "present":
        yield from _key_problems(values)
        yield from _target_problems(values["bastion_targets"])


def _name_problems(name: str) -> Iterator[str]:
    if not ACCOUNT_NAME.match(name):
        yield (
            f"{shown(name)} cannot be the name of the account or its group: use lower-case letters, digits, "
            '"-" and "_", at most 32, beginning with a letter.'
        )
    elif name == "root":
        yield (
            'The tunnel account and its group cannot be "root": whoever has that account loses every other way to log '
            "in. Choose another name."
        )


def _key_problems(values: Values) -> Iterator[str]:
    given = [values[name] for name in KEY_TYPES]
    if None not in given and not any(map(trimmed, given)):
        yield (
            "metamapper_bastion_keys is empty: list the public key that Metamapper shows for the workspace, or, in "
            "metamapper_bastion_tunnel_keys, the one of a host that keeps a tunnel open."
        )
    for name in KEY_TYPES:
        for number, key in enumerate(trimmed(values[name]), 1):
            problem = _key_problem(key, *KEY_TYPES[name])
            if problem:
                yield f"Key {number} of metamapper_{name} {problem}"


def _key_problem(key: str, types: Sequence[str], why_no_other: str) -> str:
    if "PRIVATE KEY" in key:
        return "is a private key: list the public one, and replace this pair if the file was shared."
    found = KEY_TYPE.match(key)
    if found and found[1] not in types:
        return f"is of type {shown(found[1])}: {why_no_other}"
    if not PUBLIC_KEY.match(key):
        return (
            f'is not one line of the form "{types[0]} AAAA... comment": options before the key and line breaks are '
            "refused, since they could give the account more than a tunnel."
        )
    return ""


def _target_problems(given: Sequence[str | None] | None) -> Iterator[str]:
    targets = trimmed(given)
    if not targets and given is not None:
        yield (
            "metamapper_bastion_targets is empty: list each database as host:port, as it is typed into Metamapper's "
            "datastore form."
        )
    for target in targets:
        found = TARGET.match(target)
        if not found or int(found[2]) > 65535:
            yield (
                f"Target {shown(target)} is not of the form host:port or [IPv6 address]:port with a port from 1 to "
                "65535; patterns are refused, since they would open more than the database."
            )


def target_warnings(targets: Sequence[str]) -> list[str]:
    """Return a sentence for each target that people may type differently into Metamapper: sshd compares the text."""
    return [f"Target {target}: {warning}" for target in targets for warning in _warnings(target.rpartition(":")[0])]


def _warnings(host: str) -> Iterator[str]:
    if host != host.lower() and not host.startswith("["):
        yield (
            "sshd tells upper from lower case; type the host into Metamapper exactly so, or write both in lower case."
        )
    if host.endswith("."):
        yield "sshd takes the dot at the end as part of the name; type it into Metamapper too, or leave it out in both."
    if host in ("localhost", "127.0.0.1", "[::1]"):
        yield (
            f"localhost, 127.0.0.1 and ::1 are three different hosts to sshd; type exactly {host.strip('[]')} into "
            "Metamapper. It means the bastion itself, not Metamapper."
        )
    elif host.startswith("[") and re.search(r"[A-F]|[:\[]0+[0-9a-fA-F]|:0:0", host):
        yield (
            "sshd compares addresses as text; the short form in lower case (as in [2001:db8::5]) is what people type "
            "into Metamapper."
        )
    elif re.match(r"[0-9.]+\Z", host) and re.search(r"(^|[.])0[0-9]", host):
        yield "sshd compares addresses as text, leading zeros included; leave them out."


def shown(text: str) -> str:
    """Return a text in quotes, without terminal control characters."""
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else json.dumps(text)
