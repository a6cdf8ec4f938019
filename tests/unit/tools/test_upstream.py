# SPDX-License-Identifier: GPL-3.0-or-later
"""The weekly job reports which assumptions a version of Metamapper's source no longer meets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.documents.blocks import ROOT
from tools.metamapper.upstream import ASSUMPTIONS, Assumption, main, outdated


def write(directory: Path, assumptions: tuple[Assumption, ...]) -> None:
    """Write files that contain the excerpts with different whitespace."""
    for file in {assumption.file for assumption in assumptions}:
        path = directory / file
        path.parent.mkdir(parents=True, exist_ok=True)
        excerpts = [assumption.excerpt for assumption in assumptions if assumption.file == file]
        path.write_text("\n\n".join(excerpt.replace(" ", "\n    ") for excerpt in excerpts))


def test_a_source_as_we_know_it_is_not_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, ASSUMPTIONS)
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("changed", ASSUMPTIONS, ids=lambda assumption: assumption.statement)
def test_each_change_is_reported(changed: Assumption, tmp_path: Path) -> None:
    write(tmp_path, tuple(assumption for assumption in ASSUMPTIONS if assumption != changed))
    assert list(outdated(tmp_path)) == [changed]


def test_the_report_says_what_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert shown.count("no longer has") == len(ASSUMPTIONS)
    assert "Check docs/guides/bastion.md, roles/tunnel." in shown


def test_what_is_to_be_checked_exists() -> None:
    named = {name for assumption in ASSUMPTIONS for name in assumption.used_in.split(", ")}
    assert {name for name in named if not (ROOT / name).exists()} == set()
