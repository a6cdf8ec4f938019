"""Misspelt variables are found, and the name that was meant is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._variables import (
    PLAYBOOK_VARIABLES,
    known_names,
    misspelt,
)

KNOWN = frozenset({"metamapper_databases", "metamapper_user", "metamapper_group"})
UNKNOWN = "is not a variable of metamapper.postgresql."


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(["metamapper_user", "metamapper_group"], [], id="all known"),
        pytest.param(
            ["metamapper_databasse"],
            [f"metamapper_databasse {UNKNOWN} Did you mean metamapper_databases?"],
            id="near",
        ),
        pytest.param(["metamapper_zzz"], [f"metamapper_zzz {UNKNOWN}"], id="nothing near"),
        pytest.param(
            ["metamapper_users", "metamapper_grp", "metamapper_users"],
            [
                f"metamapper_grp {UNKNOWN} Did you mean metamapper_group?",
                f"metamapper_users {UNKNOWN} Did you mean metamapper_user?",
            ],
            id="several, sorted, each once",
        ),
        pytest.param(["metamapper_we\"ird.näme'; --"], [f"metamapper_we\"ird.näme'; -- {UNKNOWN}"], id="hostile"),
    ],
)
def test_misspelt(names: list[str], expected: list[str]) -> None:
    assert misspelt(names, KNOWN) == expected


def test_the_names_of_all_roles_and_of_the_playbooks_are_known(tmp_path: Path) -> None:
    for role, name in (("grant", "metamapper_adopt"), ("bastion", "metamapper_bastion_targets")):
        meta = tmp_path / role / "meta"
        meta.mkdir(parents=True)
        spec = f"argument_specs: {{main: {{options: {{{name}: {{type: str}}}}}}, other: {{}}}}"
        (meta / "argument_specs.yml").write_text(spec)
    assert known_names(tmp_path) == {"metamapper_adopt", "metamapper_bastion_targets", *PLAYBOOK_VARIABLES}
