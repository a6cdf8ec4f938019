# SPDX-License-Identifier: GPL-3.0-or-later
"""The job as ldap2pg does it, without an LDAP directory: its configuration file contains everything."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile

from tools.bench.access import GROUP, USER
from tools.bench.alternatives import PEERS
from tools.bench.content import OWNERS
from tools.postgres.server import Server

# Queried once for all schemas and owners; ldap2pg creates default privileges only for owners that it manages.
LDAP2PG_SCHEMAS = """
SELECT n.nspname, ARRAY[pg_catalog.pg_get_userbyid(n.nspowner)::text]
  FROM pg_catalog.pg_namespace n
 WHERE n.nspname ~ '^s[0-9]+$'
 ORDER BY 1
"""


def has_ldap2pg() -> bool:
    """Return whether ldap2pg is installed: that requires OpenLDAP's headers, although no directory is queried."""
    return (PEERS / "ldap2pg").exists()


def ldap2pg(server: Server, database: str) -> None:
    """Do the job with ldap2pg, in a separate process."""
    owners = [f"owner{number}" for number in range(OWNERS)]
    readers, user = {"name": GROUP, "options": "NOLOGIN"}, {"name": USER, "options": "LOGIN", "parents": [GROUP]}
    content = {
        "version": 5,
        "postgres": {
            "databases_query": [database],
            "schemas_query": LDAP2PG_SCHEMAS,
            "roles_blacklist_query": [server.user, "pg_*"],
        },
        "privileges": {"reader": ["__connect__", "__usage_on_schemas__", "__select_on_tables__"]},
        "sync_map": [
            {"roles": [{"names": owners}, readers, user]},
            {"grant": {"privilege": "reader", "role": GROUP, "database": database, "schema": "__all__"}},
        ],
    }
    way = {"PGHOST": server.host, "PGPORT": str(server.port), "PGUSER": server.user, "PGDATABASE": database}
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as configuration:
        json.dump(content, configuration)
        configuration.flush()
        command = [str(PEERS / "ldap2pg"), "--config", configuration.name, "--real"]
        environment = {**os.environ, **way, "PGPASSWORD": server.password}
        subprocess.run(command, env=environment, check=True, capture_output=True)  # it prints every GRANT
