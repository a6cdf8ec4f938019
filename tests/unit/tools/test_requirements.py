# SPDX-License-Identifier: GPL-3.0-or-later
"""NAME.txt has exact versions and hashes and satisfies NAME.in; pip refuses a package that was changed."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.packaging.lock import DIRECTORY, FROM_SOURCE, NAMES, ROOT, WHEELS

WHEEL = "thing-1.0-py3-none-any.whl"


def locked(name: str) -> Iterator[tuple[Requirement, list[str]]]:
    """Yield each requirement of NAME.txt, with its options."""
    text = (DIRECTORY / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", "")
    for line in text.splitlines():
        if line and not line.lstrip().startswith("#") and not line.startswith("--"):
            requirement, *options = re.split(r"\s+(?=--)", line.strip())
            yield Requirement(requirement), options


def options_of(name: str) -> list[str]:
    """Return the lines of NAME.txt that are options of pip."""
    lines = (DIRECTORY / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("-")]


def asked(name: str) -> Iterator[Requirement]:
    """Yield the requirements of NAME.in and of the files that it includes."""
    for line in (DIRECTORY / f"{name}.in").read_text(encoding="utf-8").splitlines():
        wanted = line.partition("#")[0].strip()
        if wanted.startswith("-r "):
            yield from asked(Path(wanted[3:]).stem)
        elif wanted and not wanted.startswith("-"):
            yield Requirement(wanted)


def versions(name: str) -> set[str]:
    """Return the packages of NAME.txt with their versions."""
    return {f"{canonicalize_name(requirement.name)}{requirement.specifier}" for requirement, _hashes in locked(name)}


def test_each_purpose_has_its_file() -> None:
    made = {path.stem for path in DIRECTORY.glob("*.txt")}
    assert made == set(NAMES)
    assert {path.stem for path in DIRECTORY.glob("*.in")} == made | {"test"}
    environments = re.findall(r'^\[tool\.tox\.env\."(.+)"\]$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert sorted(environments) == sorted(name for name in NAMES if name.startswith("core"))


@pytest.mark.parametrize("name", NAMES)
def test_every_version_is_exact_and_has_hashes(name: str) -> None:
    found = list(locked(name))
    assert found
    for requirement, options in found:
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement
        assert requirement.url is None
        assert options, requirement
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", option) for option in options), requirement


@pytest.mark.parametrize("name", NAMES)
def test_only_what_is_named_is_built_and_no_index_is_named(name: str) -> None:
    assert options_of(name) == [FROM_SOURCE.get(name, WHEELS)]
    assert "://" not in (DIRECTORY / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_asked_for_is_installed(name: str) -> None:
    """If this fails, NAME.in was changed without running "make lock"."""
    wanted = list(asked(name))
    assert wanted
    for requirement in wanted:
        found = [
            one for one, _hashes in locked(name) if canonicalize_name(one.name) == canonicalize_name(requirement.name)
        ]
        assert found, requirement
        for one in found:
            (exact,) = one.specifier
            assert requirement.specifier.contains(exact.version), requirement


@pytest.mark.parametrize(("smaller", "larger"), [("demo", "dev"), ("dev", "docs")])
def test_files_of_one_environment_agree(smaller: str, larger: str) -> None:
    assert versions(smaller) - versions(larger) == set()


def install_options() -> list[str]:
    """Return the options with which the Makefile installs a file of requirements."""
    (line,) = re.findall(r"^INSTALL := python -m pip install (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return str(line).split()


def test_nothing_is_installed_in_another_way() -> None:
    assert (ROOT / "Makefile").read_text().count("pip install") == 1


@pytest.mark.parametrize("is_changed", [pytest.param(False, id="as it was"), pytest.param(True, id="changed")])
def test_a_changed_file_is_refused(tmp_path: Path, is_changed: bool) -> None:
    wheel = tmp_path / WHEEL
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing.py", "")
        archive.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        archive.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("thing-1.0.dist-info/RECORD", "")
    checksum = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if is_changed:
        with zipfile.ZipFile(wheel, "a") as archive:
            archive.writestr("more.py", "")
    requirements = tmp_path / "thing.txt"
    requirements.write_text(f"{WHEELS}\nthing==1.0 --hash=sha256:{checksum}\n")
    offline = ["--target", str(tmp_path / "installed"), "--no-index", "--find-links", str(tmp_path)]
    command = [sys.executable, "-m", "pip", "install", *offline, *install_options(), str(requirements)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (tmp_path / "installed" / "thing.py").exists() is not is_changed
    assert ("DO NOT MATCH THE HASHES" in ended.stderr) is is_changed
