# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guide for fleets states about pipelines, exit codes and execution environments, apart from its commands."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.documents.blocks import ROOT, blocks
from tests.support.postgres.site import Site
from tools.packaging.collection import NAME, program
from tools.runners.playbooks import Play, run_on_hosts

pytestmark = pytest.mark.majorless

GUIDE = ROOT / "docs" / "guides" / "fleets.md"
FILES = {block.file: block.text for block in blocks(GUIDE) if block.file}
GRANT = f"{NAME}.grant_metamapper"


@pytest.mark.parametrize(
    ("file", "schema"), [(".github/workflows/metamapper.yml", "github-workflows"), (".gitlab-ci.yml", "gitlab-ci")]
)
def test_a_pipeline_is_valid(file: str, schema: str, tmp_path: Path) -> None:
    (tmp_path / "pipeline.yml").write_text(FILES[file])
    command = [program("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", "pipeline.yml"]
    subprocess.run(command, cwd=tmp_path, check=True)


@pytest.fixture
def servers(site: Site) -> dict[str, dict[str, Any]]:
    """An inventory of one server under one name."""
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    return {"db1": site.variables("sales")}


def run(directory: Path, hosts: dict[str, dict[str, Any]], playbook: str = GRANT, *options: str) -> Play:
    """Run a playbook with the guide's configuration, except the path of the inventory."""
    configuration = FILES["ansible.cfg"].replace("inventory = inventory\n", "inventory = inventory.yml\n")
    (directory / "ansible.cfg").write_text(configuration)
    return run_on_hosts(directory, playbook, hosts, *options)


REFUSED = {"metamapper_login_password": "wrong"}
UNREACHABLE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}


@pytest.mark.parametrize(
    ("others", "status"),
    [
        pytest.param([], 0, id="all is well", marks=pytest.mark.thorough),
        pytest.param([REFUSED], 2, id="one is refused", marks=pytest.mark.thorough),
        pytest.param([UNREACHABLE], 4, id="one cannot be reached by SSH", marks=pytest.mark.thorough),
        pytest.param([REFUSED, UNREACHABLE], 4, id="both", marks=pytest.mark.thorough),
    ],
)
def test_the_exit_code_and_that_the_others_go_on(
    others: list[dict[str, Any]], status: int, servers: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    hosts = {f"other{number}": {**servers["db1"], **other} for number, other in enumerate(others)}
    play = run(tmp_path, {**hosts, **servers})
    assert play.status == status, play.output
    assert play.recap("db1") == {**play.recap("db1"), "failed": 0, "unreachable": 0, "changed": 1}


def test_the_exit_code_of_what_is_no_playbook(servers: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("- hosts: [\n")
    assert run(tmp_path, servers, "broken.yml").status == 4
    assert run(tmp_path, servers, f"{NAME}.nothing").status == 1


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["-i", "broken.yml"], id="unreadable"),
        pytest.param(["-e", "metamapper_hosts=typo"], id="misspelled"),
    ],
)
def test_an_inventory_without_the_servers_is_an_error(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("postgresql: [")
    assert run(tmp_path, {}, GRANT, *options).status in (1, 4)


@pytest.mark.thorough
def test_slices_end_as_one_run_does(servers: dict[str, dict[str, Any]], site: Site, tmp_path: Path) -> None:
    """Two slices of a job run at the same time against one server under two names."""
    hosts = {f"db{number}": servers["db1"] for number in range(4)}
    slices = {"db0,db1": tmp_path / "a", "db2,db3": tmp_path / "b"}

    def run_slice(limit: str) -> Play:
        slices[limit].mkdir()
        return run(slices[limit], hosts, GRANT, "--limit", limit)

    with ThreadPoolExecutor() as pool:
        plays = list(pool.map(run_slice, slices))
    assert [play.status for play in plays] == [0, 0], plays
    assert all((directory / "metamapper-report" / "report.json").exists() for directory in slices.values())
    assert run(tmp_path, hosts).ok().changed == 0


@pytest.mark.parametrize(
    ("manager", "package"), [("/usr/bin/dnf", "openssh-clients"), ("/usr/bin/apt-get", "openssh-client")]
)
def test_an_execution_environment_can_be_made(manager: str, package: str, installed: Path, tmp_path: Path) -> None:
    definition = yaml.safe_load(FILES["execution-environment.yml"])
    definition["options"] = {"package_manager_path": manager}
    (tmp_path / "execution-environment.yml").write_text(yaml.safe_dump(definition))
    create = [program("ansible-builder"), "create", "--context", "context", "--output-filename", "Containerfile"]
    subprocess.run(create, cwd=tmp_path, check=True)
    assert manager in (tmp_path / "context" / "Containerfile").read_text()
    assert NAME in (tmp_path / "context" / "_build" / "requirements.yml").read_text()

    introspect = [program("ansible-builder"), "introspect", str(installed)]
    needs = yaml.safe_load(subprocess.run(introspect, check=True, stdout=subprocess.PIPE).stdout)
    assert any("psycopg2-binary" in line for line in needs["python"])
    assert any(line.split()[0] == package for line in needs["system"])


def test_the_collections_own_definition_is_valid(tmp_path: Path) -> None:
    """Its paths are relative to the collection's directory, so the test makes them absolute for ansible-builder."""
    definition = yaml.safe_load((ROOT / "meta" / "execution-environment.yml").read_text())
    for kind, file in definition["dependencies"].items():
        definition["dependencies"][kind] = str(ROOT / file)
    (tmp_path / "execution-environment.yml").write_text(yaml.safe_dump(definition))
    subprocess.run([program("ansible-builder"), "create"], cwd=tmp_path, check=True)
