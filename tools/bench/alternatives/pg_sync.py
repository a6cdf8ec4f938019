# SPDX-License-Identifier: GPL-3.0-or-later
"""The job as pg-sync-roles does it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tools.bench.access import GROUP, PASSWORD, USER
from tools.bench.alternatives import PEERS
from tools.postgres.server import Server


def has_pg_sync() -> bool:
    """Return whether the virtual environment of the alternatives exists, which "make bench" creates."""
    return (PEERS / "python").exists()


def pg_sync(server: Server, database: str, schemas: int) -> None:
    """Do the job with pg-sync-roles, in a separate process."""
    url = {"username": server.user, "password": server.password, "host": server.host, "port": server.port}
    job = {
        "url": {**url, "database": database},
        "database": database,
        "schemas": schemas,
        "group": GROUP,
        "user": USER,
        "user_password": PASSWORD,
    }
    command = [str(PEERS / "python"), str(Path(__file__).parent / "pg_sync_job.py")]
    subprocess.run(command, input=json.dumps(job), text=True, check=True)
