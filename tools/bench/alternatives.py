"""What else does the job: the guide's SQL, and the raw statements that nobody can do without."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Iterable, Iterator

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import has_feature

from tools.bench.access import GROUP, PASSWORD, USER
from tools.bench.content import OWNERS
from tools.postgres.server import ROOT, Server

NAMES_IN_A_STATEMENT = 500
PEERS = ROOT / ".cache" / "bench" / "peers" / "bin"
# What is asked once for all schemas and their owners; ldap2pg makes default privileges only for owners it manages.
LDAP2PG_SCHEMAS = """
SELECT n.nspname, ARRAY[pg_catalog.pg_get_userbyid(n.nspowner)::text]
  FROM pg_catalog.pg_namespace n
 WHERE n.nspname ~ '^s[0-9]+$'
 ORDER BY 1
"""


def guide(schemas: int) -> Iterator[str]:
    """Yield the published guide's statements, with two names for user and group so that they work at all."""
    yield f"CREATE USER {USER} WITH PASSWORD '{PASSWORD}'"
    yield f"CREATE ROLE {GROUP}"
    yield f"ALTER GROUP {GROUP} ADD USER {USER}"
    for number in range(schemas):
        yield f"GRANT USAGE ON SCHEMA s{number} TO GROUP {GROUP}"
        yield f"GRANT SELECT ON ALL TABLES IN SCHEMA s{number} TO GROUP {GROUP}"
        yield f"ALTER DEFAULT PRIVILEGES IN SCHEMA s{number} GRANT SELECT ON TABLES TO {GROUP}"


def floor(schemas: int, relations: int) -> Iterator[str]:
    """Yield the raw statements that anything has to send that grants the same as module access: named lists."""
    yield f"CREATE ROLE {GROUP}"
    names = [f"s{number}" for number in range(schemas)]
    yield f"GRANT USAGE ON SCHEMA {', '.join(names)} TO {GROUP}"
    for owner in range(min(OWNERS, schemas)):
        theirs = ", ".join(name for number, name in enumerate(names) if number % OWNERS == owner)
        yield f"ALTER DEFAULT PRIVILEGES FOR ROLE owner{owner} IN SCHEMA {theirs} GRANT SELECT ON TABLES TO {GROUP}"
    tables = [f"{name}.{table}" for name in names for table in [*(f"t{t}" for t in range(relations - 1)), "v"]]
    for start in range(0, len(tables), NAMES_IN_A_STATEMENT):
        yield f"GRANT SELECT ON TABLE {', '.join(tables[start : start + NAMES_IN_A_STATEMENT])} TO {GROUP}"
    yield f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}' IN ROLE {GROUP}"


def has_room_for_floor(server: Server, names: int) -> bool:
    """Tell whether one transaction can name so many relations: from 18 on a GRANT takes a lock for each.

    https://www.postgresql.org/docs/current/runtime-config-locks.html
    """
    query = "SELECT pg_catalog.current_setting(%s)::int"
    settings = ("server_version_num", "max_locks_per_transaction", "max_connections")
    version, locks, connections = (server.execute(query, parameters=[name])[0][0] for name in settings)
    return bool(not has_feature(version, "lock_per_name") or names <= locks * connections)


def psql(server: Server, database: str, statements: Iterable[str]) -> None:
    """Run statements through psql in one transaction."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write("".join(f"{statement};\n" for statement in statements))
        script.flush()
        options = ["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", script.name]
        where = ["-h", server.host, "-p", str(server.port), "-U", server.user, "-d", database]
        environment = {**os.environ, "PGPASSWORD": server.password}
        subprocess.run([str(server.home / "bin" / "psql"), *options, *where], env=environment, check=True)


def has_psql(server: Server) -> bool:
    """Tell whether the server came with psql: that of the wheel did."""
    return (server.home / "bin" / "psql").exists()


def has_pg_sync() -> bool:
    """Tell whether the environment of the alternatives was made: "make bench" does."""
    return (PEERS / "python").exists()


def pg_sync(server: Server, database: str, schemas: int) -> None:
    """Let pg-sync-roles do it, in its own process."""
    url = {"username": server.user, "password": server.password, "host": server.host, "port": server.port}
    job = {
        "url": {**url, "database": database},
        "database": database,
        "schemas": schemas,
        "group": GROUP,
        "user": USER,
        "user_password": PASSWORD,
    }
    command = [str(PEERS / "python"), str(Path(__file__).parent / "pg_sync.py")]
    subprocess.run(command, input=json.dumps(job), text=True, check=True)


def has_ldap2pg() -> bool:
    """Tell whether ldap2pg could be installed: that needs the headers of OpenLDAP, although no directory is asked."""
    return (PEERS / "ldap2pg").exists()


def ldap2pg(server: Server, database: str) -> None:
    """Let ldap2pg do it, in its own process, without a directory: all it needs is in its file."""
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
        subprocess.run(command, env=environment, check=True, capture_output=True)  # it tells every GRANT


def run_directly(server: Server, database: str, statements: Iterable[str]) -> None:
    """Run statements over one open connection in one transaction."""
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN; " + "; ".join(statements) + "; COMMIT")
