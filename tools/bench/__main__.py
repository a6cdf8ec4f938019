"""The command: ``python -m tools.bench [SCENARIO...]``, sizes in the environment; prints Markdown, then JSON."""

from __future__ import annotations

import json
import os
import sys

from tools.bench.figures import collected, section
from tools.bench.scenario import interleaved
from tools.bench.sizes import sizes_from
from tools.bench.visibility import visibility

SCENARIOS = {"visibility": visibility}


def main() -> None:
    """Run the scenarios named, or all."""
    sizes = sizes_from(os.environ)
    for name in sys.argv[1:] or SCENARIOS:
        with SCENARIOS[name](sizes) as scenario:
            measured = collected(list(interleaved(scenario.turns, sizes.runs)))
        print(section(scenario.title, scenario.goals, measured))
        print(json.dumps([[*key, series.unit, series.values] for key, series in measured.items()]))


if __name__ == "__main__":
    main()
