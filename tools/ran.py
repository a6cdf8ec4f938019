# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the tests that ran with a list of tests: "python -m tools.ran RAN tests/ids/test.txt".

RAN is the file that tests/conftest.py wrote. Further lists name tests that may run as well.
It is an error if a listed test did not run, if a test was skipped, or if a test that ran is not listed. A test that
failed at first and passed when it was rerun is only reported, so that its cause can be found.
"make ids" rewrites the lists, so that a test that disappears shows in the diff of a change.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterable, Sequence

SHOWN = 20  # tests per kind of fault


def ended(ran: Sequence[str], outcome: str) -> set[str]:
    """Return the tests with an outcome."""
    told = [line.partition(" ")[::2] for line in ran]
    return {test for ended_as, test in told if ended_as == outcome}


def faults(ran: Sequence[str], listed: Iterable[str], others: Iterable[str] = ()) -> list[str]:
    """Return the faults in ``ran``, lines of "OUTCOME ID"; listed tests have to run, and others may."""
    passed, skipped = ended(ran, "passed"), ended(ran, "skipped")
    kinds = {
        "was skipped": skipped,
        "is listed and did not run": set(listed) - passed - skipped,
        'ran and is not listed: run "make ids"': passed - {*listed, *others},
    }
    return [f"{test} {fault}" for fault, tests in kinds.items() for test in sorted(tests)[:SHOWN]]


def main(ran: str, listed: str, *others: str) -> None:
    """Print how many tests ran; raises SystemExit with the faults, if any."""
    lines, wanted, *further = (Path(path).read_text(encoding="utf-8").splitlines() for path in (ran, listed, *others))
    found = faults(lines, wanted, [test for tests in further for test in tests])
    if found:
        sys.exit("\n".join(found))
    for test in sorted(ended(lines, "rerun")):
        print(f"{test} failed, and passed when it was run again: find the cause")
    print(f"{len(ended(lines, 'passed'))} tests ran, among them the {len(wanted)} of {listed}; none was skipped.")


if __name__ == "__main__":
    main(*sys.argv[1:])
