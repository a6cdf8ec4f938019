"""What a terminal gets to see: names are data, whatever is in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.postgres.site import Site
from tools.runners.playbooks import run_playbook

pytestmark = [pytest.mark.playbook, pytest.mark.majorless, pytest.mark.thorough]

PLAYBOOK = "- import_playbook: metamapper.postgresql.grant_metamapper\n"
CONTROLS = "sa\x1b[31mles\x1b]0;title\x07\u202e"


@pytest.mark.parametrize("result_format", ["json", "yaml"])
def test_a_name_cannot_control_the_terminal(tmp_path: Path, site: Site, result_format: str) -> None:
    (tmp_path / "grant_metamapper.yml").write_text(PLAYBOOK)
    (tmp_path / "ansible.cfg").write_text(f"[defaults]\ncallback_result_format = {result_format}\n")
    played = run_playbook(tmp_path, "grant_metamapper.yml", site.variables(CONTROLS))
    assert played.failed
    assert "sa⟨U+001B⟩[31mles" in played.output
    assert [line for line in played.output.splitlines() if "\x1b" in line or "\x07" in line] == []
