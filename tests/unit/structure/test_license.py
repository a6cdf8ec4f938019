# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file declares its license, in an SPDX line of its own or in REUSE.toml."""

from __future__ import annotations

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.support.documents.blocks import ROOT

LINE = "SPDX-License-Identifier: GPL-3.0-or-later"
# The text of the license itself.
WITHOUT = {"LICENSE"}
PATTERNS = re.findall(r'^  "(.+)",$', (ROOT / "REUSE.toml").read_text(encoding="utf-8"), re.MULTILINE)


def files() -> list[str]:
    """Return the tracked files that need a license: neither empty ones nor those of WITHOUT."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    names = [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    return [name for name in names if (ROOT / name).stat().st_size and name not in WITHOUT]


def has_line(name: str) -> bool:
    """Return whether a file has LINE among its first ten lines."""
    return LINE.encode() in b"".join((ROOT / name).read_bytes().splitlines(keepends=True)[:10])


def test_every_file_has_a_license() -> None:
    others = [name for name in files() if not any(fnmatch(name, pattern) for pattern in PATTERNS)]
    assert [name for name in others if not has_line(name)] == []


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_is_listed_exists_and_cannot_have_the_line(pattern: str) -> None:
    found = [name for name in files() if fnmatch(name, pattern)]
    assert found or pattern.startswith("changelogs/fragments/")
    assert {Path(name).suffix for name in found} <= {".json", ".md", ".png", ".yaml", ".yml", ".txt"}
