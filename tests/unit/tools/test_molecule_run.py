# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of Molecule counts as passed only if every scenario's tests ran and passed."""

from __future__ import annotations

import pytest

from tools.molecule.run import complaint, without_blanks

PASSED = "\x1b[2m│\x1b[0m ====== 43 passed in\n  \x1b[2m│\x1b[0m   20.03s ======\n"
LONG = "│ ====== 13 passed in 575.45s (0:09:35) ======\n"
BROKEN_OFF = "fatal: This run was told to\n │ fail half-way.\n"


@pytest.mark.parametrize(
    ("said", "scenarios"),
    [
        pytest.param(PASSED, 1, id="one scenario, its last line broken by Molecule's box"),
        pytest.param(PASSED + LONG, 2, id="two scenarios, one of more than a minute"),
        pytest.param("│ === 3 passed, 1 warning in 2.5s ===", 1, id="a warning"),
        pytest.param("│ === 3 passed, 1 rerun in 2.5s ===", 1, id="a test that was run again"),
    ],
)
def test_a_run_counts_where_all_tests_of_each_scenario_passed(said: str, scenarios: int) -> None:
    assert complaint(0, without_blanks(said), scenarios=scenarios, breaks_off=False) == ""


@pytest.mark.parametrize(
    ("code", "said", "scenarios"),
    [
        pytest.param(0, "", 1, id="no tests at all"),
        pytest.param(0, PASSED, 2, id="a scenario without tests"),
        pytest.param(0, "=== 42 passed, 1 skipped in 3.0s ===", 1, id="a skipped test"),
        pytest.param(0, "=== 1 passed, 12 deselected in 9.1s ===", 1, id="tests that were deselected"),
        pytest.param(0, "=== 1 failed, 12 passed in 9.1s ===", 1, id="a failed test and exit code 0 all the same"),
        pytest.param(1, PASSED, 1, id="a failure after the tests"),
    ],
)
def test_no_other_run_counts(code: int, said: str, scenarios: int) -> None:
    assert complaint(code, without_blanks(said), scenarios=scenarios, breaks_off=False) != ""


@pytest.mark.parametrize(
    ("code", "said", "counts"),
    [
        pytest.param(2, BROKEN_OFF, True, id="failed where it was told to"),
        pytest.param(2, "fatal: no image", False, id="failed elsewhere"),
        pytest.param(0, BROKEN_OFF, False, id="did not fail"),
    ],
)
def test_a_run_that_is_to_break_off_counts_only_where_it_did(code: int, said: str, counts: bool) -> None:
    assert (complaint(code, without_blanks(said), scenarios=1, breaks_off=True) == "") == counts
