# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the tests that ran with those that are listed: "python -m tools.ran RAN tests/ids/test.txt".

Further lists name tests that may run as well.
RAN is what tests/conftest.py wrote. A test that did not run, was skipped, or is not listed is told, and is an error.
"make ids" rewrites the lists, so that a test that went away shows in a change's diff.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterable

SHOWN = 20  # of each kind of fault


def faults(ran: Iterable[str], listed: Iterable[str], others: Iterable[str] = ()) -> list[str]:
    """Return what is wrong with lines "passed ID" or "skipped ID", where listed tests have to run and others may."""
    told = [line.partition(" ")[::2] for line in ran]
    passed = {test for outcome, test in told if outcome == "passed"}
    skipped = {test for outcome, test in told if outcome == "skipped"}
    kinds = {
        "was skipped": skipped,
        "is listed and did not run": set(listed) - passed - skipped,
        'ran and is not listed: run "make ids"': passed - {*listed, *others},
    }
    return [f"{test} {fault}" for fault, tests in kinds.items() for test in sorted(tests)[:SHOWN]]


def main(ran: str, listed: str, *others: str) -> None:
    """Print how many tests ran; exit with what is wrong."""
    lines, wanted, *further = (Path(path).read_text(encoding="utf-8").splitlines() for path in (ran, listed, *others))
    found = faults(lines, wanted, [test for tests in further for test in tests])
    if found:
        sys.exit("\n".join(found))
    print(f"{len(set(lines))} tests ran, among them the {len(wanted)} of {listed}; none was skipped.")


if __name__ == "__main__":
    main(*sys.argv[1:])
