# SPDX-License-Identifier: GPL-3.0-or-later
"""A release, made in a clone: what it refuses, what it writes, and that a failed one leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest
import yaml

from tools.packaging.collection import COLLECTIONS, environment, program, stage

pytestmark = pytest.mark.majorless

VERSION = "1.0.0"


def git(directory: Path, *arguments: str) -> str:
    """Return what git prints in a directory."""
    identity = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=directory, check=True, stdout=subprocess.PIPE, text=True).stdout


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text, which must be present."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of this repository's current state, on a clean main branch, with a changelog fragment and no release."""
    directory = tmp_path / "clone"
    stage(directory)
    for file in ("changelogs/changelog.yaml", "changelogs/.plugin-cache.yaml"):
        (directory / file).unlink(missing_ok=True)
    fragments = directory / "changelogs" / "fragments"
    fragments.mkdir(exist_ok=True)
    if not list(fragments.glob("*.yml")):
        (fragments / "first.yml").write_text("---\nrelease_summary: The first release.\n")
    found = yaml.safe_load((directory / "galaxy.yml").read_text())["version"]
    edit(directory / "galaxy.yml", f"version: {found}\n", f"version: {VERSION}\n")
    collections = directory / ".ansible" / "collections"
    collections.mkdir(parents=True)
    (collections / "ansible_collections").symlink_to(COLLECTIONS / "ansible_collections")
    git(directory, "init", "--quiet", "--initial-branch", "main")
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message", "As it stands")
    return directory


def release(clone: Path, version: str = VERSION) -> subprocess.CompletedProcess[str]:
    """Run what "make release" runs."""
    return subprocess.run(
        [sys.executable, "-m", "tools.packaging.release", *([version] if version else [])],
        cwd=clone,
        env=environment(clone / ".ansible" / "collections", clone / ".ansible" / "home"),
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def dirty(clone: Path) -> None:
    (clone / "README.md").write_text("changed\n")


def other_branch(clone: Path) -> None:
    git(clone, "checkout", "--quiet", "-b", "feature")


def tagged(clone: Path) -> None:
    git(clone, "tag", VERSION)


def without_fragments(clone: Path) -> None:
    git(clone, "rm", "-r", "--quiet", "changelogs/fragments")
    git(clone, "commit", "--quiet", "--message", "Nothing to say")


def notes_and_more(clone: Path) -> None:
    (clone / "changelogs" / "changelog.yaml").write_text(f"---\nancestor: null\nreleases: {{{VERSION}: {{}}}}\n")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "Write notes, and another fragment")


def nothing(_clone: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("change", "version", "reason"),
    [
        pytest.param(dirty, VERSION, "changes that are not committed", id="dirty"),
        pytest.param(other_branch, VERSION, "the branch is feature", id="other branch"),
        pytest.param(tagged, VERSION, "the tag 1.0.0 exists", id="tagged"),
        pytest.param(without_fragments, VERSION, "changelogs/fragments is empty", id="no fragment"),
        pytest.param(notes_and_more, VERSION, "the release notes of 1.0.0 are written, but", id="notes and more"),
        pytest.param(nothing, "1.0.1", "galaxy.yml says 1.0.0", id="other version"),
        pytest.param(nothing, "we\"ird.näme'; --", "is no version", id="no version"),
        pytest.param(nothing, "", "is no version", id="nothing"),
    ],
)
def test_what_is_not_ready_is_refused(change: Callable[[Path], None], version: str, reason: str, clone: Path) -> None:
    change(clone)
    before = git(clone, "status", "--porcelain")
    ended = release(clone, version)
    assert ended.returncode == 1
    assert reason in ended.stdout
    assert git(clone, "status", "--porcelain") == before


@pytest.mark.thorough
def test_a_release_that_fails_leaves_the_tree_as_it_was(clone: Path) -> None:
    edit(clone / "playbooks/verify_metamapper.yml", "  tasks:", "  task:")
    git(clone, "commit", "--quiet", "--all", "--message", "Break a playbook")
    ended = release(clone)
    assert ended.returncode != 0
    assert git(clone, "status", "--porcelain") == ""


@pytest.mark.thorough
def test_a_release_is_whole_and_says_what_is_left_to_do(clone: Path) -> None:
    ended = release(clone)
    assert ended.returncode == 0, ended.stdout
    assert (clone / ".cache/build/metamapper-postgresql-1.0.0.tar.gz").exists()
    assert "ansible-galaxy collection publish .cache/build/metamapper-postgresql-1.0.0.tar.gz" in ended.stdout
    assert "v1.0.0" in (clone / "CHANGELOG.md").read_text().replace("\\", "")
    assert [line[3:] for line in git(clone, "status", "--porcelain").splitlines() if "fragments" not in line] == [
        "CHANGELOG.md",
        "changelogs/changelog.yaml",
    ]
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "Release 1.0.0")
    assert release(clone).returncode == 0, "the same release again"
    assert git(clone, "status", "--porcelain") == ""
    git(clone, "tag", VERSION)
    fresh = clone.parent / "fresh"
    git(clone, "clone", "--quiet", str(clone), str(fresh))
    for linter in (["antsibull-changelog", "lint"], ["yamllint", "--strict", "."]):
        subprocess.run([program(linter[0]), *linter[1:]], cwd=fresh, check=True)
    assert "the tag 1.0.0 exists" in release(fresh).stdout
