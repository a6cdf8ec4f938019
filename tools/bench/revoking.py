# SPDX-License-Identifier: GPL-3.0-or-later
"""Revoking: exclusive mode and state=absent at growing sizes, on a PostgreSQL that locks each name and on another."""

from __future__ import annotations

import contextlib
from typing import Any, Iterable, Iterator

from tools.bench import child
from tools.bench.access import SETTINGS, access
from tools.bench.concurrent_sessions import DATABASE, JOBS, LOCKS_EACH_NAME_SINCE, together
from tools.bench.content import Size
from tools.bench.figures import Figure, Goal, Key, amount, ratio
from tools.bench.scenario import Scenario, Turn
from tools.bench.sizes import Sizes
from tools.postgres.server import running
from tools.runners.modules import run_module

NO_OP, EXCLUSIVE_NO_OP = "no-op", "no-op, exclusive"
EXCLUSIVE, ABSENT = "exclusive, all but one schema leave the list", "absent"
LONGEST = "longest wait of a neighbour during"
TIMES_NO_OP = 1.3
LONGEST_MS = 250
TIMES_AS_MANY = 5  # relations, from the smallest to the largest size of the goal
TIMES_AS_LONG = 6


class Granted(Size):
    """A database on which everything is granted, on a server with its default lock settings."""

    @property
    def part(self) -> str:
        """The label of this size in the tables."""
        return f"{self.schemas * self.relations:,} relations, PostgreSQL {self.server.major}"

    def options(self, **changes: Any) -> dict[str, Any]:
        """Return the options of the module access, by default in exclusive mode."""
        return {**access(self.server, DATABASE), "exclusive": True, **changes}

    def measure(self) -> Iterable[Figure]:
        """Grant; measure no-op runs and revoking all but one schema; grant again; measure revoking everything."""
        run_module("access", self.options()).ok()
        yield Figure(self.part, NO_OP, child.run("access", self.options(exclusive=False))["process"])
        yield Figure(self.part, EXCLUSIVE_NO_OP, child.run("access", self.options())["process"])
        narrow = [{"name": DATABASE, "schemas": ["s0"]}]
        yield from self._watched(EXCLUSIVE, self.options(databases=narrow))
        run_module("access", self.options()).ok()
        absent = self.options(state="absent")
        yield from self._watched(ABSENT, {name: absent[name] for name in absent if name != "databases"})

    def _watched(self, what: str, options: dict[str, Any]) -> Iterator[Figure]:
        took: dict[str, float] = {}
        found = together(self.server, lambda: took.update(child.run("access", options)))
        yield Figure(self.part, what, took["process"])
        longest = max(milliseconds for one in found.values() for milliseconds in one.milliseconds)
        yield Figure(self.part, f"{LONGEST} {what}", longest, "ms")
        yield Figure(self.part, f"failed statements during {what}", sum(one.failures for one in found.values()), "")

    def goals(self) -> Iterator[Goal]:
        """Yield the goals for this size."""
        beside: Key = (self.part, NO_OP)
        yield Goal(
            f"{self.part}: {EXCLUSIVE_NO_OP}, times the ordinary",
            ratio,
            (self.part, EXCLUSIVE_NO_OP),
            beside,
            TIMES_NO_OP,
        )
        for what in (EXCLUSIVE, ABSENT):
            yield amount(f"{self.part}: {LONGEST} {what}", (self.part, f"{LONGEST} {what}"), LONGEST_MS, "ms")


def growth(sizes: list[Granted]) -> Iterator[Goal]:
    """Yield goals for the largest size compared with the smallest, if it has five times as many relations."""
    first, last = sizes[0], sizes[-1]
    if last.schemas == TIMES_AS_MANY * first.schemas:
        for what in (EXCLUSIVE, ABSENT):
            name = f"{last.part} beside {first.part}: {what}"
            yield Goal(name, ratio, (last.part, what), (first.part, what), TIMES_AS_LONG)


@contextlib.contextmanager
def revoking(sizes: Sizes) -> Iterator[Scenario]:
    """Run a server for each size and each of the two major versions."""
    turns: list[Turn] = []
    goals: list[Goal] = []
    with contextlib.ExitStack() as stack:
        for major in dict.fromkeys((sizes.major, LOCKS_EACH_NAME_SINCE)):
            of: list[Granted] = []
            for schemas in sorted(sizes.schemas):
                server = stack.enter_context(running(major, settings=SETTINGS))
                of.append(Granted(server, schemas, sizes.relations))
                of[-1].build(DATABASE)
                turns.append(of[-1].measure)
                goals += of[-1].goals()
            goals += growth(of)
        note = f"Neighbours: {', '.join(JOBS)}."
        yield Scenario("Revoking", turns, goals, note)
