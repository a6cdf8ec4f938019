"""The collection as one file: built, installed into an empty collections path, and run from there."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support.postgres.site import Site
from tools.packaging.collection import NAME, contents, environment, program
from tools.runners.playbooks import run_playbook

pytestmark = pytest.mark.playbook


def test_it_holds_what_users_need_and_no_more(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        names = archive.getnames()
    top = {name.split("/")[0] for name in names}
    assert {"README.md", "LICENSE", "plugins", "roles", "playbooks", "meta", "tests", "docs"} <= top
    assert not {".ansible", ".cache", ".ci", ".config", ".git", ".venv", "molecule"} & top
    page = {f"plugins/plugin_utils/_report/page.{form}" for form in ("html.j2", "css")}
    assert page <= set(names)


@pytest.mark.thorough
def test_it_runs_from_where_it_was_installed(installed: Path, tmp_path: Path, site: Site) -> None:
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    variables = site.variables("sales")
    name = "metamapper.postgresql.grant_metamapper"
    assert run_playbook(tmp_path, name, variables, collections=installed).ok().changed == 1
    assert run_playbook(tmp_path, name, variables, collections=installed).ok().changed == 0
    assert "</html>" in (tmp_path / "metamapper-report" / "report.html").read_text()


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
    # ansible-core 2.21 warns of a part of its own.
    assert [line for line in shown.stderr.splitlines() if "/ansible/_internal/" not in line] == []
    options = {"module": ["OPTIONS", "EXAMPLES", "RETURN VALUES", "check_mode"], "role": ["metamapper_", "default:"]}
    assert [part for part in (f"{NAME}.{name}", *options[kind]) if part.lower() not in shown.stdout.lower()] == []
