# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one job in a separate process and measures it: ``python -m tools.bench.child``, with the job on stdin.

A module runs as Ansible runs it, with its result on standard output. The measurements go to standard error.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping
from unittest import mock

import psycopg2
import psycopg2.extensions
from ansible.module_utils import basic

from tests.support.postgres.consumer import TABLES_AND_COLUMNS
from tools.runners.modules import COLLECTION, ROOT

# Words that distinguish Metamapper's queries, which the module also runs, from the module's own.
CONSUMERS_FORM = ("information_schema.columns", "pg_stat_user_indexes", "metamapper_rows")

spent: dict[str, float] = {"consumer": 0.0, "own": 0.0}


class TimedCursor(psycopg2.extensions.cursor):
    """A cursor that adds up the time waited, separately for Metamapper's queries and the module's own."""

    def execute(self, query: Any, parameters: Any = None) -> None:
        """Run a statement."""
        self._is_consumers = any(word in str(query) for word in CONSUMERS_FORM)
        with self._timed():
            super().execute(query, parameters)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows."""
        with self._timed():
            return super().fetchall()

    @contextlib.contextmanager
    def _timed(self) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            spent["consumer" if self._is_consumers else "own"] += time.perf_counter() - start


def peak_megabytes() -> float:
    """Return the peak memory of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def scan(way: Mapping[str, Any]) -> Callable[[], None]:
    """Return a function that runs Metamapper's query as Metamapper does, fetching all rows at once."""
    return lambda: _scanned(way)


def _scanned(way: Mapping[str, Any]) -> None:
    with contextlib.closing(psycopg2.connect(**way)) as connection, connection.cursor() as cursor:
        cursor.execute(TABLES_AND_COLUMNS)
        cursor.fetchall()


def module(name: str, options: Mapping[str, Any]) -> Callable[[], None]:
    """Return the main() of a module of this collection, with its options where Ansible puts them."""
    arguments = {**options, "_ansible_remote_tmp": "/tmp"}
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    connect = psycopg2.connect
    mock.patch.object(psycopg2, "connect", lambda **way: connect(cursor_factory=TimedCursor, **way)).start()
    work: Callable[[], None] = importlib.import_module(f"{COLLECTION}.modules.{name}").main
    return work


def main() -> None:
    """Do the job on standard input, and print the measurements."""
    job = json.load(sys.stdin)
    what, options = job["what"], job["options"]
    work = scan(options) if what == "scan" else module(what, options)
    before = peak_megabytes()
    start = time.perf_counter()
    with contextlib.suppress(SystemExit):
        work()
    took = time.perf_counter() - start
    peak = peak_megabytes()
    memory = {"megabytes": peak, "megabytes_more": peak - before}
    print(json.dumps({"main": took, **memory, **spent}), file=sys.stderr)


def run(what: str, options: Mapping[str, Any]) -> dict[str, float]:
    """Do a job in a child: "scan" with psycopg2's parameters, or a module by name; return seconds and megabytes.

    "process" is the time of the whole child, "main" that after Python's start; "consumer" and "own" are the waits for
    the server in Metamapper's queries and the module's own; "megabytes" is the child's peak memory, "megabytes_more"
    its growth after the start.
    Raises AssertionError with the message of a module that fails.
    """
    command = [sys.executable, "-m", "tools.bench.child"]
    start = time.perf_counter()
    ended = subprocess.run(
        command,
        input=json.dumps({"what": what, "options": options}),
        text=True,
        capture_output=True,
        cwd=ROOT,
        check=True,
    )
    took = time.perf_counter() - start
    if ended.stdout and json.loads(ended.stdout).get("failed"):
        raise AssertionError(json.loads(ended.stdout)["msg"])
    return {"process": took, **json.loads(ended.stderr.splitlines()[-1])}


if __name__ == "__main__":
    main()
