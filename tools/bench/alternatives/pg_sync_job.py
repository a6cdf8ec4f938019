# SPDX-License-Identifier: GPL-3.0-or-later
"""The job as pg-sync-roles does it, without default privileges, which it does not support; reads it as JSON on stdin.

Runs in the virtual environment of the alternatives, not in that of the collection.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any, Mapping

import sqlalchemy
from pg_sync_roles import DatabaseConnect, Login, RoleMembership, SchemaUsage, TableSelect, sync_roles

EVERY_TABLE = re.compile(".*")


def sync(job: Mapping[str, Any]) -> None:
    """Grant to the group, directly and not through a role for each object, and make the user a member of it."""
    grants: list[Any] = [DatabaseConnect(job["database"])]
    for number in range(job["schemas"]):
        grants.append(SchemaUsage(f"s{number}", direct=True))
        grants.append(TableSelect(f"s{number}", EVERY_TABLE, direct=True))
    with sqlalchemy.create_engine(sqlalchemy.URL.create("postgresql+psycopg2", **job["url"])).connect() as connection:
        sync_roles(connection, job["group"], grants=tuple(grants))
        login = Login(password=job["user_password"])
        sync_roles(connection, job["user"], grants=(login, RoleMembership(job["group"])))


if __name__ == "__main__":
    sync(json.load(sys.stdin))
