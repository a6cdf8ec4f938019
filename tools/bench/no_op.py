# SPDX-License-Identifier: GPL-3.0-or-later
"""A no-op run: its time compared with a module that does nothing, and what it writes."""

from __future__ import annotations

import contextlib
import itertools
import time
from typing import Iterable, Iterator

from tools.bench import child
from tools.bench.access import SETTINGS, access, play, task
from tools.bench.content import Size
from tools.bench.figures import Figure, Goal, amount, ratio
from tools.bench.scenario import Scenario, Turn, seconds
from tools.bench.sizes import Sizes
from tools.postgres.server import running
from tools.postgres.snapshot import next_transaction_id
from tools.runners.modules import run_module

EMPTY = "task ansible.builtin.ping, which does nothing"
TASK = "task access, whole ansible-playbook"
AS_MODULE = "the same, as a module (metamapper_in_worker: false)"
NO_TASK = "no task at all, whole ansible-playbook"
MODULE = "module access, whole process"
MEMORY = "memory of access, above that of its process before"
START = "of which Python's start and imports"
WAITED = "of which it waited for the database"
STATEMENTS = "statements that write"
TUPLES = "rows of pg_class, pg_namespace, pg_default_acl, pg_auth_members, pg_authid written"
TRANSACTIONS = "transaction ids taken"
ONE_MORE = "module access after one relation was added, whole process"
ONE_MORE_TUPLES = "rows of the catalog written after one relation was added"
JUDGED_AT = 1000
HANDED_IN_SECONDS = 0.3  # a backend reports its counters when it ends, which is after its client has disconnected

# Rows written to the catalogs that granting changes, from the statistics to which a backend reports at its end.
WRITTEN = """
SELECT pg_catalog.sum(t.n_tup_ins + t.n_tup_upd + t.n_tup_del)::int
  FROM pg_catalog.pg_stat_all_tables t
 WHERE t.schemaname = 'pg_catalog'
   AND t.relname IN ('pg_class', 'pg_namespace', 'pg_default_acl', 'pg_auth_members', 'pg_authid')
"""


_numbers = itertools.count()


class Granted(Size):
    """A database on which everything has been granted."""

    @property
    def part(self) -> str:
        """The label of this size in the tables."""
        return f"no-op, {self.words}"

    @property
    def database(self) -> str:
        """The name of the database of this size."""
        return f"bench_{self.schemas}"

    def written(self) -> tuple[int, int]:
        """Return the catalog rows written so far, once all backends have reported, and the next transaction ID."""
        rows = -1
        while rows != (rows := int(self.server.execute(WRITTEN, database=self.database)[0][0])):
            time.sleep(HANDED_IN_SECONDS)
        return rows, next_transaction_id(self.server)

    def tasks(self) -> Iterable[Figure]:
        """Measure the task and an empty one, and what the task wrote."""
        options = access(self.server, self.database)
        yield Figure(self.part, EMPTY, seconds(lambda: task("ansible.builtin.ping", {})))
        yield Figure(self.part, NO_TASK, seconds(lambda: play([])))
        rows, transaction = self.written()
        yield Figure(self.part, TASK, seconds(lambda: task("metamapper.postgresql.access", options)))
        rows_after, transaction_after = self.written()
        as_module = {
            "name": "The task",
            "metamapper.postgresql.access": options,
            "vars": {"metamapper_in_worker": False},
        }
        yield Figure(self.part, AS_MODULE, seconds(lambda: play([as_module])))
        yield Figure(self.part, TUPLES, rows_after - rows, "rows")
        yield Figure(self.part, TRANSACTIONS, transaction_after - transaction, "ids")

    def module(self) -> Iterable[Figure]:
        """Measure the module alone, and the number of statements that it returns."""
        options = access(self.server, self.database)
        took = child.run("access", options)
        yield Figure(self.part, MODULE, took["process"])
        yield Figure(self.part, START, took["process"] - took["main"])
        yield Figure(self.part, WAITED, took["own"] + took["consumer"])
        yield Figure(self.part, MEMORY, took["megabytes_more"], "MB")
        yield Figure(self.part, STATEMENTS, len(run_module("access", options).ok().statements), "statements")

    def one_more(self) -> Iterable[Figure]:
        """Measure a run after a table was moved into a schema, to which default privileges do not apply."""
        name = f"moved_{next(_numbers)}"
        make = "CREATE SCHEMA IF NOT EXISTS other AUTHORIZATION owner0; SET ROLE owner0"
        move = f"CREATE TABLE other.{name} (id int); ALTER TABLE other.{name} SET SCHEMA s0"
        self.server.execute(f"{make}; {move}", database=self.database)
        rows, _transaction = self.written()
        yield Figure(self.part, ONE_MORE, child.run("access", access(self.server, self.database))["process"])
        yield Figure(self.part, ONE_MORE_TUPLES, self.written()[0] - rows, "rows")

    def goals(self) -> list[Goal]:
        """Return the goals: seconds at one size, and no writes at any size."""
        at_most = 0.95 if self.schemas == JUDGED_AT else None
        return [
            Goal(
                f"{self.schemas:,} schemas: the task, beside an empty module",
                ratio,
                (self.part, TASK),
                (self.part, EMPTY),
                at_most,
            ),
            amount(f"{self.schemas:,} schemas: {MEMORY}", (self.part, MEMORY), 80, "MB"),
            *(
                amount(f"{self.schemas:,} schemas: {what}", (self.part, what), 0, unit)
                for what, unit in ((STATEMENTS, ""), (TUPLES, ""), (TRANSACTIONS, ""))
            ),
            amount(f"{self.schemas:,} schemas: {ONE_MORE_TUPLES}", (self.part, ONE_MORE_TUPLES), 1, ""),
        ]


@contextlib.contextmanager
def no_op(sizes: Sizes) -> Iterator[Scenario]:
    """Build a database of each size, and grant everything on it."""
    with running(sizes.major, settings=SETTINGS) as server:
        of = [Granted(server, schemas, sizes.relations) for schemas in sizes.schemas]
        for size in of:
            size.build(size.database)
            run_module("access", access(server, size.database)).ok()
        turns: list[Turn] = [turn for size in of for turn in (size.tasks, size.module, size.one_more)]
        yield Scenario("No-op", turns, [goal for size in of for goal in size.goals()])
