"""The main job, shown on an embedded PostgreSQL with a sample warehouse.

Run it with "make demo". It needs no server, no container engine and no Galaxy, and leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Sequence

import psycopg2

from tests.support.postgres import Server, running

ROOT = Path(__file__).resolve().parent.parent
WAREHOUSE = (ROOT / "tools" / "warehouse.sql").read_text()

PLAYBOOK = """\
- import_playbook: metamapper.postgresql.grant_metamapper
"""

INVENTORY = """\
postgresql:
  hosts:
    {host}:
  vars:
    metamapper_login_port: {port}
    metamapper_login_password: "{{{{ lookup('ansible.builtin.env', 'ADMIN_PASSWORD') }}}}"
    metamapper_password: "{{{{ lookup('ansible.builtin.env', 'METAMAPPER_PASSWORD') }}}}"
    metamapper_databases:
      - name: warehouse
        schemas: [sales, hr, "tenant_*"]
        exclude_schemas: ["tenant_test_*"]
"""

SEEN = """
SELECT t.table_schema, t.table_name, lower(t.table_type)
  FROM information_schema.tables t
 WHERE t.table_schema NOT IN ('information_schema', 'pg_catalog')
 ORDER BY 1, 2
"""


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n\033[1m# {text}\033[0m" if sys.stdout.isatty() else f"\n# {text}", flush=True)


def show(path: Path) -> None:
    """Print a file that a user would write."""
    print(f"$ cat {path.name}\n{path.read_text()}", flush=True)


def play(directory: Path, environment: dict[str, str], *options: str) -> None:
    """Run the user's playbook, from the user's directory."""
    command = ["ansible-playbook", "-i", "inventory.yml", "grant_metamapper.yml", *options]
    print("$ " + " ".join(command), flush=True)
    subprocess.run(command, cwd=directory, env=environment, check=True)


def look(server: Server, password: str) -> None:
    """Show what the metamapper user sees."""
    login = server.connect("warehouse", user="metamapper", password=password)
    with contextlib.closing(login), login.cursor() as cursor:
        cursor.execute(SEEN)
        for schema, relation, kind in cursor.fetchall():
            print(f"  {schema}.{relation}  ({kind})")
        for relation in ("sales.order_counts", "payroll.salaries", "tenant_test_1.settings"):
            print(f"  SELECT from {relation}: {attempt(cursor, relation)}")


def attempt(cursor: psycopg2.extensions.cursor, relation: str) -> str:
    """Return how reading a relation ends."""
    try:
        cursor.execute(f"SELECT * FROM {relation}")
    except psycopg2.Error as error:
        return str(error).splitlines()[0]
    return f"ok, {cursor.rowcount} rows"


def demonstrate(server: Server, directory: Path) -> None:
    """Tell the story."""
    password = secrets.token_urlsafe(16)
    environment = {
        **os.environ,
        "ADMIN_PASSWORD": server.password,
        "METAMAPPER_PASSWORD": password,
        "ANSIBLE_NOCOWS": "1",
    }
    version = server.execute("SHOW server_version")[0][0]
    say(f"PostgreSQL {version} is running on port {server.port}, with a sample warehouse")
    server.execute("CREATE DATABASE warehouse")
    server.execute(WAREHOUSE, database="warehouse")
    (directory / "inventory.yml").write_text(INVENTORY.format(host=server.host, port=server.port))
    (directory / "grant_metamapper.yml").write_text(PLAYBOOK)
    show(directory / "inventory.yml")
    show(directory / "grant_metamapper.yml")

    say("What would change: a dry run, on a server where neither user nor group exist")
    play(directory, environment, "--check", "--diff")
    say("The first run")
    play(directory, environment)
    say("The second run changes nothing")
    play(directory, environment)
    say("What Metamapper sees, and what it may read")
    look(server, password)
    say("A table that is created tomorrow is seen as well")
    server.execute("SET ROLE etl; CREATE TABLE sales.tomorrow (id int)", database="warehouse")
    look(server, password)
    say("The server is stopped, and its files are removed")


def main(arguments: Sequence[str]) -> None:
    """Run the demo; an argument is the major version of PostgreSQL, 17 without one."""
    with running(*arguments[:1]) as server, tempfile.TemporaryDirectory(prefix="mm-demo-") as directory:
        demonstrate(server, Path(directory))


if __name__ == "__main__":
    main(sys.argv[1:])
