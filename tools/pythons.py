# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the Python interpreters of this machine by version: "python -m tools.pythons" prints their paths, oldest first.

A command such as "python3.12" counts only if it runs: version managers have wrappers for uninstalled versions too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

OLDEST, NEWEST = 8, 14  # minor versions of Python 3
ASK = "import sys; print('%d.%d' % sys.version_info[:2])"


def versions() -> list[str]:
    """Return the versions that are searched for, oldest first."""
    return [f"3.{minor}" for minor in range(OLDEST, NEWEST + 1)]


@lru_cache(maxsize=None)
def find(version: str) -> str | None:
    """Return the path of a working Python "3.x"; None if there is none."""
    return next((path for path in _candidates(version) if _answer(path) == version), None)


def found() -> dict[str, str]:
    """Return the path of each installed version, oldest first."""
    paths = {version: find(version) for version in versions()}
    return {version: path for version, path in paths.items() if path}


def _candidates(version: str) -> list[str]:
    name = f"python{version}"
    on_path = [shutil.which(name, path=directory) for directory in os.get_exec_path()]
    managed = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser().glob(f"versions/{version}.*/bin/{name}")
    return [path for path in (*on_path, *map(str, sorted(managed, reverse=True))) if path]


def _answer(path: str) -> str:
    ended = subprocess.run([path, "-c", ASK], check=False, capture_output=True, text=True)
    return ended.stdout.strip()


if __name__ == "__main__":
    print(*found().values(), sep="\n")
