# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks without servers, with tags and with --limit; and the names in a rule of pg_hba.conf."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres.site import Site
from tools.runners.playbooks import run_on_hosts, run_playbook

pytestmark = [pytest.mark.playbook, pytest.mark.majorless]

NAME = "metamapper.postgresql"
PLAYBOOKS = ["grant", "verify", "revoke", "bastion", "tunnel", "export"]
GRANT = f"{NAME}.grant_metamapper"


def playbook(name: str) -> str:
    """Return the full name of a playbook."""
    return f"{NAME}.export_documentation" if name == "export" else f"{NAME}.{name}_metamapper"


@pytest.fixture
def variables(site: Site) -> dict[str, Any]:
    """The inventory of a server with one schema."""
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    return site.variables("sales")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *(pytest.param(name, [], id=name) for name in PLAYBOOKS),
        pytest.param("grant", ["--limit", "web"], id="limit"),
        pytest.param("grant", ["--tags", "verify"], id="tags"),
    ],
)
def test_an_inventory_without_the_servers_is_an_error(name: str, options: list[str], tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text("all: {hosts: {web: }, children: {postgresql: , bastions: , metamapper: }}")
    play = run_on_hosts(tmp_path, playbook(name), {}, "-i", "web.yml", *options)
    assert play.status in (1, 4), play.output  # Ansible's exit code for this error: 1 before version 2.19, later 4
    assert "No host of the inventory matches" in play.output
    assert "ok=" not in play.output


def test_hosts_and_patterns_that_are_not_there(variables: dict[str, Any], tmp_path: Path) -> None:
    play = run_playbook(tmp_path, GRANT, variables, "-e", "metamapper_hosts=typo")
    assert (play.failed, "No host of the inventory matches typo" in play.output) == (True, True)
    pattern = run_playbook(tmp_path, GRANT, variables, "--check", "-e", "metamapper_hosts=postgresql:!other")
    assert pattern.ok().changed == 1


def test_hosts_that_limit_leaves_out_are_nothing_to_say(variables: dict[str, Any], tmp_path: Path) -> None:
    hosts = {"db1": variables, "db2": variables, "web": {}}
    assert run_on_hosts(tmp_path, GRANT, hosts, "--check", "--limit", "db1").ok().changed == 1
    site = tmp_path / "site.yml"
    site.write_text(f"- import_playbook: {GRANT}\n  vars: {{metamapper_hosts: 'db*'}}\n")
    play = run_on_hosts(tmp_path, "site.yml", hosts, "--limit", "web")
    assert (play.status, "No host of the inventory" in play.output) == (0, False), play.output


@pytest.mark.parametrize("option", ["--syntax-check", "--list-tasks", "--list-hosts", "--list-tags"])
def test_the_playbooks_can_be_read_without_an_inventory(option: str, tmp_path: Path) -> None:
    first, *others = map(playbook, PLAYBOOKS)
    play = run_on_hosts(tmp_path, first, {}, *others, option)
    assert (play.status, play.output.count("playbook: ")) == (0, len(PLAYBOOKS)), play.output


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_tags_of_other_plays_are_a_line_and_no_failure(name: str, tmp_path: Path) -> None:
    """The hosts have no variables, which would be an error if any task of the collection ran."""
    (tmp_path / "site.yml").write_text(
        f"- import_playbook: {playbook(name)}\n  vars: {{metamapper_bastion_hosts: postgresql, "
        "metamapper_tunnel_hosts: postgresql}\n"
        "- hosts: postgresql\n  gather_facts: false\n  connection: local\n  tasks:\n"
        "    - {ansible.builtin.debug: {msg: 'of the web'}, tags: [web]}\n"
    )
    play = run_on_hosts(tmp_path, "site.yml", {"db1": {}, "db2": {}}, "--tags", "web")
    assert play.status == 0, play.output
    assert play.output.count("Nothing was done here: --tags web selects no task of this play.") == 1
    assert "of the web" in play.output


def test_tags_of_the_import_are_ours(variables: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text(f"- import_playbook: {GRANT}\n  tags: [web]\n")
    play = run_playbook(tmp_path, "site.yml", variables, "--tags", "web", "--check").ok()
    assert (play.changed, "Nothing was done here" in play.output) == (1, False)


def test_a_run_without_tags_says_nothing_of_them(variables: dict[str, Any], tmp_path: Path) -> None:
    output = run_playbook(tmp_path, GRANT, variables, "--check").ok().output
    assert [word for word in ("unselected", "selected |") if word in output] == []


@pytest.mark.thorough
def test_each_tag_does_its_part(variables: dict[str, Any], site: Site, tmp_path: Path) -> None:
    hba = tmp_path / "pg_hba.conf"
    hba.write_text("local all all peer\n")
    of_the_host = {**variables, "metamapper_source": "203.0.113.7/32", "metamapper_pg_hba_file": str(hba)}
    report = tmp_path / "metamapper-report" / "report.json"

    def run(*options: str) -> int:
        return run_playbook(tmp_path, GRANT, of_the_host, *options).ok().changed

    def exists() -> bool:
        return bool(site.server.execute("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", parameters=[site.user]))

    assert (run("--tags", "preflight"), exists()) == (0, False)
    assert (run("--tags", "pg_hba"), exists()) == (2, False)  # the rule and the reload
    assert site.user in hba.read_text()
    assert (run("--tags", "access"), exists(), report.exists()) == (1, True, False)
    assert (run("--skip-tags", "report"), report.exists()) == (0, False)
    assert (run("--tags", "verify"), report.exists()) == (0, True)
    report.unlink()
    assert (run("--tags", "report"), json.loads(report.read_text())["servers"][0]["status"]) == (0, "warning")
    site.run("REVOKE SELECT ON sales.orders FROM {}", site.group)
    assert run_playbook(tmp_path, GRANT, of_the_host, "--tags", "verify", "--skip-tags", "report").failed


@pytest.mark.thorough
def test_drift_is_an_error_of_its_own(variables: dict[str, Any], tmp_path: Path) -> None:
    drift = ["--check", "-e", "metamapper_fail_on_drift=true"]
    play = run_playbook(tmp_path, GRANT, variables, *drift)
    assert (play.status, "this run would change access." in play.output) == (2, True), play.output
    assert run_playbook(tmp_path, GRANT, variables, "-e", "metamapper_fail_on_drift=true").ok().changed == 1
    assert run_playbook(tmp_path, GRANT, variables, *drift).ok().changed == 0


@pytest.mark.parametrize(
    ("name", "pattern"), [("/regular", "{}"), ("/regular", "/reg*"), ("a,b", "a?b*"), ("a b", "{}")]
)
def test_a_database_that_pg_hba_cannot_name_is_refused_before_anything_is_granted(
    name: str, pattern: str, site: Site, tmp_path: Path
) -> None:
    name = site.create_database(name)
    hba = tmp_path / "pg_hba.conf"
    hba.write_text("local all all peer\n")
    own = site.variables(
        metamapper_databases=[{"name": pattern.format(name), "schemas": ["public"], "allow_empty": True}],
        metamapper_source="203.0.113.7/32",
        metamapper_pg_hba_file=str(hba),
    )
    play = run_playbook(tmp_path, GRANT, own)
    assert play.failed
    assert "cannot stand in pg_hba.conf" in play.output
    assert not site.server.execute("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", parameters=[site.user])


def test_a_report_directory_that_is_a_link_is_not_followed(variables: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "target").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    linked = {**variables, "metamapper_report_directory": str(tmp_path / "link")}
    play = run_playbook(tmp_path, playbook("verify"), linked)
    assert (play.status, "is a symbolic link" in play.output) == (2, True)
    assert (list((tmp_path / "target").iterdir()), (tmp_path / "target").stat().st_mode & 0o777) == ([], 0o755)


@pytest.mark.thorough
def test_modes_of_the_reports_are_set_when_they_are_created(variables: dict[str, Any], tmp_path: Path) -> None:
    directory = tmp_path / "metamapper-report"

    def modes() -> list[int]:
        return [os.stat(path).st_mode & 0o777 for path in (directory, directory / "report.html")]

    run_playbook(tmp_path, GRANT, variables).ok()
    assert modes() == [0o750, 0o640]
    directory.chmod(0o755)
    (directory / "report.html").chmod(0o644)
    assert run_playbook(tmp_path, GRANT, variables).ok().changed == 0
    assert modes() == [0o755, 0o644]
