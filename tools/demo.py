"""The main job, shown on an embedded PostgreSQL with a sample warehouse.

Run it with "make demo". It needs no server, no container engine and no Galaxy, and leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Sequence

import psycopg2

from tools.postgres.server import Server, running

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

ACCIDENTS = """\
GRANT SELECT ON payroll.salaries TO PUBLIC;
CREATE TABLE hr.candidates (id int);
REVOKE ALL ON hr.candidates FROM metamapper_readers;
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


def play(directory: Path, environment: dict[str, str], *options: str, playbook: str = "grant_metamapper.yml") -> int:
    """Run a playbook from the user's directory, and return its exit status."""
    command = ["ansible-playbook", "-i", "inventory.yml", playbook, *options]
    print("$ " + " ".join(command), flush=True)
    return subprocess.run(command, cwd=directory, env=environment, check=False).returncode


def must(succeed: bool, status: int) -> None:
    """Raise SystemExit where a playbook ended otherwise than the story says."""
    if (status == 0) is not succeed:
        raise SystemExit(
            f"The demo expected the playbook to {'succeed' if succeed else 'fail'}; it ended with {status}."
        )


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


def break_and_mend(server: Server, directory: Path, environment: dict[str, str]) -> None:
    """Let somebody break what Metamapper sees, find it, and run the remedies that are shown."""
    verify = "metamapper.postgresql.verify_metamapper"
    say("Somebody makes a table of a closed schema readable for everybody, and another one unreadable")
    print(ACCIDENTS, flush=True)
    server.execute(ACCIDENTS, database="warehouse")
    must(False, play(directory, environment, playbook=verify))
    say("The remedies that the report shows, copied and run by the administrator")
    for remedy in remedies(directory / "metamapper-report" / "report.json"):
        print(f"warehouse=# {remedy}", flush=True)
        server.execute(remedy, database="warehouse")
    say("Nothing is missing any more, and nothing breaks the scan")
    must(True, play(directory, environment, playbook=verify))


def remedies(report: Path) -> list[str]:
    """Return the remedies of the failures in a report, each once."""
    servers = json.loads(report.read_text())["servers"]
    findings = [finding for server in servers for finding in server["findings"]]
    return list(dict.fromkeys(finding["remedy"]["text"] for finding in findings if finding["severity"] == "failure"))


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
    must(True, play(directory, environment, "--check", "--diff"))
    say("The first run: it grants, logs in as Metamapper does, and looks")
    must(True, play(directory, environment))
    say("The second run changes nothing")
    must(True, play(directory, environment))
    say("What Metamapper sees, and what it may read")
    look(server, password)
    say("A table that is created tomorrow is seen as well")
    server.execute("SET ROLE etl; CREATE TABLE sales.tomorrow (id int)", database="warehouse")
    look(server, password)
    break_and_mend(server, directory, environment)
    say("The server is stopped, and its files are removed")


def main(arguments: Sequence[str]) -> None:
    """Run the demo; an argument is the major version of PostgreSQL, 17 without one."""
    with running(*arguments[:1]) as server, tempfile.TemporaryDirectory(prefix="mm-demo-") as directory:
        demonstrate(server, Path(directory))


if __name__ == "__main__":
    main(sys.argv[1:])
