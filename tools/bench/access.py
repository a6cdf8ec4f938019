# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarked job as options and tasks of this collection."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Mapping, Sequence

from tools.postgres.server import Server
from tools.runners.playbooks import Play, run_on_hosts

GROUP, USER, PASSWORD = "metamapper_readers", "metamapper", "bench-only"
SETTINGS = ("log_statement=none", "max_wal_size=8GB", "autovacuum=off")
Tasks = Sequence[Mapping[str, Any]]


def way(server: Server) -> dict[str, Any]:
    """Return the connection options for a server; without TLS, which would cost all candidates the same."""
    return {"login_host": server.host, "login_port": server.port, "ssl_mode": "disable"}


def access(server: Server, *databases: str) -> dict[str, Any]:
    """Return options of the module access for all schemas that ``content`` creates in some databases."""
    return {
        **way(server),
        "login_password": server.password,
        "group": GROUP,
        "users": [{"name": USER, "password": PASSWORD}],
        "databases": [{"name": database, "schemas": ["s*"]} for database in databases],
    }


def play(tasks: Tasks, hosts: Sequence[str] = ("bench",), *options: str) -> Play:
    """Run tasks with ansible-playbook on hosts that all stand for this machine; raises AssertionError if one fails."""
    content = [{"name": "Bench", "hosts": "all", "gather_facts": False, "connection": "local", "tasks": tasks}]
    variables = {"ansible_python_interpreter": sys.executable}
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "bench.yml").write_text(json.dumps(content))
        return run_on_hosts(Path(directory), "bench.yml", dict.fromkeys(hosts, variables), *options).ok()


def task(module: str, options: Mapping[str, Any]) -> Play:
    """Run one task."""
    return play([{"name": "The task", module: options}])


def forget(server: Server) -> None:
    """Revoke what a run grants in every database, and drop the roles that it creates."""
    made = {role for (role,) in server.execute("SELECT rolname::text FROM pg_catalog.pg_roles")} & {USER, GROUP}
    databases = server.execute("SELECT datname FROM pg_catalog.pg_database WHERE datallowconn") if made else []
    for role in made:
        for (database,) in databases:
            server.execute(f'DROP OWNED BY "{role}"', database=database)
        server.execute(f'DROP ROLE "{role}"')
