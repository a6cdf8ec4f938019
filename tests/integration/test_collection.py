"""The collection as one file: built, installed into an empty collections path, and run from there."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support.playbooks import COLLECTIONS, ROOT, run_playbook
from tests.support.site import Site

pytestmark = pytest.mark.playbook

GALAXY = str(Path(sys.executable).parent / "ansible-galaxy")


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, built from the files that git knows."""
    staging = tmp_path_factory.mktemp("staging")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).exists():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([GALAXY, "collection", "build", "--output-path", str(staging / "built")], cwd=staging, check=True)
    return next((staging / "built").glob("metamapper-postgresql-*.tar.gz"))


def test_it_holds_what_users_need_and_no_more(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        top = {name.split("/")[0] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "plugins", "roles", "playbooks", "meta", "tests", "molecule"} <= top
    assert not {".ansible", ".cache", ".ci", ".git", ".venv"} & top


def test_it_runs_from_where_it_was_installed(artifact: Path, tmp_path: Path, site: Site) -> None:
    collections = tmp_path / "collections"
    dependency = COLLECTIONS / "ansible_collections" / "community" / "postgresql"
    install = [GALAXY, "collection", "install", str(artifact), str(dependency), "-p", str(collections), "--offline"]
    environment = {**os.environ, "ANSIBLE_HOME": str(tmp_path / "home"), "ANSIBLE_COLLECTIONS_PATH": str(collections)}
    subprocess.run(install, check=True, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    variables = {
        "metamapper_login_port": site.server.port,
        "metamapper_login_password": site.server.password,
        "metamapper_group": site.group,
        "metamapper_user": site.user,
        "metamapper_password": site.password,
        "metamapper_databases": [{"name": site.database, "schemas": ["sales"]}],
    }
    name = "metamapper.postgresql.grant_metamapper"
    assert run_playbook(tmp_path, name, variables, collections=collections).ok().changed == 1
    assert run_playbook(tmp_path, name, variables, collections=collections).ok().changed == 0
