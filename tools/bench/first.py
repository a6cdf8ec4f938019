"""A first apply beside the guide's SQL and the raw statements, on a fresh copy of a database each time."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Iterable, Iterator

from tests.support.postgres import Server, running
from tools.bench import child
from tools.bench.content import build
from tools.bench.figures import Figure, Goal, ratio
from tools.bench.ours import SETTINGS, access, forget, task
from tools.bench.rivals import floor, guide, has_pg_sync, has_psql, pg_sync, psql, run_directly
from tools.bench.scenario import Scenario, Turn, seconds
from tools.bench.sizes import Sizes

DATABASE = "bench"
GUIDE_UP_TO = 1000  # schemas: its time grows with their square
GUIDE = "the guide's SQL, psql, one transaction"
FLOOR_PSQL = "raw named statements, psql, one transaction"
PG_SYNC = "pg-sync-roles, whole process (no default privileges)"
FLOOR = "raw named statements, open connection"
MODULE = "module access, whole process"
WAITED = "of which it waited for the database"
TASK = "task access, whole ansible-playbook"
JUDGED_AT = 1000
GROWN_TO = 5000


@dataclass(frozen=True)
class Size:
    """One size of database; its template is copied for each candidate."""

    server: Server
    schemas: int
    relations: int

    @property
    def part(self) -> str:
        """How tables name this size."""
        return f"first apply, {self.schemas:,} schemas × {self.relations} relations"

    @property
    def template(self) -> str:
        """The database that is copied."""
        return f"template_{self.schemas}"

    def fresh(self) -> None:
        """Make a fresh copy, and no roles."""
        self.server.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        forget(self.server)
        self.server.execute(f"CREATE DATABASE {DATABASE} TEMPLATE {self.template}")

    def guide(self) -> Iterable[Figure]:
        """Measure the guide."""
        self.fresh()
        yield Figure(self.part, GUIDE, seconds(lambda: psql(self.server, DATABASE, guide(self.schemas))))

    def pg_sync(self) -> Iterable[Figure]:
        """Measure pg-sync-roles."""
        self.fresh()
        yield Figure(self.part, PG_SYNC, seconds(lambda: pg_sync(self.server, DATABASE, self.schemas)))

    def floor_by_psql(self) -> Iterable[Figure]:
        """Measure the raw statements as the guide is run."""
        statements = floor(self.schemas, self.relations)
        self.fresh()
        yield Figure(self.part, FLOOR_PSQL, seconds(lambda: psql(self.server, DATABASE, statements)))

    def floor(self) -> Iterable[Figure]:
        """Measure what nobody can do without."""
        statements = list(floor(self.schemas, self.relations))
        self.fresh()
        yield Figure(self.part, FLOOR, seconds(lambda: run_directly(self.server, DATABASE, statements)))

    def module(self) -> Iterable[Figure]:
        """Measure the module alone."""
        self.fresh()
        took = child.run("access", access(self.server, DATABASE))
        yield Figure(self.part, MODULE, took["process"])
        yield Figure(self.part, WAITED, took["own"] + took["consumer"])

    def task(self) -> Iterable[Figure]:
        """Measure what a user waits for."""
        self.fresh()
        options = access(self.server, DATABASE)
        yield Figure(self.part, TASK, seconds(lambda: task("metamapper.postgresql.access", options)))

    def turns(self) -> list[Turn]:
        """Return the candidates that end at this size and on this server."""
        by_psql = [self.floor_by_psql] if has_psql(self.server) else []
        if has_psql(self.server) and self.schemas <= GUIDE_UP_TO:
            by_psql = [self.guide, self.floor_by_psql]
        if has_pg_sync() and self.schemas <= GUIDE_UP_TO:
            by_psql.append(self.pg_sync)
        return [*by_psql, self.floor, self.module, self.task]

    def goals(self) -> list[Goal]:
        """Return what is to be reached; at other sizes than the judged one the figures are shown."""
        bound = (lambda at_most: at_most) if self.schemas == JUDGED_AT else (lambda at_most: None)
        of = {name: (self.part, name) for name in (GUIDE, FLOOR, MODULE, WAITED, TASK)}
        return [
            Goal(
                f"{self.schemas:,} schemas: the whole task, beside the guide", ratio, of[TASK], of[GUIDE], bound(1 / 3)
            ),
            Goal(
                f"{self.schemas:,} schemas: the module alone, beside the guide",
                ratio,
                of[MODULE],
                of[GUIDE],
                bound(1 / 5),
            ),
            Goal(
                f"{self.schemas:,} schemas: in the database, beside the raw statements",
                ratio,
                of[WAITED],
                of[FLOOR],
                bound(2),
            ),
        ]


@contextlib.contextmanager
def first(sizes: Sizes) -> Iterator[Scenario]:
    """Build each size once, and let every candidate begin on a copy of it."""
    with running(sizes.major, settings=SETTINGS) as server:
        of = {schemas: Size(server, schemas, sizes.relations) for schemas in sizes.schemas}
        for size in of.values():
            build(server, size.template, size.schemas, size.relations)
        goals = [goal for size in of.values() for goal in size.goals()]
        if {JUDGED_AT, GROWN_TO} <= set(of):
            few, many = of[JUDGED_AT].part, of[GROWN_TO].part
            goals.append(Goal("from 1,000 to 5,000 schemas: the task", ratio, (many, TASK), (few, TASK), 5.5))
            goals.append(Goal("from 1,000 to 5,000: the module alone", ratio, (many, MODULE), (few, MODULE), 5.5))
        yield Scenario("First apply", [turn for size in of.values() for turn in size.turns()], goals)
