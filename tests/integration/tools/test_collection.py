# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection archive: built, installed into an empty collections path, and run from there."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support.postgres.site import Site
from tools.packaging.collection import NAME, ROOT, contents, environment, install, program
from tools.runners.playbooks import run_playbook

pytestmark = pytest.mark.playbook

TOP = {
    *("CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "LICENSE", "MAINTAINERS.md", "README.md", "SECURITY.md"),
    *(
        "FILES.json",
        "MANIFEST.json",
        "changelogs",
        "docs",
        "examples",
        "meta",
        "playbooks",
        "plugins",
        "roles",
        "tests",
    ),
}


def test_it_holds_what_users_need_and_no_more(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        names = archive.getnames()
    top = {name.split("/")[0] for name in names}
    assert top == TOP
    # ansible-test reads this file if it is run on an installed collection.
    assert {name for name in names if name.startswith("tests/")} == {"tests/config.yml"}
    page = {f"plugins/plugin_utils/_report/page.{form}" for form in ("html.j2", "css")}
    assert page <= set(names)


def test_it_declares_what_it_depends_on(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        manifest = archive.extractfile("MANIFEST.json")
        assert manifest
        information = json.load(manifest)["collection_info"]
    assert list(information["dependencies"]) == ["community.postgresql"]


@pytest.mark.thorough
def test_without_its_dependency_all_but_the_rule_in_pg_hba_works(artifact: Path, tmp_path: Path, site: Site) -> None:
    collections = tmp_path / "collections"
    install(artifact, collections, with_dependency=False)
    assert not (collections / "ansible_collections" / "community").exists()
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    variables = site.variables("sales")
    rule = {"metamapper_pg_hba_file": str(site.server.data / "pg_hba.conf"), "metamapper_source": "203.0.113.7/32"}
    refused = run_playbook(tmp_path, f"{NAME}.grant_metamapper", {**variables, **rule}, collections=collections)
    assert refused.failed
    assert "Run ansible-galaxy collection install community.postgresql" in refused.output
    for name, changed in {"grant": 1, "verify": 0, "revoke": 1}.items():
        play = run_playbook(tmp_path, f"{NAME}.{name}_metamapper", variables, collections=collections)
        assert play.ok().changed == changed


@pytest.mark.thorough
def test_it_can_be_installed_from_a_repository(tmp_path: Path) -> None:
    own = environment(tmp_path / "collections", tmp_path)
    source = f"git+file://{ROOT},HEAD"
    command = [
        program("ansible-galaxy"),
        "collection",
        "install",
        source,
        "--no-deps",
        "-p",
        str(tmp_path / "collections"),
    ]
    subprocess.run(command, cwd=tmp_path, env=own, check=True)
    shown = subprocess.run(
        [program("ansible-doc"), f"{NAME}.access"], cwd=tmp_path, env=own, check=True, text=True, stdout=subprocess.PIPE
    )
    assert f"{NAME}.access" in shown.stdout


@pytest.mark.thorough
def test_it_runs_from_where_it_was_installed(installed: Path, tmp_path: Path, site: Site) -> None:
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    variables = site.variables("sales")
    name = "metamapper.postgresql.grant_metamapper"
    assert run_playbook(tmp_path, name, variables, collections=installed).ok().changed == 1
    assert run_playbook(tmp_path, name, variables, collections=installed).ok().changed == 0
    assert "</html>" in (tmp_path / "metamapper-report" / "report.html").read_text()


def test_ansible_lists_nothing_that_is_private(installed: Path, tmp_path: Path) -> None:
    shown = {
        kind: subprocess.run(
            [program("ansible-doc"), "--type", kind, "--list", "--json", NAME],
            env=environment(installed, tmp_path),
            cwd=tmp_path,
            check=True,
            text=True,
            stdout=subprocess.PIPE,
        ).stdout
        for kind in ("filter", "module")
    }
    listed = {kind: {name.rpartition(".")[2] for name in json.loads(text)} for kind, text in shown.items()}
    assert listed == {"filter": set(), "module": set(contents()["module"])}


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in ("module", "role") for name in contents()[kind]],
    ids=lambda value: value,
)
def test_ansible_documents_it(kind: str, name: str, installed: Path, tmp_path: Path) -> None:
    shown = subprocess.run(
        [program("ansible-doc"), "--type", kind, f"{NAME}.{name}"],
        env=environment(installed, tmp_path),
        cwd=tmp_path,
        check=True,
        text=True,
        capture_output=True,
    )
    # ansible-core 2.21 warns about a part of itself.
    assert [line for line in shown.stderr.splitlines() if "/ansible/_internal/" not in line] == []
    options = {"module": ["OPTIONS", "EXAMPLES", "RETURN VALUES", "check_mode"], "role": ["metamapper_", "default:"]}
    assert [part for part in (f"{NAME}.{name}", *options[kind]) if part.lower() not in shown.stdout.lower()] == []
