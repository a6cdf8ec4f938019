# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the collection archive from the files that git tracks, and tests it in an otherwise empty installation.

"make build" runs all of it, including Galaxy's own checks; so does a release at its start.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / ".ansible" / "collections"
NAME = "metamapper.postgresql"
DEPENDENCY = "community.postgresql"
# Ansible would warn that there is no inventory, which is intended here.
QUIET = {"ANSIBLE_INVENTORY_UNPARSED_WARNING": "false", "ANSIBLE_LOCALHOST_WARNING": "false"}
BUILD = ROOT / ".cache" / "build"


def program(name: str) -> str:
    """Return the path of a program in this virtual environment."""
    return str(Path(sys.executable).parent / name)


def stage(directory: Path) -> None:
    """Copy every file that git tracks, or would add, into a directory."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.decode()
    for name in listed.split("\0"):
        if name and (ROOT / name).exists():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name, follow_symlinks=False)


def build(target: Path) -> Path:
    """Build the collection into a directory, and return the path of the archive."""
    with tempfile.TemporaryDirectory() as staging:
        stage(Path(staging))
        command = [program("ansible-galaxy"), "collection", "build", "--force", "--output-path", str(target)]
        subprocess.run(command, cwd=staging, check=True)
    return max(target.glob("metamapper-postgresql-*.tar.gz"), key=lambda path: path.stat().st_mtime)


def environment(collections: Path, home: Path) -> dict[str, str]:
    """Return an environment in which Ansible finds these collections, and no configuration of the user."""
    # PYTHONPATH too, since Ansible also finds collections on Python's module path.
    others = ("ANSIBLE_", "PG", "PYTHONPATH")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(others)}
    own = {
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_HOME": str(home / ".ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    return {**kept, **own}


def install(artifact: Path, collections: Path, *, with_dependency: bool = True) -> None:
    """Install the built collection, by default with its dependency, into an empty directory."""
    dependency = str(COLLECTIONS / "ansible_collections" / "community" / "postgresql")
    command = [program("ansible-galaxy"), "collection", "install", "--offline", str(artifact)]
    command += [dependency] if with_dependency else ["--no-deps"]
    with tempfile.TemporaryDirectory() as home:
        settings = environment(collections, Path(home))
        subprocess.run([*command, "-p", str(collections)], cwd=home, env=settings, check=True, stdout=sys.stderr)


def contents() -> Mapping[str, Sequence[str]]:
    """Return the names of the collection's public content by kind; a role without argument specs is internal."""
    return {
        "module": sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")),
        "role": sorted(path.parent.parent.name for path in (ROOT / "roles").glob("*/meta/argument_specs.yml")),
        "playbook": sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml")),
    }


def look(collections: Path) -> None:
    """Run ansible-doc on each module and role of an installed collection, and a syntax check on each playbook.

    ansible-doc succeeds even if it finds nothing, so its output has to contain the requested names.
    """
    commands = [
        ["ansible-doc", "--type", kind, f"{NAME}.{name}"]
        for kind, names in contents().items()
        for name in names
        if kind != "playbook"
    ]
    commands += [["ansible-playbook", "--syntax-check", f"{NAME}.{name}"] for name in contents()["playbook"]]
    with tempfile.TemporaryDirectory() as empty:
        for command in commands:
            print("+ " + " ".join(command), flush=True)
            shown = subprocess.run(
                [program(command[0]), *command[1:]],
                cwd=empty,
                env={**environment(collections, Path(empty)), **QUIET},
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            if command[-1].rpartition(".")[2] not in shown.stdout:
                raise SystemExit(f"{command[-1]} is not shown:\n{shown.stdout}")


def avoidable_warnings(log: str) -> list[str]:
    """Return the warnings of Galaxy's importer, except those about a dependency's modules, which it does not have."""
    return [line for line in log.splitlines() if line.startswith("WARNING") and DEPENDENCY not in line]


def check(artifact: Path) -> None:
    """Install the archive as a user would, and import it as Galaxy would; raises an exception if either fails."""
    with tempfile.TemporaryDirectory() as collections:
        install(artifact, Path(collections))
        look(Path(collections))
    command = [sys.executable, "-m", "galaxy_importer.main", artifact.name]
    ended = subprocess.run(command, cwd=artifact.parent, stdout=subprocess.PIPE, text=True, check=False)
    print(ended.stdout, flush=True)
    if ended.returncode or avoidable_warnings(ended.stdout):
        raise SystemExit("Galaxy would refuse the collection, or warn of it: see above.")


def make() -> Path:
    """Build and check the collection, and return the path of the archive."""
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    artifact = build(BUILD)
    check(artifact)
    return artifact


if __name__ == "__main__":
    print(f"{make().relative_to(ROOT)} is good.")
