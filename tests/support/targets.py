"""Pythons as targets have them: each that is here, with the last psycopg2-binary that was made for it."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

from ansible_test._util.target.common.constants import CONTROLLER_PYTHON_VERSIONS, REMOTE_ONLY_PYTHON_VERSIONS

from tests.support.postgres import ROOT
from tools.pythons import found

CACHE = Path(os.environ.get("MM_CACHE", ROOT / ".cache")) / "targets"
LAST = {"3.8": "2.9.10", "3.9": "2.9.12"}
CURRENT = "2.9.13"
OLDEST = (3, 8)  # that this collection runs on


def supported() -> list[str]:
    """Return the Pythons of targets that both the installed ansible-core and this collection support, oldest first."""
    known = {*REMOTE_ONLY_PYTHON_VERSIONS, *CONTROLLER_PYTHON_VERSIONS}
    numbers = sorted(tuple(map(int, version.split("."))) for version in known)
    return [".".join(map(str, number)) for number in numbers if number >= OLDEST]


def interpreters() -> dict[str, str]:
    """Return an interpreter with psycopg2 for each of those that is here; downloaded once and cached."""
    return {version: _with_psycopg2(version, path) for version, path in found().items() if version in supported()}


def _with_psycopg2(version: str, python: str) -> str:
    CACHE.mkdir(parents=True, exist_ok=True)
    psycopg2 = f"psycopg2-binary=={LAST.get(version, CURRENT)}"
    home = CACHE / f"{version}-{psycopg2}"
    interpreter = str(home / "bin" / "python")
    with (CACHE / f"{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be at it
        if not (home / "ready").exists():
            subprocess.run([python, "-m", "venv", "--clear", str(home)], check=True)
            install = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", psycopg2]
            subprocess.run(install, check=True)
            (home / "ready").touch()
    return interpreter
