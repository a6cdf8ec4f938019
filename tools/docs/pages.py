# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of the site: the repository's files that become pages, and the links between them."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path, PurePosixPath
from typing import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
# The documentation's index is the start page, and addresses do not contain the repository's directories.
RENAMED: Mapping[str, str] = {
    "docs/README.md": "index.md",
    "README.md": "overview.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "MAINTAINERS.md": "maintainers.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "examples/README.md": "examples.md",
    "LICENSE": "LICENSE",
}
REPOSITORY = "https://github.com/getmetamapper/metamapper.postgresql"
# Galaxy shows the README too, and there only absolute URLs work.
ADDRESSES = (f"{REPOSITORY}/blob/main/", "https://raw.githubusercontent.com/getmetamapper/metamapper.postgresql/main/")
LINK = re.compile(r"(?<=\]\()([^)\s#]+)")
BADGES = re.compile(r"^\[!\[.*\n", re.MULTILINE)


def pages() -> dict[str, str]:
    """Return the site's file name by that in the repository; both are relative, with slashes.

    A role without argument specs is internal, and has no page.
    """
    public = [path.parents[1].name for path in _files("roles/*/meta/argument_specs.yml")]
    roles = {f"roles/{name}/README.md": f"roles/{name}.md" for name in public}
    files = [path for path in _files("docs/**/*") if path.parent.name != "docsite"]
    documents = {str(_relative(path)): str(_relative(path))[len("docs/") :] for path in files}
    return {**documents, **roles, **RENAMED}


def _files(pattern: str) -> Iterator[Path]:
    return (path for path in sorted(ROOT.glob(pattern)) if path.is_file())


def _relative(path: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(ROOT).as_posix())


def follow(text: str, source: str, names: Mapping[str, str]) -> str:
    """Return a page without badges, whose links to files of the repository lead to their pages in the site.

    Links to files that are no pages lead to GitHub.
    """

    def moved(found: re.Match[str]) -> str:
        target = in_repository(found[0], source)
        if target in names:
            return os.path.relpath(names[target], PurePosixPath(names[source]).parent)
        return f"{REPOSITORY}/blob/main/{target}" if (ROOT / target).exists() and target else found[0]

    return LINK.sub(moved, BADGES.sub("", text))


def in_repository(link: str, source: str) -> str:
    """Return the file of the repository to which a link in another file leads; empty if it leads elsewhere."""
    for address in ADDRESSES:
        if link.startswith(address):
            return link[len(address) :]
    return "" if "://" in link else os.path.normpath(PurePosixPath(source).parent / link)


def stage(directory: Path) -> None:
    """Write all pages to an empty directory."""
    names = pages()
    for source, name in names.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.endswith(".md"):
            target.write_text(follow((ROOT / source).read_text(encoding="utf-8"), source, names), encoding="utf-8")
        else:
            shutil.copy(ROOT / source, target)
