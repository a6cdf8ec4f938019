# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What the role grant shows about a server at its end."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Iterable, Iterator, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import visible
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_plan import HostVariables, tunnels_to

Result = Mapping[str, Any]

NAMES_SHOWN = 10


def grant_lines(
    result: Result,
    values: Mapping[str, Any],
    own_name: str,
    host_variables: HostVariables = MappingProxyType({}),
    tunnel_hosts: Sequence[str] = (),
    *,
    ending: str,
) -> list[str]:
    """Return the lines, given what the module access returned and the variables of the role; empty without a result.

    Metamapper connects to the host that the variables name, or to the server's own name; with the variables of hosts
    where it runs, through a tunnel that they have. ``ending`` is "success", "failure" or "check": only a success shows
    the fields of Metamapper's form, since otherwise there may be no login yet.
    """
    if "after" not in result:
        return []
    names = list(result["after"]["databases"])
    host = values["login_host"] or own_name
    tunnels = tunnels_to(host_variables, tunnel_hosts, host, values["login_port"]) if ending == "success" else []
    form = [*_form(names, values, host), *_tunnel(values["bastion"] or {}, tunnels)] if ending == "success" else []
    return [
        _done(result, len(names), is_check=ending == "check"),
        *map(_disappears, result["disappears"]),
        *form,
        *_scope(result["scope"]),
    ]


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _shown(names: Iterable[Any]) -> str:
    return ", ".join(visible(str(name)) for name in names)


def _done(result: Result, databases: int, *, is_check: bool) -> str:
    where = _counted(databases, "database")
    if not result.get("changed"):
        return f"Access: nothing was missing in {where}."
    statements = _counted(len(result["statements"]), "statement")
    return f"Access: {statements} {'would be run' if is_check else 'run'} for {where}; --diff shows what changes."


def _disappears(item: Result) -> str:
    return (
        f"The next scan by Metamapper no longer finds the schemas {_shown(item['schemas'])} of database "
        f"{visible(item['database'])}, and hides what people have written there."
    )


def _form(names: Sequence[str], values: Mapping[str, Any], host: str) -> Iterator[str]:
    """Yield the fields that all databases share once, in the order of the form. The password is not shown."""
    noun = "Database" if len(names) == 1 else "Databases"
    yield (
        f"Host: {visible(host)}   Port: {values['login_port']}   {noun}: {_shown(names)}   "
        f"Username: {visible(values['user'])}"
    )


def _tunnel(bastion: Mapping[str, Any], tunnels: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield how Metamapper gets through a bastion: by a tunnel on its own host."""
    for tunnel in tunnels:
        yield (
            f"On {visible(tunnel['host'])}, through its tunnel:   Host: {visible(tunnel['address'])}   "
            f"Port: {tunnel['port']}   SSH tunnel: off"
        )
    if bastion and not tunnels:
        yield (
            "SSH tunnel: off. Metamapper 1.0.0 closes its own SSH tunnel before it reads the first table: the form "
            "says that it connects, and every scan fails."
        )
        yield (
            "Keep a tunnel open on the host where Metamapper runs, with the playbook "
            "metamapper.postgresql.tunnel_metamapper, and enter host and port of that tunnel."
        )


def _scope(scope: Result) -> Iterator[str]:
    """Yield how metamapper_databases resolves on this server, with what patterns left out."""
    for database in scope["databases"]:
        new = [each["schema"] for each in scope["taken_in"] if each["database"] == database["name"]]
        more = f" and {len(new) - NAMES_SHOWN} more" if len(new) > NAMES_SHOWN else ""
        taken = f"; new by a pattern: {_shown(new[:NAMES_SHOWN])}{more}" if new else ""
        counts = f"{database['schemas']} of {database['existing_schemas']} schemas"
        yield f"Database {visible(database['name'])}: {counts}{taken}"
    for item in scope["left_out"][:NAMES_SHOWN]:
        schema = f"schema {visible(item['schema'])} of " if item["schema"] else ""
        where = f"{schema}database {visible(item['database'])}"
        yield f"Left out by the pattern {visible(item['entry'])}: {where}. {visible(item['reason'])}"
    if len(scope["left_out"]) > NAMES_SHOWN:
        yield f"... and {len(scope['left_out']) - NAMES_SHOWN} more."
