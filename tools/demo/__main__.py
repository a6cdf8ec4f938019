# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: grants, breaks, verifies and repairs access, on a temporary PostgreSQL server.

Run it with "make demo". It needs neither a server nor a container engine. The files that it used and the output stay
in .cache/demo; the server is removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Sequence, TextIO

import psycopg2

from tools.demo.highlights import Kind, highlights
from tools.packaging.collection import COLLECTIONS, environment, program
from tools.postgres.server import DEFAULT_MAJOR, Server, running

ROOT = Path(__file__).resolve().parent.parent.parent
DIRECTORY = Path(os.environ.get("MM_CACHE", ROOT / ".cache")) / "demo"
WAREHOUSE = (ROOT / "tools" / "warehouse.sql").read_text()
GRANT = "metamapper.postgresql.grant_metamapper"
VERIFY = "metamapper.postgresql.verify_metamapper"

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

TOMORROW = "SET ROLE etl; CREATE TABLE sales.tomorrow (id int);"

ACCIDENTS = """\
GRANT SELECT ON payroll.salaries TO PUBLIC;
CREATE TABLE hr.candidates (id int);
REVOKE ALL ON hr.candidates FROM metamapper_readers;
"""


class Story:
    """Runs commands in a directory, prints the important lines of their output, and logs all of it there."""

    def __init__(self, directory: Path, variables: dict[str, str]) -> None:
        self.directory = directory
        self.log = directory / "output.log"
        own = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOWS": "1"}
        self._environment = {**environment(COLLECTIONS, directory), **own, **variables}

    def play(self, playbook: str, *options: str, shown: Sequence[Kind] = (), must_fail: bool = False) -> None:
        """Run a playbook and print its recap and the ``shown`` lines; raises SystemExit if it ends unexpectedly."""
        command = ["ansible-playbook", "-i", "inventory.yml", playbook, *options]
        say("$ " + " ".join(command))
        with self.log.open("a") as log, self._started(command) as process:
            log.write(f"$ {' '.join(command)}\n")
            for kind, text in highlights(_copied(process, log)):
                if kind == "recap" or kind in shown:
                    say("  " + text)
        if (process.returncode != 0) is not must_fail:
            raise SystemExit(
                f"This run was meant to {'fail' if must_fail else 'succeed'}, and ended with {process.returncode}. "
                f"All that it printed is in {self.log}."
            )

    def _started(self, command: Sequence[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [program(command[0]), *command[1:]],
            cwd=self.directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def _copied(process: subprocess.Popen[str], log: TextIO) -> Iterator[str]:
    for line in process.stdout or ():
        log.write(line)
        yield line


def say(text: str) -> None:
    """Print a text and flush it."""
    print(text, flush=True)


def heading(text: str) -> None:
    """Print the heading of the next step."""
    say(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}")


def read(server: Server, password: str, *relations: str) -> None:
    """Log in as Metamapper, and show for each relation whether it can be read."""
    login = server.connect("warehouse", user="metamapper", password=password)
    with contextlib.closing(login), login.cursor() as cursor:
        for relation in relations:
            say(f"warehouse=> SELECT * FROM {relation};  -- {_answer(cursor, relation)}")


def _answer(cursor: psycopg2.extensions.cursor, relation: str) -> str:
    try:
        cursor.execute(f"SELECT * FROM {relation}")
    except psycopg2.Error as error:
        return str(error).splitlines()[0]
    return "allowed"


def administer(server: Server, statements: str) -> None:
    """Print statements and run them as the administrator."""
    for statement in statements.splitlines():
        say(f"warehouse=# {statement}")
    server.execute(statements, database="warehouse")


def remedies(report: Path) -> list[str]:
    """Return the remedies of the failures in a report, without duplicates."""
    servers = json.loads(report.read_text())["servers"]
    findings = [finding for server in servers for finding in server["findings"]]
    return list(dict.fromkeys(finding["remedy"]["text"] for finding in findings if finding["severity"] == "failure"))


def grant(story: Story, server: Server, password: str) -> None:
    """Grant access, and show the result."""
    heading("1. Check mode: what would change, on a server that has neither the user nor the group yet")
    story.play(GRANT, "--check", "--diff", shown=["difference"])
    heading("2. The same without check mode: access is granted, then verified by logging in as Metamapper does")
    story.play(GRANT, shown=["message"])
    heading("3. Once more: nothing is missing, so nothing changes (changed=0)")
    story.play(GRANT)
    heading("4. What the user metamapper may read: what was granted, also if it is created later, and nothing else")
    administer(server, TOMORROW)
    read(server, password, "sales.orders", "sales.tomorrow", "payroll.salaries", "tenant_test_1.settings")


def break_and_repair(story: Story, server: Server) -> None:
    """Break Metamapper's access, verify it, and run the remedies of the report."""
    heading("5. Somebody makes a change that breaks Metamapper's scan, and another that hides a table from it")
    administer(server, ACCIDENTS)
    heading("This run is meant to fail: it finds both, and says what repairs them")
    broken = "broken-report"
    story.play(VERIFY, "-e", f"metamapper_report_directory={broken}", shown=["message", "failure"], must_fail=True)
    heading("6. The administrator runs the remedies of that report, and verifies again")
    administer(server, "\n".join(remedies(story.directory / broken / "report.json")))
    story.play(VERIFY, shown=["message"])


def tell(server: Server) -> None:
    """Run all steps of the demo in an empty directory."""
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(parents=True)
    password = secrets.token_urlsafe(16)
    story = Story(DIRECTORY, {"ADMIN_PASSWORD": server.password, "METAMAPPER_PASSWORD": password})
    server.execute("CREATE DATABASE warehouse")
    server.execute(WAREHOUSE, database="warehouse")
    (DIRECTORY / "inventory.yml").write_text(INVENTORY.format(host=server.host, port=server.port))
    version = server.execute("SHOW server_version")[0][0]
    say(f"PostgreSQL {version} listens on port {server.port}. Shown is what matters; all output is in {story.log}")
    say(f"\n$ cat inventory.yml\n{INVENTORY.format(host=server.host, port=server.port)}".rstrip())
    grant(story, server, password)
    break_and_repair(story, server)


def main(arguments: Sequence[str]) -> None:
    """Run the demo; the argument, if any, is the major version of PostgreSQL."""
    major = arguments[0] if arguments else DEFAULT_MAJOR
    # Signals raise an exception, so that the server is removed however the demo ends.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))
    say(f"Starting PostgreSQL {major} with a sample warehouse. The demo takes about 20 seconds ...")
    with running(major) as server:
        tell(server)
    heading("The server has been stopped and removed. Open the reports, of the failed run and of the last one:")
    say(str(DIRECTORY / "broken-report" / "report.html"))
    say(str(DIRECTORY / "metamapper-report" / "report.html"))


if __name__ == "__main__":
    main(sys.argv[1:])
