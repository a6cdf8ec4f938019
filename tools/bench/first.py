# SPDX-License-Identifier: GPL-3.0-or-later
"""A first run compared with the guide's SQL and the raw statements, on a fresh copy of a database each time."""

from __future__ import annotations

import contextlib
from typing import Callable, Iterable, Iterator

from tools.bench import child
from tools.bench.access import SETTINGS, access, forget, play, task
from tools.bench.alternatives.guide import guide, has_psql, psql
from tools.bench.alternatives.raw import floor, has_room_for_floor, run_directly
from tools.bench.content import NARROW, WIDE, Size
from tools.bench.figures import Figure, Goal, ratio
from tools.bench.scenario import Scenario, Turn, seconds
from tools.bench.sizes import Sizes
from tools.postgres.server import running

DATABASE = "bench"
GUIDE_UP_TO = 1000  # schemas: its time grows quadratically with them
GUIDE = "the guide's SQL, psql, one transaction"
FLOOR_PSQL = "raw named statements, psql, one transaction"
FLOOR = "raw named statements, open connection"
MODULE = "module access, whole process"
START = "of which Python's start and imports"
WAITED = "of which it waited for the database"
TASK = "task access, whole ansible-playbook"
ITSELF = "of which access itself, without the start of Ansible"
EMPTY = "task ansible.builtin.ping, which does nothing"
JUDGED_AT = 1000
GROWN_TO = 5000
NOTE = """\
The guide grants on ALL TABLES IN SCHEMA, which reads all of pg_class several times for each schema. So its time depends
on what else is in there: a table with a primary key and a column of type text has four rows in pg_class (the table, its
index, its TOAST table and the index of that), a table of one integer has one. Named grants do not read it.

Most of the time that the goals allow is gone with what no module can save: Ansible's own start (the task that does
nothing), or Python's, and the raw statements. The rest is the price of looking at everything before, under the lock,
and after, and of telling what changed."""


class Fresh(Size):
    """A database without any grant; each candidate gets a copy."""

    @property
    def part(self) -> str:
        """The label of this size in the tables."""
        return f"first apply, {self.words}"

    @property
    def template(self) -> str:
        """The name of the database that is copied."""
        return f"template, {self.words}"

    def fresh(self) -> None:
        """Drop the roles, and create a fresh copy of the database."""
        self.server.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        forget(self.server)
        self.server.execute(f'CREATE DATABASE {DATABASE} TEMPLATE "{self.template}"')

    def timed(self, name: str, work: Callable[[], object]) -> Turn:
        """Return a turn that measures some work on a fresh copy of the database."""

        def turn() -> Iterable[Figure]:
            self.fresh()
            yield Figure(self.part, name, seconds(work))

        return turn

    def module(self) -> Iterable[Figure]:
        """Measure the module alone."""
        self.fresh()
        took = child.run("access", access(self.server, DATABASE))
        yield Figure(self.part, MODULE, took["process"])
        yield Figure(self.part, START, took["process"] - took["main"])
        yield Figure(self.part, WAITED, took["own"] + took["consumer"])

    def task(self) -> Iterable[Figure]:
        """Measure the whole task, and its time without Ansible's start."""
        start = seconds(lambda: play([]))
        self.fresh()
        whole = seconds(lambda: task("metamapper.postgresql.access", access(self.server, DATABASE)))
        yield Figure(self.part, TASK, whole)
        yield Figure(self.part, ITSELF, whole - start)

    def turns(self) -> Iterator[Turn]:
        """Yield the candidates that are feasible at this size and available with this server."""
        server, statements = self.server, list(floor(self.schemas, self.relations))
        has_room = has_room_for_floor(server, self.schemas * self.relations)
        if has_psql(server) and self.schemas <= GUIDE_UP_TO:
            yield self.timed(GUIDE, lambda: psql(server, DATABASE, guide(self.schemas)))
        if has_psql(server) and has_room:
            yield self.timed(FLOOR_PSQL, lambda: psql(server, DATABASE, statements))
        if has_room:
            yield self.timed(FLOOR, lambda: run_directly(server, DATABASE, statements))
        yield self.module
        yield self.task
        yield self.timed(EMPTY, lambda: task("ansible.builtin.ping", {}))

    def goals(self) -> Iterator[Goal]:
        """Yield the goals, with limits only at the judged size."""
        for what, of, beside, at_most in (
            ("the whole task, beside the guide", TASK, GUIDE, 0.45 if self.shape is NARROW else 0.07),
            ("access itself, beside the guide", ITSELF, GUIDE, 0.25 if self.shape is NARROW else None),
            ("in the database, beside the raw statements", WAITED, FLOOR, 1.4),
        ):
            bound = at_most if self.schemas == JUDGED_AT else None
            yield Goal(f"{self.words}: {what}", ratio, (self.part, of), (self.part, beside), bound)


def growth(of: Iterable[Fresh]) -> Iterator[Goal]:
    """Yield the goals for the growth between two sizes, if both are measured."""
    parts = {size.schemas: size.part for size in of if size.shape is NARROW}
    if {JUDGED_AT, GROWN_TO} <= set(parts):
        for what, name in (("the whole task", TASK), ("the module alone", MODULE)):
            few, many = (parts[JUDGED_AT], name), (parts[GROWN_TO], name)
            yield Goal(f"from {JUDGED_AT:,} to {GROWN_TO:,} schemas: {what}", ratio, many, few, 5.5)


@contextlib.contextmanager
def first(sizes: Sizes) -> Iterator[Scenario]:
    """Build a database of each size; each candidate starts on a copy of it."""
    with running(sizes.major, settings=SETTINGS) as server:
        of = [
            Fresh(server, schemas, sizes.relations, shape)
            for schemas in sizes.schemas
            for shape in ((WIDE, NARROW) if schemas <= GUIDE_UP_TO else (NARROW,))
        ]
        for size in of:
            size.build(size.template)
        goals = [*(goal for size in of for goal in size.goals()), *growth(of)]
        yield Scenario("First apply", [turn for size in of for turn in size.turns()], goals, NOTE)
