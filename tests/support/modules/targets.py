# SPDX-License-Identifier: GPL-3.0-or-later
"""Python interpreters like those of targets: each one installed here, with the last psycopg2-binary released for it.

The oldest Python also gets the oldest psycopg2 that the documentation supports.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

from ansible_test._util.target.common.constants import CONTROLLER_PYTHON_VERSIONS, REMOTE_ONLY_PYTHON_VERSIONS

from tools.postgres.server import ROOT
from tools.pythons import found

CACHE = Path(os.environ.get("MM_CACHE", ROOT / ".cache")) / "targets"
PSYCOPG2 = {"3.8": ("2.9.3", "2.9.10"), "3.9": ("2.9.12",)}
CURRENT = ("2.9.13",)
OLDEST = (3, 8)  # Python that this collection supports on targets


def supported() -> list[str]:
    """Return the Python versions that ansible-core and this collection both support on targets, oldest first."""
    known = {*REMOTE_ONLY_PYTHON_VERSIONS, *CONTROLLER_PYTHON_VERSIONS}
    numbers = sorted(tuple(map(int, version.split("."))) for version in known)
    return [".".join(map(str, number)) for number in numbers if number >= OLDEST]


def interpreters() -> dict[str, str]:
    """Return an interpreter for each supported Python and psycopg2 that exists here, by "3.x-2.9.y"; cached."""
    wanted = [
        (version, path, psycopg2)
        for version, path in found().items()
        if version in supported()
        for psycopg2 in PSYCOPG2.get(version, CURRENT)
    ]
    return {f"{version}-{psycopg2}": _installed(path, f"{version}-{psycopg2}") for version, path, psycopg2 in wanted}


def _installed(python: str, name: str) -> str:
    CACHE.mkdir(parents=True, exist_ok=True)
    interpreter = str(CACHE / name / "bin" / "python")
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be installing it
        if not (CACHE / name / "ready").exists():
            subprocess.run([python, "-m", "venv", "--clear", str(CACHE / name)], check=True)
            package = "psycopg2-binary==" + name.partition("-")[2]
            install = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
            subprocess.run(install, check=True)
            (CACHE / name / "ready").touch()
    return interpreter
