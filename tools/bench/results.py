# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of the scenarios, kept until their next run, and the document made from all of them."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

from ansible.release import __version__ as ansible_version

from tools.bench.figures import Measured, Series, fastest
from tools.bench.sizes import Sizes

INTRODUCTION = """\
# Measured

{fastest}All of this page, or one scenario of it, again:

```shell
make bench SCHEMAS="100 1000 5000" OUT=docs/measured.md
make bench SCENARIO=first
```

All candidates of a table ran in turn, on the same server, in the same minutes; each value is the median of the runs,
with the least and the greatest. What counts are the ratios: the seconds are those of one machine, and of a server on
the same machine that does not wait for its disk (`fsync = off`). Where other work kept the machine busy, the seconds
are too high, and the load is named. Each scenario also leaves its figures as JSON in `.cache/bench`.

In the tables, "the guide" is the SQL of Metamapper's published guide, with two names for user and group, so that it
works; "raw named statements" are the GRANT statements that nobody can do without, on an open connection, without
looking at anything before or after.
"""
ALTERNATIVES = "alternatives"


@dataclass(frozen=True)
class Results:
    """The results of the last run of one scenario."""

    text: str
    machine: str
    command: str
    measured: Measured


def machine(sizes: Sizes, load: float) -> str:
    """Return a description of the machine in one line; ``load`` is its load average before the measurement."""
    cpus = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in cpus if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} CPUs ({model}), {memory:.0f} GiB, Python {platform.python_version()}, "
        f"ansible-core {ansible_version}, PostgreSQL {sizes.major}, {sizes.runs} runs; "
        f"load of the machine before: {load:.1f}"
    )


def keep(directory: Path, name: str, results: Results) -> None:
    """Write the results of a scenario."""
    directory.mkdir(parents=True, exist_ok=True)
    figures = [
        {"part": part, "candidate": candidate, "unit": series.unit, "values": series.values}
        for (part, candidate), series in results.measured.items()
    ]
    content = {"machine": results.machine, "command": results.command, "text": results.text, "figures": figures}
    (directory / f"{name}.json").write_text(json.dumps(content, indent=1))


def document(directory: Path, names: Iterable[str]) -> str:
    """Return the document with all kept scenarios; a list of the fastest candidates comes first."""
    kept = {name: json.loads(path.read_text()) for name in names if (path := directory / f"{name}.json").exists()}
    figures = kept[ALTERNATIVES]["figures"] if ALTERNATIVES in kept else []
    measured = {(one["part"], one["candidate"]): Series(one["unit"], tuple(one["values"])) for one in figures}
    parts = [INTRODUCTION.format(fastest="".join(f"{line}\n" for line in [*fastest(measured), ""] if measured))]
    for results in kept.values():
        heading, rest = results["text"].split("\n", 1)
        parts.append(f"{heading}\n\n`{results['command']}`, on {results['machine']}.\n{rest}\n")
    return "\n".join(parts)
