# SPDX-License-Identifier: GPL-3.0-or-later
"""Role documentation and its playbooks, run as a user runs them, against a fake Metamapper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.metamapper.scene import HOSTILE, Scene
from tools.metamapper.server import TOKEN, TOKEN_SECRET, WORKSPACE
from tools.runners.playbooks import Play, run_on_hosts, run_playbook

pytestmark = [pytest.mark.playbook, pytest.mark.majorless, pytest.mark.thorough]

EXPORT = "metamapper.postgresql.export_documentation"
RESTORE = "metamapper.postgresql.restore_documentation"


def variables(scene: Scene, *databases: str, **others: Any) -> dict[str, Any]:
    """Return the inventory of a server with these databases."""
    return {
        "metamapper_api_url": scene.api.url,
        "metamapper_api_workspace": WORKSPACE,
        "metamapper_api_token": TOKEN,
        "metamapper_databases": [{"name": name, "schemas": ["sales"]} for name in databases],
        **others,
    }


def text_of(play: Play) -> str:
    """Return what a play printed, on one line."""
    return " ".join(play.output.split())


def test_check_export_lose_restore_and_again(scene: Scene, tmp_path: Path) -> None:
    own = variables(scene, "warehouse")
    file = tmp_path / "metamapper-documentation" / "warehouse.json"
    assert run_playbook(tmp_path, EXPORT, own, "--check", "--diff").ok().changed == 1
    assert not file.parent.exists()
    exported = run_playbook(tmp_path, EXPORT, own).ok()
    assert (exported.changed, file.exists(), file.parent.stat().st_mode & 0o777) == (1, True, 0o750)
    assert "has the texts of 2 tables and 2 columns" in text_of(exported)
    assert run_playbook(tmp_path, EXPORT, own).ok().changed == 0

    written = scene.model.texts(scene.datastore)
    scene.forget()
    planned = run_playbook(tmp_path, RESTORE, own, "--check", "--diff", "-e", "metamapper_restore=all").ok()
    assert (planned.changed, "objects to be written: 5" in text_of(planned)) == (1, True)
    restored = run_playbook(tmp_path, RESTORE, own).ok()
    assert (restored.changed, "objects written: 5" in text_of(restored)) == (1, True)
    assert scene.model.texts(scene.datastore) == written
    assert run_playbook(tmp_path, RESTORE, own).ok().changed == 0


def test_hosts_with_datastores_of_other_names_and_what_was_not_written(scene: Scene, tmp_path: Path) -> None:
    name = f"prod {HOSTILE}"
    other = scene.model.add_datastore(name)
    scene.model.scan(other, {"sales": {"orders": ["id"]}})
    scene.model.at(other, "sales", "orders").short_desc = "x" * 141
    hosts = {
        "db1": variables(scene, metamapper_datastore="warehouse"),
        "db2": variables(scene, HOSTILE, metamapper_datastore="prod {database}"),
    }
    run_on_hosts(tmp_path, EXPORT, hosts).ok()
    exported = {json.loads(path.read_text())["datastore"] for path in tmp_path.glob("metamapper-documentation/*.json")}
    assert exported == {"warehouse", name}
    scene.forget()
    output = text_of(run_on_hosts(tmp_path, RESTORE, hosts).ok())
    assert "sales.orders short_desc: It has 141 characters" in output


def test_a_pattern_means_the_datastores_that_there_are(scene: Scene, tmp_path: Path) -> None:
    for name in ("tenant_1", "tenant_2"):
        scene.model.scan(scene.model.add_datastore(name), {"sales": {"orders": ["id"]}})
    run_playbook(tmp_path, EXPORT, variables(scene, "tenant_*", "warehouse")).ok()
    exported = {path.name for path in tmp_path.glob("metamapper-documentation/*.json")}
    assert exported == {"tenant_1.json", "tenant_2.json", "warehouse.json"}
    assert run_playbook(tmp_path, RESTORE, variables(scene, "tenant_*", "warehouse")).ok().changed == 0
    play = run_playbook(tmp_path, EXPORT, variables(scene, "nothing_*"))
    assert (play.failed, "no datastore in Metamapper matches it" in text_of(play)) == (True, True)


def test_what_cannot_work_is_one_message_before_anything_is_asked(scene: Scene, tmp_path: Path) -> None:
    own = variables(scene, "a", "b", metamapper_datastore="x", metamapper_api_token="", metamapper_restor="all")
    play = run_playbook(tmp_path, RESTORE, own)
    assert play.failed
    for said in ("has 2 databases", "metamapper_api_token is required", "Did you mean metamapper_restore?"):
        assert said in text_of(play)
    assert scene.api.requests == []


@pytest.mark.parametrize(
    "change", [{}, {"metamapper_databases": [{"name": "erp", "schemas": ["x"]}]}], ids=["403", "erp"]
)
def test_no_token_is_seen(scene: Scene, tmp_path: Path, change: dict[str, Any]) -> None:
    scene.api.token_is_enabled = bool(change)
    play = run_playbook(tmp_path, EXPORT, {**variables(scene, "warehouse"), **change}, "-vvv", "--diff")
    assert play.failed
    assert ("api_token" if not change else "Did you mean Erp?") in play.output
    assert not any(secret in play.output for secret in (TOKEN, TOKEN_SECRET))
