# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"


def play(name: str) -> dict[str, Any]:
    """Return the first play of a playbook."""
    return dict(yaml.safe_load((PLAYBOOKS / f"{name}_metamapper.yml").read_text())[0])


def test_playbooks_that_connect_to_servers_choose_the_same_python() -> None:
    chosen = [play(name)["vars"]["ansible_python_interpreter"] for name in ("grant", "revoke", "verify")]
    assert chosen == [chosen[0]] * 3


def test_none_of_them_has_a_file_of_variables_which_ansible_reads_again_for_each_task() -> None:
    assert [name for name in ("grant", "revoke", "verify") if "vars_files" in play(name)] == []
