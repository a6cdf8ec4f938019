# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook of the tunnel without real hosts: what it refuses, and how ``verify`` and ``grant`` use the tunnel.

What it does on hosts is tested in containers by molecule/default; how a tunnel stays open is tested by
ssh/test_standing_tunnel.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.support.postgres.site import Site
from tests.support.ssh.sshd import Sshd
from tests.support.ssh.standing_tunnel import StandingTunnel
from tools.runners.playbooks import Play, run_on_hosts, run_playbook

pytestmark = [pytest.mark.playbook, pytest.mark.majorless, pytest.mark.thorough]

NAME = "metamapper.postgresql"
NOWHERE = {"ansible_host": "127.0.0.1", "ansible_port": 1}
TARGET = {"host": "db.example.internal", "listen_port": 15432}
GOOD = {"metamapper_tunnel_targets": [TARGET]}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "all networks": ({"metamapper_tunnel_listen_address": "0.0.0.0"}, "means every network of the host"),
    "all networks of IPv6": ({"metamapper_tunnel_listen_address": "::"}, "means every network of the host"),
    "a public address": ({"metamapper_tunnel_listen_address": "8.8.8.8"}, "neither loopback nor private"),
    "no target": ({"metamapper_tunnel_targets": []}, "metamapper_tunnel_targets is empty"),
    "a misspelled variable": ({"metamapper_tunnel_target": []}, "Did you mean metamapper_tunnel_targets?"),
    "a misspelled key": (
        {"metamapper_tunnel_targets": [{**TARGET, "listen_prt": 1}]},
        "metamapper_tunnel_targets[0] has no key listen_prt. Did you mean listen_port?",
    ),
}


def play_tunnel(directory: Path, variables: dict[str, Any], *options: str) -> Play:
    """Run the playbook on unreachable hosts: a refusal has to come before the first connection."""
    groups = {"metamapper": {"hosts": {"m1": {**NOWHERE, **variables}}}, "bastions": {"hosts": {"b1": NOWHERE}}}
    (directory / "tunnel.yml").write_text(json.dumps(groups))
    return run_on_hosts(directory, f"{NAME}.tunnel_metamapper", {}, "-i", "tunnel.yml", *options)


@pytest.mark.parametrize(("changes", "words"), WRONG.values(), ids=WRONG)
def test_what_cannot_work_is_refused_before_any_host_is_reached(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    play = play_tunnel(tmp_path, {**GOOD, **changes})
    assert play.status == 2, play.output
    assert words in " ".join(play.output.replace("\\n", "\n").split())
    assert (play.recap("m1")["failed"], play.recap("m1")["unreachable"]) == (1, 0)


def test_what_is_right_goes_on_to_the_host(tmp_path: Path) -> None:
    assert play_tunnel(tmp_path, GOOD).recap("m1")["unreachable"] == 1


def test_a_host_whose_key_is_not_known_keeps_it_on_the_bastion(tmp_path: Path) -> None:
    """If the host is left out by --limit or unreachable, the bastion is not changed and the reason is shown."""
    play = play_tunnel(tmp_path, GOOD, "--limit", "b1")
    assert play.status == 2, play.output
    assert "The key of m1 is not known in this run" in " ".join(play.output.split())
    assert (play.recap("b1")["failed"], play.recap("b1")["unreachable"]) == (1, 0)


@pytest.fixture
def tunnel(site: Site, tmp_path: Path) -> Iterator[StandingTunnel]:
    """A tunnel to the server through a bastion."""
    (tmp_path / "tunnel").mkdir()
    target = f"{site.server.host}:{site.server.port}"
    with Sshd() as bastion, StandingTunnel(bastion, target, tmp_path / "tunnel") as standing:
        yield standing


@pytest.mark.thorough
def test_verify_proves_the_tunnel_where_it_ends(site: Site, tunnel: StandingTunnel, tmp_path: Path) -> None:
    site.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # before 15, CREATE on public would be a warning
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    variables = site.variables("sales")
    run_playbook(tmp_path, f"{NAME}.grant_metamapper", variables).ok()
    through = {**variables, "metamapper_login_host": "127.0.0.1", "metamapper_login_port": tunnel.port}
    run_playbook(tmp_path, f"{NAME}.verify_metamapper", through).ok()
    report = json.loads((tmp_path / "metamapper-report" / "report.json").read_text())
    assert [server["status"] for server in report["servers"]] == ["ok"]
    closed = {**through, "metamapper_login_port": 1}
    assert run_playbook(tmp_path, f"{NAME}.verify_metamapper", closed).failed


@pytest.mark.thorough
def test_grant_says_where_metamapper_finds_the_server(site: Site, tmp_path: Path) -> None:
    """Host and port of the tunnel in the inventory; with a bastion but no tunnel, why a tunnel is needed."""
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    variables = site.variables("sales")
    target = {"host": site.server.host, "port": site.server.port, "listen_port": 15432}
    host = {"metamapper_tunnel_targets": [target], "metamapper_tunnel_listen_address": "172.17.0.1"}
    (tmp_path / "tunnel.yml").write_text(json.dumps({"metamapper": {"hosts": {"m1": {**NOWHERE, **host}}}}))
    said = " ".join(
        run_playbook(tmp_path, f"{NAME}.grant_metamapper", variables, "-i", "tunnel.yml").ok().output.split()
    )
    assert "On m1, through its tunnel: Host: 172.17.0.1 Port: 15432 SSH tunnel: off" in said
    with Sshd() as bastion:
        behind = {**variables, "metamapper_bastion": bastion.bastion_options()}
        said = " ".join(run_playbook(tmp_path, f"{NAME}.grant_metamapper", behind).ok().output.split())
    assert "SSH tunnel: off. Metamapper 1.0.0 closes its own SSH tunnel" in said
