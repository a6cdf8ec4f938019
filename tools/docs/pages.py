"""The pages of the site: which file of the repository becomes which, and links that follow."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path, PurePosixPath
from typing import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
# The site begins with the index of the documentation; its address is better without the directories of the repository.
RENAMED: Mapping[str, str] = {
    "docs/README.md": "index.md",
    "README.md": "overview.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "LICENSE": "LICENSE",
}
LINK = re.compile(r"(?<=\]\()([^)\s#]+)")


def pages() -> dict[str, str]:
    """Return by file of the repository what it is called in the site; both relative, with slashes.

    A role without argument specs is private, and has no page.
    """
    public = [path.parents[1].name for path in _files("roles/*/meta/argument_specs.yml")]
    roles = {f"roles/{name}/README.md": f"roles/{name}.md" for name in public}
    documents = {str(_relative(path)): str(_relative(path))[len("docs/") :] for path in _files("docs/**/*")}
    return {**documents, **roles, **RENAMED}


def _files(pattern: str) -> Iterator[Path]:
    return (path for path in sorted(ROOT.glob(pattern)) if path.is_file())


def _relative(path: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(ROOT).as_posix())


def follow(text: str, source: str, names: Mapping[str, str]) -> str:
    """Return a page with its links to files of the repository leading to their pages in the site.

    A link to a file that is no page of the site stays as it is, for Sphinx to complain of.
    """

    def moved(found: re.Match[str]) -> str:
        target = os.path.normpath(PurePosixPath(source).parent / found[0])
        here = PurePosixPath(names[source]).parent
        return os.path.relpath(names[target], here) if target in names else found[0]

    return LINK.sub(moved, text)


def stage(directory: Path) -> None:
    """Put all pages into an empty directory."""
    names = pages()
    for source, name in names.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.endswith(".md"):
            target.write_text(follow((ROOT / source).read_text(encoding="utf-8"), source, names), encoding="utf-8")
        else:
            shutil.copy(ROOT / source, target)
