# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured values, goals, and their tables; pure functions, without a clock or a server."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Figure:
    """One value of one candidate in one run; candidates of one part are compared with each other."""

    part: str
    name: str
    value: float
    unit: str = "s"


@dataclass(frozen=True)
class Series:
    """All values of a candidate, in the order of the runs."""

    unit: str
    values: tuple[float, ...]


Key = tuple[str, str]  # part and candidate
Measured = Mapping[Key, Series]


def collected(figures: Sequence[Figure]) -> dict[Key, Series]:
    """Return the figures by part and candidate, both in the order of their first appearance."""
    found: dict[Key, Series] = {}
    for figure in figures:
        key = (figure.part, figure.name)
        found[key] = Series(figure.unit, (*(found[key].values if key in found else ()), figure.value))
    return found


@dataclass(frozen=True)
class Goal:
    """A limit for the value of one candidate, or for its comparison with that of another in the same run.

    ``how`` is one of the functions below. With None as ``at_most`` there is no limit, and the table of goals omits it.
    """

    what: str
    how: Callable[[float, float], float]
    of: Key
    beside: Key
    at_most: float | None
    unit: str = ""

    def values(self, measured: Measured) -> tuple[float, ...]:
        """Return one value for each run; empty if a candidate did not run."""
        if self.of not in measured or self.beside not in measured:
            return ()
        return tuple(self.how(one, other) for one, other in zip(measured[self.of].values, measured[self.beside].values))


def ratio(one: float, other: float) -> float:
    """Return the first value as a multiple of the other."""
    return one / other


def more(one: float, other: float) -> float:
    """Return by how much the first value exceeds the other."""
    return one - other


def itself(one: float, _other: float) -> float:
    """Return the first value."""
    return one


def amount(what: str, of: Key, at_most: float | None, unit: str) -> Goal:
    """Return a goal for one candidate, without comparison."""
    return Goal(what, itself, of, of, at_most, unit)


def growth(sizes: Sequence[tuple[int, str]], names: Sequence[str], unit: str) -> list[Goal]:
    """Return goals by which candidates grow at most 10 % faster than their size, from each size to the next.

    ``sizes`` are numbers of ``unit``, each with the part that was measured at it, the smallest first.
    """
    return [
        Goal(f"{name}: {large:,} {unit} beside {small:,}", ratio, (larger, name), (smaller, name), 1.1 * large / small)
        for (small, smaller), (large, larger) in zip(sizes, sizes[1:])
        for name in names
    ]


def number(value: float) -> str:
    """Return a number as text: without decimals from 100 on, with two from 1 on, else with three significant digits."""
    if value != 0 and abs(value) < 100:
        return f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"
    return f"{value:,.0f}"


def spread(values: Sequence[float], unit: str = "") -> str:
    """Return the median, with minimum and maximum if they differ."""
    suffix = f" {unit}" if unit else ""
    middle, least, greatest = number(statistics.median(values)), number(min(values)), number(max(values))
    return f"{middle}{suffix}" if least == greatest else f"{middle}{suffix} ({least} to {greatest})"


def row(*cells: str) -> str:
    """Return a line of a table, with bars escaped: names of tasks contain them."""
    escaped = (cell.replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def figures_table(measured: Measured) -> list[str]:
    """Return the table of all figures of a scenario: a line for each candidate, a column for each part."""
    parts = list(dict.fromkeys(part for part, _name in measured))
    lines = [row("", *parts), "|---" * (len(parts) + 1) + "|"]
    for name in dict.fromkeys(name for _part, name in measured):
        of_parts = (measured.get((part, name)) for part in parts)
        lines.append(row(name, *(spread(one.values, one.unit) if one else "" for one in of_parts)))
    return lines


def fastest(measured: Measured) -> list[str]:
    """Return a line for each part: its candidates, the fastest first."""
    lines = []
    for part in dict.fromkeys(part for part, _name in measured):
        medians = {name: statistics.median(one.values) for (of, name), one in measured.items() if of == part}
        told = (f"{name} {number(medians[name])} s" for name in sorted(medians, key=lambda name: medians[name]))
        lines.append(f"* {part}: {'; '.join(told)}.")
    return lines


def goals_table(goals: Sequence[Goal], measured: Measured) -> list[str]:
    """Return the table of goals; empty if no goal has both a limit and values."""
    lines = []
    for goal in goals:
        values = goal.values(measured)
        if values and goal.at_most is not None:
            bound = f"at most {number(goal.at_most)} {goal.unit}".rstrip()
            reached = "yes" if statistics.median(values) <= goal.at_most else "**no**"
            lines.append(row(goal.what, spread(values, goal.unit), bound, reached))
    return [row("to reach", "measured", "goal", "reached"), "|---|---|---|---|", *lines] if lines else []


def section(title: str, goals: Sequence[Goal], measured: Measured, note: str = "") -> str:
    """Return the section of a scenario as Markdown."""
    figures = figures_table(measured) if measured else []
    blocks = [f"## {title}", "\n".join(goals_table(goals, measured)), note, "\n".join(figures)]
    return "\n\n".join(block for block in blocks if block)
