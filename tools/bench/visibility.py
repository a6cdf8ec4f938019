# SPDX-License-Identifier: GPL-3.0-or-later
"""The module visibility compared with Metamapper's query, whose result it predicts."""

from __future__ import annotations

import contextlib
from typing import Iterator

from tools.bench import child
from tools.bench.access import PASSWORD, SETTINGS, USER, access, way
from tools.bench.content import WIDE, build
from tools.bench.figures import Figure, Goal, amount, ratio
from tools.bench.scenario import Scenario, Turn
from tools.bench.sizes import Sizes
from tools.postgres.server import Server, running
from tools.runners.modules import run_module

CONSUMER = "the consumer's definitions query, all rows fetched"
WHOLE = "module visibility, whole process"
OWN = "its own analysis: all but queries of the consumer's form"
START = "Python's start and imports, of the whole"
MEMORY = "memory of module visibility, at its peak"
JUDGED_FROM = 20_000  # relations: in a smaller scan, Python's start dominates


@contextlib.contextmanager
def visibility(sizes: Sizes) -> Iterator[Scenario]:
    """Grant on a database with tables like those of applications; run the module and Metamapper's query on it."""
    with running(sizes.major, settings=SETTINGS) as server:
        turns: list[Turn] = []
        goals: list[Goal] = []
        for schemas in sizes.schemas:
            database = f"bench{schemas}"
            relations = schemas * sizes.relations
            part = f"{relations:,} relations"
            whole, own, memory = (1.25, 0.1, 150) if relations >= JUDGED_FROM else (None, None, None)
            build(server, database, schemas, sizes.relations, WIDE)
            run_module("access", access(server, database)).ok()
            turns += turns_of(server, database, part)
            goals += [
                Goal(f"{part}: the whole, beside the consumer's query", ratio, (part, WHOLE), (part, CONSUMER), whole),
                Goal(f"{part}: own analysis, beside the consumer's query", ratio, (part, OWN), (part, CONSUMER), own),
                amount(f"{part}: memory", (part, MEMORY), memory, "MB"),
            ]
        yield Scenario("visibility", turns, goals)


def turns_of(server: Server, database: str, part: str) -> list[Turn]:
    """Return the turns of the two candidates."""
    login = {"host": server.host, "port": server.port, "user": USER, "password": PASSWORD, "dbname": database}
    options = {
        **way(server),
        "user": USER,
        "password": PASSWORD,
        "databases": [{"name": database, "schemas": ["s*"]}],
    }

    def consumer() -> Iterator[Figure]:
        yield Figure(part, CONSUMER, child.run("scan", login)["main"])

    def by_access() -> Iterator[Figure]:
        took = child.run("visibility", options)
        yield Figure(part, WHOLE, took["process"])
        yield Figure(part, OWN, took["main"] - took["consumer"])
        yield Figure(part, START, took["process"] - took["main"])
        yield Figure(part, MEMORY, took["megabytes"], "MB")

    return [consumer, by_access]
