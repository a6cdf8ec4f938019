# SPDX-License-Identifier: GPL-3.0-or-later
"""Many databases on one server in one task, compared with loops of community.postgresql where these are feasible."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Iterable, Iterator

from tools.bench import child
from tools.bench.access import SETTINGS, access, forget, play, task
from tools.bench.alternatives.community_postgresql import tasks
from tools.bench.content import build
from tools.bench.figures import Figure, Goal, amount, ratio
from tools.bench.no_op import NO_TASK
from tools.bench.scenario import Scenario, Turn, seconds
from tools.bench.sizes import Sizes
from tools.postgres.server import Server, running

SCHEMAS, RELATIONS = 3, 5
TEMPLATE = "template_bench"
LOOPED = 10  # databases for the loops, which call a module twice for each schema
JUDGED_AT = 100
FIRST, AGAIN = "task access, first run", "task access, no-op"
LOGINS = "a login to each database, psycopg2, which asks nothing"
WAITED = "module access, no-op: waited for its queries"
LOOPS_FIRST, LOOPS_AGAIN = "loops of community.postgresql, first run", "loops of community.postgresql, no-op"
NOTE = """\
A no-op takes at least Ansible's start and a login to each database. For each login the server starts a process, which
reads the catalogs again into its caches and plans the three queries again; they return nothing that differs."""


@dataclass(frozen=True)
class Some:
    """Some of the databases."""

    server: Server
    names: tuple[str, ...]

    @property
    def part(self) -> str:
        """The label of this size in the tables."""
        return f"{len(self.names)} databases × {SCHEMAS} schemas × {RELATIONS} relations"

    def by_access(self) -> Iterable[Figure]:
        """Measure the task of this collection twice, and what no task can save."""
        forget(self.server)
        options = access(self.server, *self.names)
        for name in (FIRST, AGAIN):
            yield Figure(self.part, name, seconds(lambda: task("metamapper.postgresql.access", options)))
        yield Figure(self.part, NO_TASK, seconds(lambda: play([])))
        yield Figure(self.part, LOGINS, seconds(self.log_in))
        took = child.run("access", options)
        yield Figure(self.part, WAITED, took["own"] + took["consumer"])

    def log_in(self) -> None:
        """Log in to each database."""
        for name in self.names:
            self.server.connect(name).close()

    def by_community_postgresql(self) -> Iterable[Figure]:
        """Measure the loops twice."""
        forget(self.server)
        looped = tasks(self.server, self.names, SCHEMAS)
        for name in (LOOPS_FIRST, LOOPS_AGAIN):
            yield Figure(self.part, name, seconds(lambda: play(looped)))

    def goals(self) -> list[Goal]:
        """Return the goals: seconds at one size, and a comparison with the loops where these ran."""
        first, again = (15, 1.5) if len(self.names) == JUDGED_AT else (None, None)
        of = {name: (self.part, name) for name in (FIRST, AGAIN, LOOPS_FIRST, LOOPS_AGAIN)}
        return [
            amount(f"{len(self.names)} databases: first run", of[FIRST], first, "s"),
            amount(f"{len(self.names)} databases: no-op", of[AGAIN], again, "s"),
            Goal(f"{len(self.names)} databases: first run, beside loops", ratio, of[FIRST], of[LOOPS_FIRST], None),
            Goal(f"{len(self.names)} databases: no-op, beside loops", ratio, of[AGAIN], of[LOOPS_AGAIN], None),
        ]


@contextlib.contextmanager
def databases(sizes: Sizes) -> Iterator[Scenario]:
    """Create copies of a small database; measure all of them, and the loops on a few."""
    with running(sizes.major, settings=SETTINGS) as server:
        build(server, TEMPLATE, SCHEMAS, RELATIONS)
        names = tuple(f"bench_{number}" for number in range(sizes.databases))
        for name in names:
            server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        whole, few = Some(server, names), Some(server, names[:LOOPED])
        turns: list[Turn] = [
            few.by_access,
            few.by_community_postgresql,
            *([whole.by_access] if len(names) > LOOPED else []),
        ]
        yield Scenario("Many databases on one server", turns, [*whole.goals(), *few.goals()], NOTE)
