# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of the wrong type, in real plays: refused before any login, wherever they are set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres.site import Site
from tools.runners.playbooks import Play, run_on_hosts, run_playbook

pytestmark = [pytest.mark.playbook, pytest.mark.majorless]

NAME = "metamapper.postgresql"
ROLES = """\
- hosts: postgresql
  gather_facts: false
  connection: local
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  roles:
    - role: metamapper.postgresql.grant
      vars:
        metamapper_privilege: metadata
"""
OTHERS = (
    ROLES.split("  roles:", maxsplit=1)[0]
    + """\
  tasks:
    - ansible.builtin.include_role:
        name: metamapper.postgresql.grant
    - ansible.builtin.import_role:
        name: metamapper.postgresql.verify
"""
)
# Written as YAML, because YAML changes the type of some of these values.
WRONG = """\
metamapper_password: 0123
metamapper_databases: [{name: warehouse, schemas: [sales, 2027-01-31], allow_empty: maybe, schema: x}]
metamapper_group: yes
metamapper_retired_users: [{name: old}]
metamapper_login_port: many
metamapper_adopt: maybe
metamapper_usr: x
"""
EXPECTED = (
    "metamapper_usr is not a variable of metamapper.postgresql. Did you mean metamapper_user?",
    "metamapper_password is a number",
    "metamapper_databases[0].schemas[1] is a date",
    "metamapper_databases[0].allow_empty is text, and neither true nor false.",
    "metamapper_databases[0] has no key schema. Did you mean schemas?",
    "metamapper_group is a boolean",
    "metamapper_retired_users[0] is a mapping",
    "metamapper_login_port is text, and not a whole number.",
    "metamapper_adopt is text, and neither true nor false.",
)


def words(play: Play) -> str:
    """Return the output as one line; ansible-core before 2.19 shows a message as JSON."""
    return " ".join(play.output.replace("\\n", "\n").split())


@pytest.mark.parametrize("playbook", [f"{NAME}.grant_metamapper", "roles.yml", "others.yml"])
def test_all_that_is_wrong_is_said_at_once_and_by_us(playbook: str, tmp_path: Path) -> None:
    (tmp_path / "roles.yml").write_text(ROLES)
    (tmp_path / "others.yml").write_text(OTHERS)
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "127.0.0.1.yml").write_text(WRONG)
    play = run_playbook(tmp_path, playbook, {})
    said = words(play)
    assert play.status == 2, play.output
    assert [text for text in EXPECTED if text not in said] == []
    assert "Validation of arguments failed" not in play.output
    assert "argument_spec_data" not in play.output
    assert play.recap("127.0.0.1")["failed"] == 1


def test_a_misspelt_required_variable_is_named_before_the_specification(tmp_path: Path) -> None:
    (tmp_path / "roles.yml").write_text(ROLES)
    play = run_playbook(tmp_path, "roles.yml", {"metamapper_pasword": "x", "metamapper_databases": []})
    assert play.status == 2
    assert "Did you mean metamapper_password?" in words(play)
    assert "metamapper_password is required" in words(play)
    assert "argument_spec_data" not in play.output


def test_a_refused_host_does_not_keep_others_from_access_and_is_in_the_report(site: Site, tmp_path: Path) -> None:
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    wrong = {"metamapper_usr": "x", "metamapper_report_directory": str(tmp_path / "reports")}
    good = {**site.variables("sales"), "metamapper_report_directory": str(tmp_path / "reports")}
    play = run_on_hosts(tmp_path, f"{NAME}.grant_metamapper", {"first": wrong, "second": good})
    assert (play.status, play.recap("first")["failed"], play.recap("second")["failed"]) == (2, 1, 0), play.output
    report = json.loads((tmp_path / "reports" / "report.json").read_text())
    assert [server["name"] for server in report["servers"] if server["status"] == "failure"] == ["first"]
    assert len(report["servers"]) == 2


def test_where_all_hosts_are_refused_there_is_no_report(tmp_path: Path) -> None:
    hosts = {name: {"metamapper_usr": "x"} for name in ("first", "second")}
    play = run_on_hosts(tmp_path, f"{NAME}.grant_metamapper", hosts)
    assert (play.status, play.recap("first")["failed"], play.recap("second")["failed"]) == (2, 1, 1), play.output
    assert not (tmp_path / "metamapper-report").exists()


@pytest.mark.parametrize(
    "playbook", [f"{NAME}.grant_metamapper", f"{NAME}.verify_metamapper", f"{NAME}.revoke_metamapper"]
)
def test_the_preflight_can_be_left_out_and_a_wrong_variable_is_refused_all_the_same(
    playbook: str, site: Site, tmp_path: Path
) -> None:
    wrong = site.variables("sales", metamapper_user=12345)
    play = run_playbook(tmp_path, playbook, wrong, "--skip-tags", "preflight")
    assert play.status == 2
    assert "metamapper_user is a number" in words(play)
    assert site.user not in site.server.logged()


@pytest.mark.thorough
def test_a_name_alone_is_that_name(site: Site, tmp_path: Path) -> None:
    """Neither its characters nor the parts around a comma are taken as names of roles."""
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    old = site.create_role(site.role_name("d,old"), "LOGIN")
    letter = site.create_role("d", "LOGIN")
    play = run_playbook(tmp_path, f"{NAME}.grant_metamapper", site.variables("sales", metamapper_retired_users=old))
    play.ok()
    can_login = dict(site.server.execute("SELECT rolname, rolcanlogin FROM pg_catalog.pg_roles"))
    assert (can_login[old], can_login[letter]) == (False, True)


def test_an_inventory_of_texts_and_extra_variables(site: Site, tmp_path: Path) -> None:
    """An INI inventory turns some values into Python literals; --extra-vars k=v makes all of them strings."""
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    variables = site.variables("sales", metamapper_adopt=True, metamapper_connection_limit=7)
    lines = [f"{name}={json.dumps(value).replace('true', 'True')}" for name, value in variables.items()]
    (tmp_path / "inventory.ini").write_text("\n".join(["[postgresql]", "db", "[postgresql:vars]", *lines, ""]))
    extra = f"metamapper_login_port={site.server.port} metamapper_exclusive=no metamapper_retired_users="
    play = run_on_hosts(tmp_path, f"{NAME}.grant_metamapper", {}, "-i", "inventory.ini", "-e", extra)
    assert play.ok().recap("db")["changed"] == 1
    (limit,) = site.server.execute(
        "SELECT rolconnlimit FROM pg_catalog.pg_roles WHERE rolname = %s", parameters=[site.user]
    )
    assert limit == (7,)


# Strings that a template of ansible-core before 2.19 converts to a list or a mapping if nothing else is in it. (Not
# "True": if that were the password, Ansible would mask each true in a result.)
OTHER_LITERALS = ["[1, 2]", '{"a": 1}', "{{ 7 * 7 }}", "a\\nb'\"$x"]
LITERALS = ["0123", *(pytest.param(text, marks=pytest.mark.thorough) for text in OTHER_LITERALS)]


@pytest.mark.parametrize("text", LITERALS)
def test_a_text_reaches_the_server_as_it_is(text: str, site: Site, tmp_path: Path) -> None:
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    site.group, site.user, site.password = text, f"{text} u", text
    own: dict[str, Any] = site.variables("sales")
    names = {"metamapper_group": site.group, "metamapper_user": site.user, "metamapper_password": site.password}
    (tmp_path / "host_vars").mkdir()
    tag = "!unsafe " if "{{" in text else ""  # !unsafe removes the quotes, so that "0123" becomes a number
    lines = "".join(f"{name}: {tag}{json.dumps(value)}\n" for name, value in names.items())
    (tmp_path / "host_vars" / "127.0.0.1.yml").write_text(lines)
    plain = {name: value for name, value in own.items() if name not in names}
    run_playbook(tmp_path, f"{NAME}.grant_metamapper", plain).ok()
    with site.login():
        pass
    assert run_playbook(tmp_path, f"{NAME}.grant_metamapper", plain).ok().changed == 0
    assert run_playbook(tmp_path, f"{NAME}.revoke_metamapper", plain).ok().changed == 1


def test_a_password_in_a_vault(site: Site, tmp_path: Path) -> None:
    """Only the value is encrypted, not a whole file: before ansible-core 2.19 such a value is not a string."""
    from ansible.parsing.vault import VaultLib, VaultSecret

    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    own = site.variables("sales")
    (tmp_path / "vault-password").write_text("secret")
    encrypted = VaultLib([("default", VaultSecret(b"secret"))]).encrypt(own.pop("metamapper_password")).decode()
    (tmp_path / "host_vars").mkdir()
    lines = "\n".join(f"  {line}" for line in encrypted.splitlines())
    (tmp_path / "host_vars" / "127.0.0.1.yml").write_text(f"metamapper_password: !vault |\n{lines}\n")
    run_playbook(
        tmp_path, f"{NAME}.grant_metamapper", own, "--vault-password-file", str(tmp_path / "vault-password")
    ).ok()
    with site.login():
        pass
