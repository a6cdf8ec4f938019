# SPDX-License-Identifier: GPL-3.0-or-later
"""The job as a playbook with the modules of community.postgresql, with loops where a module takes no list."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from tools.bench.access import GROUP, PASSWORD, USER, way
from tools.bench.content import OWNERS
from tools.postgres.server import Server


def tasks(server: Server, databases: Sequence[str], schemas: int) -> list[dict[str, Any]]:
    """Return the tasks: group, user, membership, and four loops over databases and schemas."""
    login = {**way(server), "login_password": server.password}
    names = [f"s{number}" for number in range(schemas)]
    places = [{"database": database, "schema": name} for database in databases for name in names]
    creators = [{**place, "owner": f"owner{int(place['schema'][1:]) % OWNERS}"} for place in places]
    one = {**login, "roles": GROUP, "login_db": "{{ item }}"}
    each = {**login, "roles": GROUP, "login_db": "{{ item.database }}", "schema": "{{ item.schema }}"}
    return [
        _task("postgresql_user", {**login, "name": GROUP, "role_attr_flags": "NOLOGIN"}),
        _task("postgresql_user", {**login, "name": USER, "password": PASSWORD}),
        _task("postgresql_membership", {**login, "groups": GROUP, "target_roles": USER}),
        _privileges({**one, "type": "database", "objs": "{{ item }}", "privs": "CONNECT"}, databases),
        _privileges({**one, "type": "schema", "objs": ",".join(names), "privs": "USAGE"}, databases),
        _privileges({**each, "type": "table", "objs": "ALL_IN_SCHEMA", "privs": "SELECT"}, places),
        _privileges(
            {**each, "type": "default_privs", "objs": "TABLES", "privs": "SELECT", "target_roles": "{{ item.owner }}"},
            creators,
        ),
    ]


def _task(module: str, options: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": module, f"community.postgresql.{module}": options}


def _privileges(options: Mapping[str, Any], over: Sequence[Any]) -> dict[str, Any]:
    return {**_task("postgresql_privs", options), "loop": over}
