"""Times the access task beside the published guide's SQL and beside the raw statements, on a schema-rich database.

Run it with "make bench" (SCHEMAS=1000 TABLES=20 PG=17 RUNS=3). Each run makes fresh copies of one database and takes
the candidates in turn, so that they meet the same machine. What counts are the ratios, not the seconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Callable, Iterator

from tests.support.modules import run_module
from tests.support.playbooks import run_playbook
from tests.support.postgres import Server, running

SCHEMAS = int(os.environ.get("SCHEMAS") or 1000)
TABLES = int(os.environ.get("TABLES") or 20)
RUNS = int(os.environ.get("RUNS") or 3)
OWNERS = 5
TEMPLATE = "bench_template"
DATABASE = "bench"
GROUP = "metamapper_readers"
PASSWORD = "bench-only"
NAMES_PER_STATEMENT = 500


def build(server: Server) -> None:
    """Make the database that each run gets a copy of: tables and a view in each schema, five owners."""
    server.execute(f"CREATE DATABASE {TEMPLATE}")
    with contextlib.closing(server.connect(TEMPLATE)) as connection, connection.cursor() as cursor:
        cursor.execute("; ".join(f"CREATE ROLE owner{number}" for number in range(OWNERS)))
        for number in range(SCHEMAS):
            owner = f"owner{number % OWNERS}"
            tables = "; ".join(f"CREATE TABLE s{number}.t{table} (id int)" for table in range(TABLES - 1))
            cursor.execute(f"CREATE SCHEMA s{number} AUTHORIZATION {owner}; SET ROLE {owner}; {tables}")
            cursor.execute(f"CREATE VIEW s{number}.v AS SELECT 1 AS one; RESET ROLE")


def guide() -> Iterator[str]:
    """Yield the published guide's statements, with two names for user and group so that they work at all."""
    yield f"CREATE USER metamapper WITH PASSWORD '{PASSWORD}'"
    yield f"CREATE ROLE {GROUP}"
    yield f"ALTER GROUP {GROUP} ADD USER metamapper"
    for number in range(SCHEMAS):
        yield f"GRANT USAGE ON SCHEMA s{number} TO GROUP {GROUP}"
        yield f"GRANT SELECT ON ALL TABLES IN SCHEMA s{number} TO GROUP {GROUP}"
        yield f"ALTER DEFAULT PRIVILEGES IN SCHEMA s{number} GRANT SELECT ON TABLES TO {GROUP}"


def floor() -> Iterator[str]:
    """Yield the raw statements that anything has to send that grants the same: named lists."""
    yield f"CREATE ROLE {GROUP}"
    names = [f"s{number}" for number in range(SCHEMAS)]
    yield f"GRANT USAGE ON SCHEMA {', '.join(names)} TO {GROUP}"
    for owner in range(OWNERS):
        theirs = ", ".join(name for number, name in enumerate(names) if number % OWNERS == owner)
        yield f"ALTER DEFAULT PRIVILEGES FOR ROLE owner{owner} IN SCHEMA {theirs} GRANT SELECT ON TABLES TO {GROUP}"
    relations = [f"{name}.{relation}" for name in names for relation in [*(f"t{t}" for t in range(TABLES - 1)), "v"]]
    for start in range(0, len(relations), NAMES_PER_STATEMENT):
        yield f"GRANT SELECT ON TABLE {', '.join(relations[start : start + NAMES_PER_STATEMENT])} TO {GROUP}"


def psql(server: Server, statements: Iterator[str]) -> None:
    """Run statements through psql in one transaction."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write("".join(f"{statement};\n" for statement in statements))
        script.flush()
        options = ["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", script.name]
        where = ["-h", server.host, "-p", str(server.port), "-U", server.user, "-d", DATABASE]
        environment = {**os.environ, "PGPASSWORD": server.password}
        subprocess.run([str(server.home / "bin" / "psql"), *options, *where], env=environment, check=True)


def direct(server: Server, statements: Iterator[str]) -> None:
    """Run statements over one open connection in one transaction."""
    with contextlib.closing(server.connect(DATABASE)) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN; " + "; ".join(statements) + "; COMMIT")


def options(server: Server) -> dict[str, object]:
    """Return the options of the module."""
    return {
        "login_host": server.host,
        "login_port": server.port,
        "login_password": server.password,
        "users": [{"name": "metamapper", "password": PASSWORD}],
        "databases": [{"name": DATABASE, "schemas": ["s*"]}],
    }


def task(server: Server, module: str) -> None:
    """Run one task by ansible-playbook: the module, or one that does nothing."""
    arguments = options(server) if module.startswith("metamapper") else {}
    tasks = [{"name": "The task", module: arguments}]
    play = [{"name": "Bench", "hosts": "all", "gather_facts": False, "connection": "local", "tasks": tasks}]
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "bench.yml").write_text(json.dumps(play))
        run_playbook(Path(directory), "bench.yml", {"ansible_python_interpreter": sys.executable}).ok()


def fresh(server: Server) -> None:
    """Make a fresh copy of the database, and no roles."""
    server.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
    for role in ("metamapper", GROUP):
        server.execute(f"DROP ROLE IF EXISTS {role}")
    server.execute(f"CREATE DATABASE {DATABASE} TEMPLATE {TEMPLATE}")


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def one_run(server: Server) -> Iterator[tuple[str, float]]:
    """Yield each candidate with its seconds."""
    has_psql = (server.home / "bin" / "psql").exists()
    if has_psql:
        fresh(server)
        yield "guide, psql, one transaction", timed(lambda: psql(server, guide()))
        fresh(server)
        yield "raw named statements, psql", timed(lambda: psql(server, floor()))
    fresh(server)
    yield "raw named statements, open connection", timed(lambda: direct(server, floor()))
    fresh(server)
    yield "module, first run", timed(lambda: run_module("access", options(server)).ok())
    yield "module, second run", timed(lambda: run_module("access", options(server)).ok())
    fresh(server)
    yield "task, first run", timed(lambda: task(server, "metamapper.postgresql.access"))
    yield "task, second run", timed(lambda: task(server, "metamapper.postgresql.access"))
    yield "task, empty module", timed(lambda: task(server, "ansible.builtin.ping"))


def main() -> None:
    """Print a table of medians, spreads and ratios, and the same as JSON."""
    found: dict[str, list[float]] = defaultdict(list)
    with running(os.environ.get("PG") or "17", settings=["log_statement=none", "max_wal_size=8GB"]) as server:
        build(server)
        for _run in range(RUNS):
            for name, seconds in one_run(server):
                found[name].append(seconds)
    base = statistics.median(next(iter(found.values())))
    print(f"{SCHEMAS} schemas x {TABLES} relations, PostgreSQL {os.environ.get('PG') or '17'}, {RUNS} runs")
    print("| candidate | median s | min-max s | ratio to the first |\n|---|---|---|---|")
    for name, times in found.items():
        median = statistics.median(times)
        print(f"| {name} | {median:.2f} | {min(times):.2f}-{max(times):.2f} | {median / base:.3f} |")
    print(json.dumps({"schemas": SCHEMAS, "tables": TABLES, "seconds": found}))


if __name__ == "__main__":
    main()
