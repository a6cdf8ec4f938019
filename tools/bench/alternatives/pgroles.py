# SPDX-License-Identifier: GPL-3.0-or-later
"""The job as pgroles does it.

Installed by ``cargo install pgroles-cli --version 0.15.0 --root .cache/bench/peers``.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from typing import Any

from tools.bench.access import GROUP, PASSWORD, USER
from tools.bench.alternatives import PEERS
from tools.bench.content import OWNERS
from tools.postgres.server import Server

DEFAULT_PRIVILEGES_AT_MOST = 512
PASSWORD_VARIABLE = "BENCH_PASSWORD"


def has_pgroles() -> bool:
    """Return whether pgroles is installed; that requires Rust."""
    return (PEERS / "pgroles").exists()


def manifest(database: str, schemas: int) -> dict[str, Any]:
    """Return the desired state for pgroles, which refuses one with more than 512 default privileges."""
    names = [f"s{number}" for number in range(schemas)]
    on_database = {"role": GROUP, "privileges": ["CONNECT"], "object": {"type": "database", "name": database}}
    on_schemas = [
        {"role": GROUP, "privileges": ["USAGE"], "object": {"type": "schema", "name": name}} for name in names
    ]
    on_tables = [
        {"role": GROUP, "privileges": ["SELECT"], "object": {"type": kind, "schema": name, "name": "*"}}
        for name in names
        for kind in ("table", "view")
    ]
    return {
        "roles": [
            {"name": GROUP, "login": False},
            {"name": USER, "login": True, "password": {"from_env": PASSWORD_VARIABLE}},
        ],
        "grants": [on_database, *on_schemas, *on_tables],
        "default_privileges": [
            {
                "owner": f"owner{number % OWNERS}",
                "schema": name,
                "grant": [{"role": GROUP, "privileges": ["SELECT"], "on_type": "table"}],
            }
            for number, name in enumerate(names)
        ],
        "memberships": [{"role": GROUP, "members": [{"name": USER}]}],
    }


def pgroles(server: Server, database: str, schemas: int) -> None:
    """Do the job with pgroles, in a separate process."""
    url = f"postgres://{server.user}:{server.password}@{server.host}:{server.port}/{database}"
    environment = {**os.environ, "DATABASE_URL": url, PASSWORD_VARIABLE: PASSWORD}
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as content:
        json.dump(manifest(database, schemas), content)
        content.flush()
        command = [str(PEERS / "pgroles"), "apply", "--file", content.name]
        subprocess.run(command, env=environment, check=True, capture_output=True)
