# SPDX-License-Identifier: GPL-3.0-or-later
"""All of a release but publishing it: the release notes are written, the collection is built, checked and installed.

Run it with "make release VERSION=1.0.0". It ends by saying what to commit, tag, push and publish. Where something is
wrong it says so before it touches anything, or puts back what it has touched.
"""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Sequence

import yaml

from tools.packaging import collection
from tools.packaging.collection import ROOT, program

VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[a-z]+\.\d+)?")
BRANCH = "main"
WRITTEN = ("CHANGELOG.md", "changelogs")
NEXT = """\

{artifact} is the release. What is left is yours:

    git add --all CHANGELOG.md changelogs
    git commit --message "Release {version}"
    git tag --annotate --message "{version}" {version}
    git push --follow-tags origin {branch}

The tag makes .github/workflows/release.yml publish the collection. Where that does not run:

    ansible-galaxy collection publish {artifact}

Then set the next version in galaxy.yml.
"""


def git(*arguments: str) -> str:
    """Return what git prints."""
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def problems(version: str) -> Iterator[str]:
    """Yield all that keeps this version from being released, each with what fixes it."""
    if not VERSION.fullmatch(version):
        yield f"{version!r} is no version such as 1.0.0: give one, as in make release VERSION=1.0.0"
    written = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    if written != version:
        yield f"galaxy.yml says {written}: set the version there to {version!r}, and commit it"
    if git("status", "--porcelain"):
        yield "there are changes that are not committed: commit or stash them"
    branch = git("rev-parse", "--abbrev-ref", "HEAD")
    if branch != BRANCH:
        yield f"the branch is {branch}: releases are made from {BRANCH}"
    if version in git("tag", "--list").splitlines():
        yield f"the tag {version} exists: choose the next version"
    yield from problems_of_notes(version)


def has_notes(version: str) -> bool:
    """Tell whether the release notes of a version are written already."""
    path = ROOT / "changelogs" / "changelog.yaml"
    return path.exists() and version in yaml.safe_load(path.read_text(encoding="utf-8"))["releases"]


def problems_of_notes(version: str) -> Iterator[str]:
    """Yield what is wrong with the fragments: missing, or too late for the notes."""
    fragments = sorted(path.name for path in (ROOT / "changelogs" / "fragments").glob("*.yml"))
    if has_notes(version) and fragments:
        yield (
            f"the release notes of {version} are written, but changelogs/fragments has {', '.join(fragments)}: choose "
            f"the next version, or remove {version} from changelogs/changelog.yaml"
        )
    if not has_notes(version) and not fragments:
        yield "changelogs/fragments is empty: say what has changed since the last release"


def write_notes(version: str) -> None:
    """Turn the fragments into release notes, unless these are written already."""
    changelog = program("antsibull-changelog")
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    subprocess.run([changelog, "lint"], cwd=ROOT, check=True)
    if has_notes(version):
        return
    subprocess.run([changelog, "release", "--version", version, "--date", today], cwd=ROOT, check=True)
    subprocess.run([changelog, "lint"], cwd=ROOT, check=True)


def put_back() -> None:
    """Have the tree as it was: it was clean."""
    git("checkout", "--", *WRITTEN)
    git("clean", "-fdq", "--", *WRITTEN)


def release(version: str) -> Path:
    """Write the notes, and build and check what users will get; return the file."""
    try:
        write_notes(version)
        return collection.make()
    except BaseException:
        put_back()
        raise


def main(arguments: Sequence[str]) -> None:
    """Release a version."""
    version = arguments[0] if arguments else ""
    found = list(problems(version))
    if found:
        raise SystemExit(
            "\n".join([f"Version {version} cannot be released:", *(f"  * {problem}" for problem in found)])
        )
    artifact = release(version)
    print(NEXT.format(artifact=artifact.relative_to(ROOT), version=version, branch=BRANCH))


if __name__ == "__main__":
    main(sys.argv[1:])
