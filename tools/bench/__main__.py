# SPDX-License-Identifier: GPL-3.0-or-later
"""The command ``python -m tools.bench [SCENARIO...]``: sizes come from the environment; prints Markdown, keeps JSON."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Callable, ContextManager, Mapping

from tools.bench.concurrent_sessions import concurrent_sessions
from tools.bench.databases import databases
from tools.bench.documentation import documentation
from tools.bench.figures import collected, section
from tools.bench.first import first
from tools.bench.high_latency import high_latency
from tools.bench.no_op import no_op
from tools.bench.peers import peers
from tools.bench.report import report
from tools.bench.results import Results, document, keep, machine
from tools.bench.revoking import revoking
from tools.bench.scenario import Scenario, interleaved
from tools.bench.servers import servers
from tools.bench.sizes import Sizes, sizes_from
from tools.bench.slices import slices
from tools.bench.visibility import visibility
from tools.runners.modules import ROOT

SCENARIOS: Mapping[str, Callable[[Sizes], ContextManager[Scenario]]] = {
    "alternatives": peers,
    "first": first,
    "no_op": no_op,
    "databases": databases,
    "servers": servers,
    "slices": slices,
    "report": report,
    "visibility": visibility,
    "high_latency": high_latency,
    "concurrent_sessions": concurrent_sessions,
    "revoking": revoking,
    "documentation": documentation,
}


def main() -> None:
    """Run the named scenarios, or all; write the document to OUT if that is set."""
    sizes = sizes_from(os.environ)
    cache = ROOT / ".cache" / "bench"
    load = os.getloadavg()[0]  # before the first scenario, which causes load itself
    for name in sys.argv[1:] or SCENARIOS:
        with SCENARIOS[name](sizes) as scenario:
            measured = collected(list(interleaved(scenario.turns, sizes.runs)))
        text = section(scenario.title, scenario.goals, measured, scenario.note)
        keep(cache, name, Results(text, machine(sizes, load), sizes.command(name), measured))
        print(text, flush=True)
    if os.environ.get("OUT"):
        Path(os.environ["OUT"]).write_text(document(cache, SCENARIOS))


if __name__ == "__main__":
    main()
