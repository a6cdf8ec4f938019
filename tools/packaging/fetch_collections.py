# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the collections of requirements.yml in .ansible/collections, and link this repository beside them.

They come from Galaxy or, if that cannot be reached, from the wheel of the Python package "ansible", which contains
them. Either way each file is verified against the checksums in this file. With the link, ansible-playbook,
ansible-doc, ansible-lint, mypy and pytest all see the work tree as metamapper.postgresql.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Iterator, Mapping

import yaml

ROOT = Path(__file__).resolve().parents[2]
DESTINATION = ROOT / ".ansible" / "collections" / "ansible_collections"
REQUIREMENTS = ROOT / "requirements.yml"
WHEEL = ROOT / "requirements" / "collections.txt"
# SHA-256 of MANIFEST.json, which contains that of FILES.json, which contains those of all other files.
CHECKSUMS = {"community.postgresql": "9d4c9b7016c22fac2056be21466a78d9aa5a871a94a3f7dac09b6dd16180e70d"}
MANIFESTS = ("MANIFEST.json", "FILES.json")
ANSWER_SECONDS = 5  # timeout for each answer of Galaxy
GALAXY_SECONDS = 60  # timeout for the whole installation


def required(requirements: Path = REQUIREMENTS) -> dict[str, str]:
    """Return the version of each required collection by its name."""
    entries = yaml.safe_load(requirements.read_text(encoding="utf-8"))["collections"]
    return {entry["name"]: entry["version"] for entry in entries}


def installed_version(collection: Path) -> str:
    """Return the version of the collection in a directory; empty if there is none."""
    manifest = collection / "MANIFEST.json"
    if not manifest.is_file():
        return ""
    return str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])


def directory_of(name: str, collections: Path) -> Path:
    """Return the directory in which a collection is installed."""
    return collections.joinpath(*name.split("."))


def from_galaxy(staging: Path, requirements: Path = REQUIREMENTS) -> str:
    """Install the collections from Galaxy into a directory; return the error, empty if it succeeded."""
    program = Path(sys.executable).parent / "ansible-galaxy"
    command = [str(program), "collection", "install", "--no-deps", "--timeout", str(ANSWER_SECONDS)]
    command += ["-r", str(requirements), "-p", str(staging)]
    # Ansible also finds collections on PYTHONPATH, and would not install those again.
    others = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment = {**others, "ANSIBLE_COLLECTIONS_PATH": str(staging), "ANSIBLE_NOCOLOR": "1"}
    try:
        subprocess.run(
            command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True, timeout=GALAXY_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"it did not answer within {GALAXY_SECONDS} seconds"
    except subprocess.CalledProcessError as error:
        return str(error.stderr).strip().splitlines()[-1]
    return ""


def from_wheel(staging: Path, names: Mapping[str, str]) -> None:
    """Unpack the collections from the wheel into a directory; raises SystemExit if pip cannot download or verify it."""
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--dest", str(staging)]
    command = [sys.executable, "-m", "pip", "download", *options, "-r", str(WHEEL)]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit("The wheel of requirements/collections.txt cannot be downloaded: pip has said why.")
    with zipfile.ZipFile(next(staging.glob("ansible-*.whl"))) as archive:
        for name in names:
            prefix = f"ansible_collections/{name.replace('.', '/')}/"
            archive.extractall(staging, [member for member in archive.namelist() if member.startswith(prefix)])


def sha256(path: Path) -> str:
    """Return the checksum of a file; empty if it does not exist."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def changed_files(collection: Path, checksum: str) -> Iterator[str]:
    """Yield the files of a collection that differ from its manifests. Files may be missing: the wheel has no tests."""
    manifest, files = (collection / name for name in MANIFESTS)
    if sha256(manifest) != checksum:
        yield f"MANIFEST.json has the SHA-256 {sha256(manifest)}, expected {checksum}"
        return
    if sha256(files) != json.loads(manifest.read_text(encoding="utf-8"))["file_manifest_file"]["chksum_sha256"]:
        yield "FILES.json"
        return
    listed = {entry["name"]: entry["chksum_sha256"] for entry in json.loads(files.read_text("utf-8"))["files"]}
    for path in sorted(path for path in collection.rglob("*") if not path.is_dir()):
        name = str(path.relative_to(collection))
        if name not in MANIFESTS and listed.get(name) != sha256(path):
            yield name


def check(collection: Path, name: str, version: str) -> None:
    """Ensure that a collection is the tested one; raises SystemExit if it is not."""
    changed = [*changed_files(collection, CHECKSUMS[name])]
    if installed_version(collection) != version:
        changed.append(f"its version is {installed_version(collection) or 'missing'}")
    if changed:
        raise SystemExit(
            f"{name} {version} is not the collection that was tested: {'; '.join(changed)}. It was not installed. "
            f"If you changed requirements.yml, change CHECKSUMS in tools/packaging/fetch_collections.py and "
            f"requirements/collections.in as well."
        )


def install(names: Mapping[str, str]) -> None:
    """Install collections, each by one rename, so that an interrupted run leaves none incomplete."""
    DESTINATION.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DESTINATION.parent) as directory:
        reason = from_galaxy(Path(directory))
        if reason:
            print(f"Without Galaxy ({reason}), the collections come from the package index: 52 MB.", flush=True)
            from_wheel(Path(directory), names)
        for name, version in names.items():
            collection = directory_of(name, Path(directory) / "ansible_collections")
            check(collection, name, version)
            target = directory_of(name, DESTINATION)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(target, ignore_errors=True)
            collection.rename(target)


def link_this_repository() -> None:
    """Make the work tree importable as ansible_collections.metamapper.postgresql."""
    link = DESTINATION / "metamapper" / "postgresql"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(ROOT, link.parent))


def main() -> None:
    """Install collections that are missing or have a different version."""
    names = required()
    if any(installed_version(directory_of(name, DESTINATION)) != version for name, version in names.items()):
        install(names)
    link_this_repository()


if __name__ == "__main__":
    main()
