# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepares a release without publishing it: writes the release notes, and builds, checks and installs the collection.

Run it with "make release VERSION=1.0.0". At the end it prints what to commit, tag, push and publish. It reports
problems before it changes any file, or restores the files that it has changed.
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
    """Return the output of git."""
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def problems(version: str) -> Iterator[str]:
    """Yield every reason why this version cannot be released, each with its fix."""
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
    """Return whether the release notes of a version exist already."""
    path = ROOT / "changelogs" / "changelog.yaml"
    return path.exists() and version in yaml.safe_load(path.read_text(encoding="utf-8"))["releases"]


def problems_of_notes(version: str) -> Iterator[str]:
    """Yield problems of the changelog fragments: there are none, or they came after the release notes."""
    fragments = sorted(path.name for path in (ROOT / "changelogs" / "fragments").glob("*.yml"))
    if has_notes(version) and fragments:
        yield (
            f"the release notes of {version} are written, but changelogs/fragments has {', '.join(fragments)}: choose "
            f"the next version, or remove {version} from changelogs/changelog.yaml"
        )
    if not has_notes(version) and not fragments:
        yield "changelogs/fragments is empty: say what has changed since the last release"


def write_notes(version: str) -> None:
    """Turn the changelog fragments into release notes, unless these exist already."""
    changelog = program("antsibull-changelog")
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    subprocess.run([changelog, "lint"], cwd=ROOT, check=True)
    if has_notes(version):
        return
    subprocess.run([changelog, "release", "--version", version, "--date", today], cwd=ROOT, check=True)
    subprocess.run([changelog, "lint"], cwd=ROOT, check=True)


def put_back() -> None:
    """Restore the work tree, which was clean before."""
    git("checkout", "--", *WRITTEN)
    git("clean", "-fdq", "--", *WRITTEN)


def release(version: str) -> Path:
    """Write the release notes, build and check the collection, and return the path of the archive."""
    try:
        write_notes(version)
        return collection.make()
    except BaseException:
        put_back()
        raise


def main(arguments: Sequence[str]) -> None:
    """Prepare the release of a version."""
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
