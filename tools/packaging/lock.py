# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiles requirements/NAME.in, the direct requirements, to requirements/NAME.txt, exact versions with hashes.

Run it with "make lock", which installs uv. It upgrades every package as far as NAME.in allows.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Sequence

ROOT = Path(__file__).resolve().parents[2]
DIRECTORY = ROOT / "requirements"
OLDEST_PYTHON = "3.11"
# The oldest Python for each file that does not support every Python that "make" works with.
PYTHONS = {"core2.16": "3.10", "core2.17": "3.10", "core2.20": "3.12", "core2.21": "3.12"}
# A file comes after those that constrain its versions because both are installed in one environment.
CORES = tuple(f"core2.{n}" for n in range(16, 22))
NAMES = ("lock", "demo", "dev", "docs", "bench", "bench-ldap2pg", "runner", "collections", *CORES)
OPTIONS = ("--universal", "--generate-hashes", "--upgrade", "--quiet", "--no-header", "--no-emit-index-url")
HEADER = '# Made by "make lock" from {name}.in.\n{wheels}\n'
# Installing from source runs code of the package. python-ldap has no wheels; pip takes wheels of the others there.
WHEELS = "--only-binary :all:"
FROM_SOURCE = {"bench-ldap2pg": "--no-binary python-ldap"}


def compiled(name: str, uv: str) -> str:
    """Return the content of one requirements file."""
    command = [uv, "pip", "compile", *OPTIONS, "--python-version", PYTHONS.get(name, OLDEST_PYTHON), f"{name}.in"]
    if name == "collections":  # unpacked, not installed
        command.append("--no-deps")
    pinned = subprocess.run(command, cwd=DIRECTORY, check=True, stdout=subprocess.PIPE, text=True)
    return HEADER.format(name=name, wheels=FROM_SOURCE.get(name, WHEELS)) + pinned.stdout


def main(arguments: Sequence[str]) -> None:
    """Write all requirements files; the argument is the path of uv."""
    (uv,) = arguments
    for name in NAMES:
        text = compiled(name, os.path.abspath(uv))
        (DIRECTORY / f"{name}.txt").write_text(text, encoding="utf-8")
        print(f"requirements/{name}.txt", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
