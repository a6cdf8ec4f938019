# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests that ran are compared with the list of those that have to run."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import pytest

from tools.ran import faults, main

RENEW = 'ran and is not listed: run "make ids"'


@pytest.mark.parametrize(
    ("ran", "listed", "expected"),
    [
        pytest.param([], [], [], id="none"),
        pytest.param(["passed t::a", "passed t::b[x y]"], ["t::b[x y]", "t::a"], [], id="all"),
        pytest.param(["passed t::a"], ["t::a", "t::b"], ["t::b is listed and did not run"], id="one is lost"),
        pytest.param([], ["t::a"], ["t::a is listed and did not run"], id="nothing ran"),
        pytest.param(["skipped t::a"], ["t::a"], ["t::a was skipped"], id="skipped"),
        pytest.param(["rerun t::a", "passed t::a"], ["t::a"], [], id="passed when run again"),
        pytest.param(["rerun t::a"], ["t::a"], ["t::a is listed and did not run"], id="failed again"),
        pytest.param(["skipped t::a"], [], ["t::a was skipped"], id="skipped and not listed"),
        pytest.param(["passed t::a", "passed t::b"], ["t::a"], [f"t::b {RENEW}"], id="not listed"),
    ],
)
def test_faults(ran: Sequence[str], listed: Sequence[str], expected: Sequence[str]) -> None:
    assert faults(ran, listed) == expected


def test_what_another_list_names_may_run() -> None:
    assert faults(["passed t::a", "passed t::b"], ["t::a"], ["t::b", "t::c"]) == []


def test_a_fault_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran, listed = tmp_path / "ran", tmp_path / "listed"
    ran.write_text("passed t::a\npassed t::b\n")
    listed.write_text("t::a\nt::b\n")
    main(str(ran), str(listed))
    assert capsys.readouterr().out == f"2 tests ran, among them the 2 of {listed}; none was skipped.\n"
    ran.write_text("rerun t::b\npassed t::a\npassed t::b\n")
    main(str(ran), str(listed))
    first, last = capsys.readouterr().out.splitlines()
    assert first == "t::b failed, and passed when it was run again: find the cause"
    assert last.startswith("2 tests ran")
    ran.write_text("passed t::a\n")
    with pytest.raises(SystemExit, match="t::b is listed and did not run"):
        main(str(ran), str(listed))
