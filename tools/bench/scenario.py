# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario is, and how its candidates are taken in turn."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, Iterable, Iterator, Sequence

from tools.bench.figures import Figure, Goal

# Measures candidates that belong together, because one needs what the other left behind.
Turn = Callable[[], Iterable[Figure]]


@dataclass(frozen=True)
class Scenario:
    """What is measured, in which groups, what is to be reached, and a note on it, which may be empty."""

    title: str
    turns: Sequence[Turn]
    goals: Sequence[Goal]
    note: str = ""


def interleaved(turns: Sequence[Turn], runs: int) -> Iterator[Figure]:
    """Yield what the turns measure; each run begins with another one, so that none is always first."""
    for run in range(runs):
        start = run % len(turns)
        for turn in (*turns[start:], *turns[:start]):
            yield from turn()


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
