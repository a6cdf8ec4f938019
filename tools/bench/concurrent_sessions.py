# SPDX-License-Identifier: GPL-3.0-or-later
"""Other sessions use the tables while a first run grants on them: a reader, a writer, and one that locks tables."""

from __future__ import annotations

import contextlib
import itertools
import statistics
import threading
import time
from dataclasses import dataclass, field
from typing import Callable, Iterable, Iterator, Mapping, Sequence

import psycopg2

from tools.bench import child
from tools.bench.access import SETTINGS, access, forget
from tools.bench.alternatives.raw import floor, run_directly
from tools.bench.content import Size
from tools.bench.figures import Figure, Goal, Key, amount
from tools.bench.scenario import Scenario, Turn
from tools.bench.sizes import Sizes
from tools.postgres.server import Server, running

DATABASE = "bench"
LOCKS_EACH_NAME_SINCE = "18"  # from there on, a GRANT takes a slot of the lock table for each name
BEFORE_SECONDS = 2.0
PAUSE_SECONDS = 0.001
LOCK_TIMEOUT_MS = 5000  # the default of the module access
LOCKED_SCHEMAS = 50
LOCK_TABLES = f"""
DO $$ DECLARE tables text; BEGIN
  SELECT string_agg(c.oid::regclass::text, ', ') INTO tables
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'r' AND n.nspname IN (SELECT 's' || number FROM generate_series(0, {LOCKED_SCHEMAS - 1}) number);
  EXECUTE 'LOCK TABLE ' || tables || ' IN ACCESS SHARE MODE';
END $$
"""
JOBS = {
    "a reader": ("SELECT count(*) FROM s0.t0", "SELECT count(*) FROM s1.t0"),
    "a writer": ("INSERT INTO s0.t1 VALUES (1)", "UPDATE s1.t1 SET id = id + 1"),
    f"a dump, which locks the tables of {LOCKED_SCHEMAS} schemas": (LOCK_TABLES,),
}
OURS, RAW = "module access", "raw named statements, one transaction"


@dataclass
class Neighbour:
    """A session that repeats its statements, and records how long each took and how many failed."""

    server: Server
    statements: Sequence[str]
    milliseconds: list[float] = field(default_factory=list)
    failures: int = 0

    def work(self, ended: threading.Event) -> None:
        """Repeat the statements until ``ended`` is set."""
        with contextlib.closing(self.server.connect(DATABASE)) as connection, connection.cursor() as cursor:
            for statement in itertools.cycle(self.statements):
                start = time.perf_counter()
                try:
                    cursor.execute(statement)
                except psycopg2.Error:
                    self.failures += 1
                self.milliseconds.append((time.perf_counter() - start) * 1000)
                if ended.wait(PAUSE_SECONDS):
                    break


def together(server: Server, during: Callable[[], object]) -> dict[str, Neighbour]:
    """Run all neighbours while ``during`` runs, and return them by name."""
    found = {name: Neighbour(server, statements) for name, statements in JOBS.items()}
    ended = threading.Event()
    threads = [threading.Thread(target=one.work, args=(ended,)) for one in found.values()]
    for thread in threads:
        thread.start()
    try:
        during()
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    return found


class Shared(Size):
    """One database that all sessions use, on a server with its default lock settings."""

    @property
    def part(self) -> str:
        """The label in the tables."""
        return f"{self.schemas * self.relations:,} relations, PostgreSQL {self.server.major}"

    def figures(self, when: str, found: Mapping[str, Neighbour]) -> Iterator[Figure]:
        """Yield the waits and failures of the concurrent sessions."""
        for name, one in found.items():
            yield Figure(self.part, f"{name}, {when}: median", statistics.median(one.milliseconds), "ms")
            yield Figure(self.part, f"{name}, {when}: longest", max(one.milliseconds), "ms")
            yield Figure(self.part, f"{name}, {when}: failed", one.failures, "statements")

    def by_access(self) -> Iterable[Figure]:
        """Measure the concurrent sessions before and during a first run of the module."""
        forget(self.server)
        yield from self.figures("before", together(self.server, lambda: time.sleep(BEFORE_SECONDS)))
        options = access(self.server, DATABASE)
        yield from self.figures(f"during {OURS}", together(self.server, lambda: child.run("access", options)))

    def raw(self) -> Iterable[Figure]:
        """Measure the concurrent sessions during the raw statements, run without a lock timeout."""
        forget(self.server)
        statements = list(floor(self.schemas, self.relations))
        refused: list[str] = []
        found = together(self.server, lambda: refused.extend(self.refusal(statements)))
        yield from self.figures(f"during {RAW}", found)
        yield Figure(self.part, f"{RAW}: failed", len(refused), "transactions")

    def refusal(self, statements: Sequence[str]) -> Iterator[str]:
        """Run the statements; yield the SQLSTATE that ended them, if one did."""
        try:
            run_directly(self.server, DATABASE, statements)
        except psycopg2.Error as error:
            yield error.pgcode or ""

    def goals(self) -> Iterator[Goal]:
        """Yield the goals for every neighbour."""
        for name in JOBS:
            longest: Key = (self.part, f"{name}, during {OURS}: longest")
            yield amount(f"{self.part}: {name}: longest wait", longest, LOCK_TIMEOUT_MS, "ms")
            yield amount(f"{self.part}: {name}: failed", (self.part, f"{name}, during {OURS}: failed"), 0, "")


@contextlib.contextmanager
def concurrent_sessions(sizes: Sizes) -> Iterator[Scenario]:
    """Build one database of the largest size, on two servers."""
    turns: list[Turn] = []
    goals: list[Goal] = []
    with contextlib.ExitStack() as stack:
        for major in dict.fromkeys((sizes.major, LOCKS_EACH_NAME_SINCE)):
            server = stack.enter_context(running(major, settings=SETTINGS))
            shared = Shared(server, max(sizes.schemas), sizes.relations)
            shared.build(DATABASE)
            turns += [shared.by_access, shared.raw]
            goals += shared.goals()
        yield Scenario("Sessions beside a first run", turns, goals)
