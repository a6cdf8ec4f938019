# SPDX-License-Identifier: GPL-3.0-or-later
"""A server behind a slow network: a proxy delays all traffic, and counts round trips."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import Any, Iterable, Iterator

from tools.bench.access import SETTINGS, access, forget
from tools.bench.alternatives.guide import guide, has_psql, psql
from tools.bench.content import build
from tools.bench.figures import Figure, Goal, amount
from tools.bench.scenario import Scenario, Turn, seconds
from tools.bench.sizes import Sizes
from tools.postgres.proxy import proxy
from tools.postgres.server import Server, running
from tools.runners.modules import run_module

AWAY_SECONDS = 0.05  # round-trip time
SCHEMAS, RELATIONS = 20, 5
TEMPLATE = "template_bench"
COUNTS = (1, 20)
NEARER_SECONDS = 0.02  # round-trip time, for many databases sequentially and in parallel
MANY, SIDE_BY_SIDE = 100, (1, 4, 8, 16)
SIDE_BY_SIDE_SECONDS = 5
GUIDE = "the guide's SQL, psql, one transaction a database"
FIRST, AGAIN = "module access, first run", "module access, no-op"
TRIPS_FIRST = "round trips a database after login, first run"
TRIPS_AGAIN = "round trips a database after login, no-op"
TRIPS_GUIDE = "round trips a database after login, the guide's SQL"


@dataclass(frozen=True)
class Far:
    """Some databases behind a slow network."""

    server: Server
    names: tuple[str, ...]

    @property
    def part(self) -> str:
        """The label of this size in the tables."""
        return f"{len(self.names)} databases × {SCHEMAS} schemas, {AWAY_SECONDS * 1000:.0f} ms away"

    def by_access(self) -> Iterable[Figure]:
        """Measure a first run and a no-op. Each connection of the proxy is one session."""
        forget(self.server)
        with proxy(self.server.host, self.server.port, delay_seconds=AWAY_SECONDS / 2) as line:
            options = {**access(self.server, *self.names), "login_port": line.port}
            yield Figure(self.part, FIRST, seconds(lambda: run_module("access", options).ok()))
            first = line.round_trips
            yield Figure(self.part, AGAIN, seconds(lambda: run_module("access", options).ok()))
            again = line.round_trips[len(first) :]
        # Sessions in order: the server, inspecting each database, the group, granting in each database, the users.
        # Those of a no-op: the server, a login as the user, inspecting each database.
        count = len(self.names)
        looks, writes = first[1 : 1 + count], first[2 + count : 2 + 2 * count]
        yield Figure(self.part, TRIPS_FIRST, max(map(sum, zip(looks, writes))), "trips")
        yield Figure(self.part, TRIPS_AGAIN, max(again[-count:]), "trips")

    def guide(self) -> Iterable[Figure]:
        """Measure the guide's SQL."""
        forget(self.server)
        with proxy(self.server.host, self.server.port, delay_seconds=AWAY_SECONDS / 2) as line:
            far = _at(self.server, line.port)
            yield Figure(self.part, GUIDE, seconds(lambda: self.by_psql(far)))
            yield Figure(self.part, TRIPS_GUIDE, max(line.round_trips), "trips")

    def by_psql(self, far: Server) -> None:
        """Run the guide's SQL in each database; it creates the roles only in the first one."""
        statements = list(guide(SCHEMAS))
        for number, name in enumerate(self.names):
            psql(far, name, statements[0 if number == 0 else 3 :])

    def goals(self) -> list[Goal]:
        """Return the goals."""
        return [
            amount(f"{len(self.names)} databases: {TRIPS_AGAIN}", (self.part, TRIPS_AGAIN), 3, ""),
            amount(f"{len(self.names)} databases: {TRIPS_FIRST}", (self.part, TRIPS_FIRST), 12, ""),
        ]


@dataclass(frozen=True)
class Many:
    """Many databases behind a slow network, processed sequentially and in parallel."""

    server: Server
    names: tuple[str, ...]

    @property
    def part(self) -> str:
        """The label in the tables."""
        return f"{len(self.names)} databases × {SCHEMAS} schemas, {NEARER_SECONDS * 1000:.0f} ms away"

    def look(self) -> Iterable[Figure]:
        """Measure no-op runs."""
        run_module("access", access(self.server, *self.names)).ok()
        with proxy(self.server.host, self.server.port, delay_seconds=NEARER_SECONDS / 2) as line:
            for count in SIDE_BY_SIDE:
                options = {
                    **access(self.server, *self.names),
                    "login_port": line.port,
                    "parallel_databases": count,
                }
                yield Figure(self.part, _no_op(count), seconds(partial(_ran, options)))

    def goals(self) -> list[Goal]:
        """Return the goals."""
        at_most = SIDE_BY_SIDE_SECONDS if len(self.names) == MANY else None
        return [amount(f"{self.part}: {_no_op(8)}", (self.part, _no_op(8)), at_most, "s")]


def _ran(options: dict[str, Any]) -> None:
    run_module("access", options).ok()


def _no_op(count: int) -> str:
    return f"module access, no-op, metamapper_parallel_databases: {count}"


def _at(server: Server, port: int) -> Server:
    """Return the same server at another port, that of a proxy."""
    far = object.__new__(Server)
    far.__dict__.update({**server.__dict__, "port": port})
    return far


@contextlib.contextmanager
def high_latency(sizes: Sizes) -> Iterator[Scenario]:
    """Create copies of a database; measure one of them, and several."""
    with running(sizes.major, settings=SETTINGS) as server:
        build(server, TEMPLATE, SCHEMAS, RELATIONS)
        counts = [count for count in COUNTS if count <= sizes.databases]
        many = MANY if sizes.databases >= MANY else max(counts)
        names = [f"bench_{number}" for number in range(many)]
        for name in names:
            server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        some = [Far(server, tuple(names[:count])) for count in counts]
        turns: list[Turn] = []
        for far in some:
            turns += [far.guide, far.by_access] if has_psql(server) else [far.by_access]
        turns.append(Many(server, tuple(names)).look)
        goals = [*(goal for far in some for goal in far.goals()), *Many(server, tuple(names)).goals()]
        yield Scenario("A server far away", turns, goals)
