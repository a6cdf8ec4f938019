# SPDX-License-Identifier: GPL-3.0-or-later
"""What the terminal shows: names are only data, whatever they contain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.postgres.site import Site
from tools.runners.playbooks import Play, run_playbook

pytestmark = [pytest.mark.playbook, pytest.mark.majorless, pytest.mark.thorough]

PLAYBOOK = "- import_playbook: metamapper.postgresql.grant_metamapper\n"
COLLECTION = "metamapper.postgresql"
CONTROLS = "sa\x1b[31mles\x1b]0;title\x07\u202e"


@pytest.mark.parametrize("result_format", ["json", "yaml"])
def test_a_name_cannot_control_the_terminal(tmp_path: Path, site: Site, result_format: str) -> None:
    (tmp_path / "grant_metamapper.yml").write_text(PLAYBOOK)
    (tmp_path / "ansible.cfg").write_text(f"[defaults]\ncallback_result_format = {result_format}\n")
    played = run_playbook(tmp_path, "grant_metamapper.yml", site.variables(CONTROLS))
    assert played.failed
    assert "sa⟨U+001B⟩[31mles" in played.output
    assert [line for line in played.output.splitlines() if "\x1b" in line or "\x07" in line] == []


NAME = "we\"ird.näme\\'; --"


@pytest.mark.parametrize("result_format", ["json", "yaml"])
def test_statements_can_be_copied(tmp_path: Path, site: Site, result_format: str) -> None:
    """Statements are shown by the task that could not grant and by the verification, which shows each finding once."""
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    site.group = site.role_name(NAME)
    administrator = site.create_role("administrator", "LOGIN CREATEROLE PASSWORD 'x'")
    (tmp_path / "ansible.cfg").write_text(f"[defaults]\ncallback_result_format = {result_format}\n")
    own = site.variables("sales")
    refused = {**own, "metamapper_login_user": administrator, "metamapper_login_password": "x"}
    quoted = site.group.replace('"', '""')
    statement = f'GRANT SELECT ON TABLE sales.orders TO "{quoted}";'
    run_playbook(tmp_path, f"{COLLECTION}.grant_metamapper", own).ok()
    site.run("REVOKE SELECT ON ALL TABLES IN SCHEMA sales FROM {}", site.group)
    play = run_playbook(tmp_path, f"{COLLECTION}.grant_metamapper", refused)
    assert statement in copyable(play), play.output
    play = run_playbook(tmp_path, f"{COLLECTION}.verify_metamapper", {**own, "metamapper_fail_on": ["missing"]})
    assert copyable(play).count(statement) == 2, play.output  # in the findings of the aspects missing and lost
    assert play.output.count("the login lacks SELECT") == 1


def test_what_is_not_configured_has_no_line_on_each_host(tmp_path: Path, site: Site) -> None:
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    for name in ("grant", "verify", "revoke"):
        play = run_playbook(tmp_path, f"{COLLECTION}.{name}_metamapper", site.variables("sales")).ok()
        assert (play.recap("127.0.0.1")["skipped"], "skipping:" in play.output) == (0, False), play.output


def test_a_task_on_many_databases_says_how_far_it_is(tmp_path: Path, site: Site) -> None:
    databases = [{"name": site.create_database(f"d{number}"), "schemas": ["public"]} for number in range(11)]
    own = site.variables(metamapper_databases=databases)
    output = run_playbook(tmp_path, f"{COLLECTION}.grant_metamapper", own, "-v").ok().output
    for done in ("databases inspected", "databases verified"):
        assert f"<127.0.0.1> 10 of 11 {done}\n<127.0.0.1> 11 of 11 {done}\n" in output
    assert re.search(r"<127\.0\.0\.1> 10 of \d+ steps done", output)
    quiet = run_playbook(tmp_path, f"{COLLECTION}.grant_metamapper", own).ok().output
    assert "of 11 databases inspected" not in quiet


def copyable(play: Play) -> list[str]:
    """Return the printed lines, without surrounding blanks and without quotation marks that names do not need."""
    return [line.strip().replace('"sales"."orders"', "sales.orders") for line in play.output.splitlines()]
