# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as targets run them: ansible-playbook runs them with every supported Python on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.support.modules.targets import interpreters, supported
from tests.support.postgres.site import Site
from tests.support.ssh.sshd import Sshd
from tools.postgres.server import Server
from tools.runners.playbooks import Play, run_on_hosts

pytestmark = [pytest.mark.playbook, pytest.mark.thorough]

PLAYBOOK = "- import_playbook: metamapper.postgresql.{}_metamapper\n"
HOSTILE = "we\"ird-näme';--"
OWN = "{}.{}".format(*sys.version_info[:2])


@pytest.fixture(scope="module")
def pythons() -> dict[str, str]:
    """An interpreter of each version; in CI there must be another version than the one that runs the tests."""
    found = interpreters()
    others = [name for name in found if not name.startswith(f"{OWN}-")]
    assert others or not os.environ.get("CI"), f"Of the Pythons {supported()} this machine has only {OWN}."
    return found


@pytest.fixture
def sites(server: Server, pythons: dict[str, str]) -> Iterator[dict[str, Site]]:
    """A database and role names for each Python."""
    made = {version: Site(server) for version in pythons}
    try:
        for one in made.values():
            one.run("CREATE SCHEMA {}; CREATE TABLE {}.orders (id int)", HOSTILE, HOSTILE)
        yield made
    finally:
        for one in made.values():
            one.clean_up()


def host(site: Site, python: str, sshd: Sshd) -> dict[str, Any]:
    """Return the variables of a target with this Python, which reaches the server through a bastion."""
    return site.variables(
        HOSTILE,
        ansible_python_interpreter=python,
        metamapper_connection="ansible.builtin.local",  # under this name it is a target like any other
        metamapper_bastion=sshd.bastion_options(),
    )


def test_grant_verify_and_revoke_on_each(tmp_path: Path, sites: dict[str, Site], pythons: dict[str, str]) -> None:
    for action in ("grant", "revoke"):
        (tmp_path / f"{action}.yml").write_text(PLAYBOOK.format(action))
    with Sshd() as sshd:
        hosts = {f"python{version}": host(site, pythons[version], sshd) for version, site in sites.items()}

        def run(action: str, *options: str) -> Play:
            shown = {name: dict(variables) for name, variables in hosts.items()}
            if action == "revoke":
                for variables in shown.values():
                    del variables["metamapper_password"], variables["metamapper_databases"]
            return run_on_hosts(tmp_path, f"{action}.yml", shown, *options).ok()

        granted = run("grant", "-vvv")
        assert [name for name in hosts if granted.recap(name)["changed"] != 1] == []
        assert [path for path in pythons.values() if f"{path} " not in granted.output] == []
        assert run("grant").changed == 0
        assert run("revoke").changed == len(hosts)
