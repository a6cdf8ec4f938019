# SPDX-License-Identifier: GPL-3.0-or-later
"""Alternatives compared with the task of this collection: a first run and a no-op.

The note says what each of them lacks; none verifies what Metamapper sees.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import Callable, Iterable, Iterator

from tools.bench.access import SETTINGS, access, forget, play, task
from tools.bench.alternatives.community_postgresql import tasks
from tools.bench.alternatives.guide import guide, has_psql, psql
from tools.bench.alternatives.ldap2pg import has_ldap2pg, ldap2pg
from tools.bench.alternatives.pg_sync import has_pg_sync, pg_sync
from tools.bench.alternatives.pgroles import DEFAULT_PRIVILEGES_AT_MOST, has_pgroles, pgroles
from tools.bench.content import Size
from tools.bench.figures import Figure
from tools.bench.scenario import Scenario, Turn, seconds
from tools.bench.sizes import Sizes
from tools.postgres.server import running

DATABASE = "bench"
NOTE = """\
Each candidate is a whole process with its own start; the last row is the start of Ansible, which the loops and the
task have as well. The guide's SQL cannot run twice, since CREATE USER fails. pg-sync-roles sets no default privileges;
ldap2pg sets no password, and default privileges only for owners that it manages; pgroles accepts at most 512 default
privileges. The loops run a task for each schema."""


@dataclass(frozen=True)
class Alternative:
    """A tool that does the job, the number of schemas up to which it is measured, and whether it can run again."""

    name: str
    run: Callable[[], object]
    up_to: int = 1000
    again: bool = True


class Granted(Size):
    """A database on which each alternative starts without any grant."""

    @property
    def part(self) -> str:
        """The label of this size in the tables."""
        return f"{self.schemas:,} schemas × {self.relations}"

    def alternatives(self) -> Iterator[Alternative]:
        """Yield the alternatives that are installed."""
        server, count = self.server, self.schemas
        if has_psql(server):
            yield Alternative("the guide's SQL, psql", lambda: psql(server, DATABASE, guide(count)), again=False)
        if has_pgroles():
            yield Alternative("pgroles", lambda: pgroles(server, DATABASE, count), DEFAULT_PRIVILEGES_AT_MOST)
        if has_ldap2pg():
            yield Alternative("ldap2pg", lambda: ldap2pg(server, DATABASE), 100)
        if has_pg_sync():
            yield Alternative("pg-sync-roles", lambda: pg_sync(server, DATABASE, count))
        looped = tasks(server, [DATABASE], count)
        yield Alternative("loops of community.postgresql, ansible-playbook", lambda: play(looped), 100)
        options = access(server, DATABASE)
        yield Alternative("task access, ansible-playbook", lambda: task("metamapper.postgresql.access", options))
        yield Alternative("(task ansible.builtin.ping, ansible-playbook)", lambda: task("ansible.builtin.ping", {}))

    def turns(self) -> Iterator[Turn]:
        """Yield the candidates that are feasible at this size."""
        for alternative in self.alternatives():
            if self.schemas <= alternative.up_to:
                yield partial(self.measure, alternative)

    def measure(self, alternative: Alternative) -> Iterable[Figure]:
        """Measure an alternative on the database without grants, and again afterwards."""
        forget(self.server)
        yield Figure(f"{self.part}: first run", alternative.name, seconds(alternative.run))
        if alternative.again:
            yield Figure(f"{self.part}: no-op", alternative.name, seconds(alternative.run))


@contextlib.contextmanager
def peers(sizes: Sizes) -> Iterator[Scenario]:
    """Build a server for each size."""
    with contextlib.ExitStack() as stack:
        turns: list[Turn] = []
        for schemas in sizes.schemas:
            size = Granted(stack.enter_context(running(sizes.major, settings=SETTINGS)), schemas, sizes.relations)
            size.build(DATABASE)
            turns += size.turns()
        yield Scenario("Alternatives", turns, [], NOTE)
