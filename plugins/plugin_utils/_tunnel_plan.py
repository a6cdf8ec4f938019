# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which tunnels should exist, according to the variables of all hosts of the inventory.

A tunnel has two ends, and each end's play needs the other end's variables. A host may not be in the run (``--limit``),
and a run must not remove what it does not know: so everything is read from ``hostvars``, and typed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.command_line import bracketed
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._bastion_account import TARGET, shown
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_command import SSH_PORT, Tunnel
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_variables import DATABASE_PORT, target_text
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._variables import options_of, role_values

HostVariables = Mapping[str, Mapping[str, Any]]
Values = Mapping[str, Any]
# Represents a key that does not exist yet, in check mode. It is not a point of the curve, so nobody could log in with
# it: https://datatracker.ietf.org/doc/html/rfc8032#section-5.1.3
KEY_TO_BE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA will-be-created"


@dataclass(frozen=True)
class Bastion:
    """A bastion as a host of Metamapper reaches it."""

    name: str  # in the inventory
    address: str
    port: int
    problems: tuple[str, ...]


def tunnel_plan(host_variables: HostVariables, values: Values, bastions: Sequence[str]) -> dict[str, Any]:
    """Return the tunnels of a host, the bastions that they go through, and all that is wrong with the latter.

    ``values`` are the host's variables of the role tunnel in their types; ``bastions`` are the names of all bastions.
    """
    targets = _present_targets(values)
    found = [(target, _bastion_of(target, bastions)) for target in targets]
    used = {name: _bastion(name, host_variables, values) for _target, name in found if name}
    tunnels = [_tunnel(target, used[name], values) for target, name in found if name]
    problems = [*_unknown_bastions(targets, bastions)]
    problems += [problem for bastion in used.values() for problem in bastion.problems]
    return {
        "tunnels": [tunnel.as_variables() for tunnel in tunnels],
        "bastions": list(used),
        "problems": problems,
    }


def tunnel_account(
    host_variables: HostVariables, bastion: str, hosts: Sequence[str], bastions: Sequence[str], shared: Values
) -> dict[str, Any]:
    """Return what the account for tunnels on a bastion is to be: user, keys and targets.

    ``shared`` are variables of the play, which ``hostvars`` does not have. Without targets the account should not
    exist.
    """
    problems: list[str] = []
    users: set[str] = set()
    targets: dict[str, None] = {}
    keys: list[str] = []
    for host in hosts:
        values, found = _typed("tunnel", host_variables[host], shared)
        problems += [f"{host}: {problem}" for problem in found]
        own = [target_text(one) for one in _present_targets(values) if _bastion_of(one, bastions) == bastion]
        targets.update(dict.fromkeys(own))
        users.add(values["tunnel_user"] or "")
        if own:
            keys.append(_public_key(host, host_variables[host], problems))
    if len(users) > 1:
        problems.append(
            f"metamapper_tunnel_user differs between the hosts {', '.join(hosts)}, and each bastion has one account "
            "for all of them. Set it once, for their group."
        )
    return {"user": min(users, default=""), "targets": list(targets), "public_keys": keys, "problems": problems}


def tunnel_host_keys(host_variables: HostVariables, bastions: Sequence[str]) -> dict[str, list[str]]:
    """Return the lines of the public host keys of bastions that were read in this run, by their names."""
    answers = {name: host_variables[name].get("__metamapper_host_keys") or {} for name in bastions}
    return {name: list(answer["stdout_lines"]) for name, answer in answers.items() if answer.get("stdout_lines")}


def _public_key(host: str, variables: Mapping[str, Any], problems: list[str]) -> str:
    """Return the public key of a host, as it was read in this run; another one stands for it in check mode."""
    answer = variables.get("__tunnel_public_key")
    if answer is None:
        problems.append(
            f"The key of {host} is not known in this run, and would be taken away from this bastion. Run the playbook "
            f"with that host too (without --limit), correct what it says there, or take the host out of the inventory."
        )
    return ((answer or {}).get("stdout") or "").strip() or KEY_TO_BE


def tunnels_to(host_variables: HostVariables, hosts: Sequence[str], host: str, port: int) -> list[dict[str, Any]]:
    """Return where a database server is found through the tunnels of some hosts: host, address and port of each."""
    found = []
    for name in hosts:
        values, problems = _typed("tunnel", host_variables[name], {})
        for target in [] if problems else _present_targets(values):
            if (target["host"], target.get("port", DATABASE_PORT)) == (host, port):
                found.append({"host": name, "address": values["tunnel_listen_address"], "port": target["listen_port"]})
    return found


def _typed(role: str, variables: Mapping[str, Any], shared: Values) -> tuple[dict[str, Any], list[str]]:
    """Return variables of a role as a host has them, in their types, and what is wrong with them."""
    given = {name: variables[name] for name in options_of(role) if name in variables}
    return role_values(role, {**shared, **given})


def _present_targets(values: Values) -> list[Mapping[str, Any]]:
    if values["tunnel_state"] != "present":
        return []
    targets = values["tunnel_targets"] or ()
    return [target for target in targets if target and target.get("host") and target.get("listen_port")]


def _bastion_of(target: Mapping[str, Any], bastions: Sequence[str]) -> str | None:
    """Return the bastion of a target; None if it names one that does not exist, or none of several."""
    named = target.get("bastion") or (bastions[0] if len(bastions) == 1 else None)
    return named if named in bastions else None


def _unknown_bastions(targets: Sequence[Mapping[str, Any]], bastions: Sequence[str]) -> Iterator[str]:
    for index, target in enumerate(targets):
        if _bastion_of(target, bastions) is not None:
            continue
        known = f"The bastions are: {', '.join(bastions)}." if bastions else "The group bastions has no host."
        named = target.get("bastion")
        found = f"names the bastion {shown(named)}, which is none of these" if named else "names no bastion"
        yield (
            f"metamapper_tunnel_targets[{index}] {found}. {known} Set bastion to the name of a host of the group "
            "bastions, or of what metamapper_bastion_hosts says."
        )


def _bastion(name: str, host_variables: HostVariables, values: Values) -> Bastion:
    """Return a bastion, with what the role bastion would refuse there, before anything is written on this host."""
    variables = host_variables[name]
    own = {
        "metamapper_bastion_state": "present",
        "metamapper_bastion_user": values["tunnel_user"],
        "metamapper_bastion_group": values["tunnel_user"],
        "metamapper_bastion_keys": [],
        "metamapper_bastion_tunnel_keys": [KEY_TO_BE],
        "metamapper_bastion_targets": ["database:5432"],
    }
    # Defaults of a role are not in hostvars. These are the role's own, as its argument spec has them.
    defaults: dict[str, Any] = {
        "metamapper_bastion_address": str(variables.get("ansible_host") or name),
        "metamapper_bastion_port": variables.get("ansible_port") or SSH_PORT,
    }
    given = {option: variables[option] for option in options_of("bastion") if option in variables}
    typed, found = role_values("bastion", {**defaults, **given, **own})
    address = typed["bastion_address"] or defaults["metamapper_bastion_address"]
    problems = [f"Bastion {name}: {problem}" for problem in found]
    if not TARGET.match(f"{bracketed(address)}:{SSH_PORT}"):
        problems.append(
            f"Bastion {name}: {shown(address)} is neither an address nor a name to which this host could connect. Set "
            "metamapper_bastion_address for that bastion."
        )
    return Bastion(name, address, typed["bastion_port"] or SSH_PORT, tuple(problems))


def _tunnel(target: Mapping[str, Any], bastion: Bastion, values: Values) -> Tunnel:
    return Tunnel(
        bastion=bastion.name,
        address=bastion.address,
        port=bastion.port,
        account=values["tunnel_user"],
        target=target_text(target),
        listen_address=values["tunnel_listen_address"],
        listen_port=target["listen_port"],
    )
