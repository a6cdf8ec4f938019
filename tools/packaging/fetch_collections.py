"""Put the collections that demo and tests need under .ansible/collections, without Galaxy.

The "ansible" package of the Python package index carries them. Beside them goes a link to this repository, so that
ansible-playbook, ansible-doc, ansible-lint, mypy and pytest all see the work tree as metamapper.postgresql.
A machine that has Galaxy may as well run: ansible-galaxy collection install -p .ansible/collections NAME
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DESTINATION = ROOT / ".ansible" / "collections" / "ansible_collections"
SOURCE = "ansible==12.3.0"
WANTED = ("community/postgresql",)


def fetch(directory: Path) -> Path:
    """Return the wheel that carries the collections, downloaded into a directory."""
    options = ["-q", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python"]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, "-d", str(directory), SOURCE], check=True)
    return next(directory.glob("ansible-*.whl"))


def unpack(wheel: Path, staging: Path) -> None:
    """Put the wanted collections of a wheel in their place, each by one rename: an interrupted run leaves none half."""
    with zipfile.ZipFile(wheel) as archive:
        for collection in WANTED:
            prefix = f"ansible_collections/{collection}/"
            archive.extractall(staging, [name for name in archive.namelist() if name.startswith(prefix)])
            target = DESTINATION / collection
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(target, ignore_errors=True)
            os.replace(staging / prefix, target)


def link_this_repository() -> None:
    """Make the work tree importable as ansible_collections.metamapper.postgresql."""
    link = DESTINATION / "metamapper" / "postgresql"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(ROOT, link.parent))


def main() -> None:
    """Fetch what is missing."""
    if any(not (DESTINATION / collection / "MANIFEST.json").is_file() for collection in WANTED):
        DESTINATION.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=DESTINATION.parent) as directory:
            unpack(fetch(Path(directory)), Path(directory))
    link_this_repository()


if __name__ == "__main__":
    main()
