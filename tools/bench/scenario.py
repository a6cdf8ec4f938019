# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios, and running their candidates in turn."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, Iterable, Iterator, Sequence

from tools.bench.figures import Figure, Goal

# Measures candidates that belong together because one needs the state that the other left.
Turn = Callable[[], Iterable[Figure]]


@dataclass(frozen=True)
class Scenario:
    """A benchmark: its name, turns and goals, and a note, which may be empty."""

    title: str
    turns: Sequence[Turn]
    goals: Sequence[Goal]
    note: str = ""


def interleaved(turns: Sequence[Turn], runs: int) -> Iterator[Figure]:
    """Yield the figures of all turns; each run starts with a different turn, so that none is always first."""
    for run in range(runs):
        start = run % len(turns)
        for turn in (*turns[start:], *turns[:start]):
            yield from turn()


def seconds(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
