# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The state of the host of a tunnel account: who uses the account and its group, and what would harm the host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._bastion_account import trimmed

FIRST_ORDINARY_ID = 1000
SMALLEST_RSA_BITS = 2048


@dataclass(frozen=True)
class Account:
    """A row of passwd, with other data of the user on the host; see passwd(5) and shadow(5)."""

    uid: int
    gid: int
    is_of_the_role: bool  # recognized by its comment
    shell: str
    password: str  # as in shadow; "*" where there is no row
    own_keys: str  # path of a file authorized_keys of the user's own; empty for none

    def foreign_because(self) -> Iterator[str]:
        """Yield why others may need it; nothing for an account that the role created."""
        if self.is_of_the_role:
            return
        if not re.search(r"/(nologin|false)\Z", self.shell):
            yield f"it has the shell {self.shell}"
        if self.uid < FIRST_ORDINARY_ID:
            yield f"it is a system account (uid {self.uid})"
        if not self.password.startswith(("!", "*")):
            yield "it has a password"
        if self.own_keys:
            yield f"it has keys of its own in {self.own_keys}"


@dataclass(frozen=True)
class Group:
    """A row of group; see group(5)."""

    gid: int
    members: tuple[str, ...]

    def foreign_because(self, user: str, account: Account | None) -> Iterator[str]:
        """Yield why others may need it; nothing for the group of an account that the role created."""
        if account and account.is_of_the_role and account.gid == self.gid:
            return
        if self.gid < FIRST_ORDINARY_ID:
            yield f"it is a system group (gid {self.gid})"
        if set(self.members) - {user}:
            yield "it has members"


def host_state(found: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return who uses account and group, and a message for each thing that would harm the host.

    ``found`` are the rows of getent without the name, empty if there is none, and what else the tasks have read;
    ``values`` are the role's variables. ``uid`` is None if there is no account. ``is_removable`` and
    ``is_group_removable`` say whether the role may remove them: what it did not create, only with
    ``metamapper_bastion_adopt``.
    """
    account, group = _account(found), _group(found)
    adopt = values["bastion_adopt"]
    user = values["bastion_user"]
    group_reasons = list(group.foreign_because(user, account)) if group else []
    return {
        "uid": account.uid if account else None,
        "has_group": group is not None,
        "is_removable": account is not None and (account.is_of_the_role or adopt),
        "is_group_removable": not group_reasons or adopt,
        "problems": [
            *_account_problems(account, values, found["login"]),
            *_group_problems(group, group_reasons, values),
            *_sshd_problems(found),
            *_key_problems(found["fingerprints"], len(trimmed(values["bastion_keys"]))),
        ],
    }


def _account(found: Mapping[str, Any]) -> Account | None:
    row: Sequence[str] = found["passwd"]
    if not row:
        return None
    _password, uid, gid, comment, _home, shell = row
    shadow = found["shadow"]
    password = shadow[0] if shadow else "*"
    return Account(int(uid), int(gid), comment == found["comment"], shell, password, found["own_keys"])


def _group(found: Mapping[str, Any]) -> Group | None:
    row: Sequence[str] = found["group"]
    return Group(int(row[1]), tuple(filter(None, row[2].split(",")))) if row else None


def _account_problems(account: Account | None, values: Mapping[str, Any], login: str) -> Iterator[str]:
    user = values["bastion_user"]
    if user == login:
        yield (
            f'"{user}" is the user that Ansible logs in with: as the tunnel account it could never log in to this host '
            "again. Set metamapper_bastion_user to another name."
        )
    elif account and account.uid == 0:
        yield (
            f'User "{user}" has the user id 0: an administrator cannot be the tunnel account. Set '
            "metamapper_bastion_user to another name."
        )
    elif account and _takes_over(values):
        reasons = ", ".join(account.foreign_because())
        if reasons:
            yield (
                f'User "{user}" exists and was not created by this role: {reasons}. Set metamapper_bastion_user to '
                "another name, or metamapper_bastion_adopt to true to turn it into the tunnel account: nobody can log "
                "in with it in any other way then."
            )


def _takes_over(values: Mapping[str, Any]) -> bool:
    """Return whether a foreign account would be changed silently; one that is to be removed is left in place."""
    return values["bastion_state"] == "present" and not values["bastion_adopt"]


def _group_problems(group: Group | None, reasons: Sequence[str], values: Mapping[str, Any]) -> Iterator[str]:
    name = values["bastion_group"]
    if group and group.gid == 0:
        yield (
            f'Group "{name}" has the group id 0: it cannot be the group of the tunnel account. Set '
            "metamapper_bastion_group to another name."
        )
    elif reasons and _takes_over(values):
        yield (
            f'Group "{name}" exists and was not created by this role: {", ".join(reasons)}. Set '
            "metamapper_bastion_group to another name, or metamapper_bastion_adopt to true to use it all the same."
        )


def _sshd_problems(found: Mapping[str, Any]) -> Iterator[str]:
    test = found["sshd_test"]
    if not found["has_sshd"]:
        yield f"There is no {found['sshd']} on this host. Install the OpenSSH server (the package openssh-server)."
    elif test.get("rc"):
        text = " ".join((test.get("stderr") or test.get("stdout") or "").split())
        yield (
            f"sshd does not accept the configuration that this host has now, so nothing can be added to it: {text}. "
            'Correct it until "sshd -t" prints nothing.'
        )


def _key_problems(fingerprints: Sequence[Mapping[str, Any]], of_metamapper: int) -> Iterator[str]:
    """Yield what is wrong with a key, by what ``ssh-keygen -l`` answered about each.

    The first of them, as many as ``of_metamapper`` says, are those of metamapper_bastion_keys.
    """
    for number, answer in enumerate(fingerprints, 1):
        is_tunnel = number > of_metamapper
        key = f"Key {number - of_metamapper * is_tunnel} of metamapper_bastion_{'tunnel_' * is_tunnel}keys"
        text = (answer.get("stdout") or "").strip()
        bits = text.split(" ")[0]
        if answer["rc"] != 0 or not bits.isdigit():
            yield f"{key} is damaged: ssh-keygen cannot read it. Copy it from its source again, in one piece."
        elif text.endswith("(RSA)") and int(bits) < SMALLEST_RSA_BITS:
            yield (
                f"{key} has {bits} bits: an RSA key of less than {SMALLEST_RSA_BITS} bits is not safe, and sshd of "
                "many systems refuses it. Make a new one."
            )
