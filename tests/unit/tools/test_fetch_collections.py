# SPDX-License-Identifier: GPL-3.0-or-later
"""A collection is installed if it is identical to the one that was tested, and refused otherwise."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tools.packaging import fetch_collections
from tools.packaging.fetch_collections import (
    CHECKSUMS,
    DESTINATION,
    changed_files,
    check,
    directory_of,
    installed_version,
    required,
)

NAME, VERSION = "community.postgresql", "4.2.0"


def write(path: Path, content: Any) -> str:
    """Write a file, as JSON unless the content is a string, and return its checksum."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a small collection that counts as tested; as in the wheel, a file that FILES.json lists is missing."""
    root = tmp_path / "collection"
    plugin = write(root / "plugins" / "we\"ird.näme'; --.py", "")
    listed = [
        {"name": "plugins", "ftype": "dir", "chksum_sha256": None},
        {"name": "plugins/we\"ird.näme'; --.py", "ftype": "file", "chksum_sha256": plugin},
        {"name": "tests/missing.py", "ftype": "file", "chksum_sha256": plugin},
    ]
    files = write(root / "FILES.json", {"files": listed})
    manifest = {"collection_info": {"version": VERSION}, "file_manifest_file": {"chksum_sha256": files}}
    monkeypatch.setitem(CHECKSUMS, NAME, write(root / "MANIFEST.json", manifest))
    return root


def test_what_was_tested_is_taken(collection: Path) -> None:
    check(collection, NAME, VERSION)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param("plugins/we\"ird.näme'; --.py", "was tested: plugins/we\"ird.näme'; --.py.", id="a file"),
        pytest.param("plugins/more.py", "was tested: plugins/more.py.", id="one more file"),
        pytest.param("FILES.json", "was tested: FILES.json.", id="the list of files"),
    ],
)
def test_what_was_changed_is_refused(file: str, expected: str, collection: Path) -> None:
    write(collection / file, "{} ")
    with pytest.raises(SystemExit) as refused:
        check(collection, NAME, VERSION)
    assert expected in str(refused.value)
    assert "It was not installed." in str(refused.value)


def test_a_changed_manifest_is_refused(collection: Path) -> None:
    manifest = collection / "MANIFEST.json"
    manifest.write_text(manifest.read_text() + " ")
    assert [message.partition(" ")[0] for message in changed_files(collection, CHECKSUMS[NAME])] == ["MANIFEST.json"]


def test_a_collection_that_did_not_come_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="its version is missing"):
        check(tmp_path, NAME, VERSION)


def test_the_pins_of_requirements_yml_and_of_the_wheel_agree(collection: Path) -> None:
    """The wheel is checked against both pins, so that changing only one of them fails."""
    assert set(required()) == set(CHECKSUMS)
    with pytest.raises(SystemExit, match=r"its version is 4\.2\.0"):
        check(collection, NAME, "4.2.1")


@pytest.fixture
def offline(collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Provide a wheel with that collection where pip finds it, and make Galaxy unavailable."""
    wheel = tmp_path / "ansible-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("ansible-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: ansible\nVersion: 1.0\n")
        archive.writestr("ansible-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("ansible_collections/community/other/MANIFEST.json", "{}")
        for path in collection.rglob("*.*"):
            archive.write(path, f"ansible_collections/community/postgresql/{path.relative_to(collection)}")
    (tmp_path / "wheel.txt").write_text(f"ansible==1.0 --hash=sha256:{fetch_collections.sha256(wheel)}\n")
    monkeypatch.setattr(fetch_collections, "WHEEL", tmp_path / "wheel.txt")
    monkeypatch.setattr(fetch_collections, "DESTINATION", tmp_path / "ansible_collections")
    monkeypatch.setattr(fetch_collections, "from_galaxy", lambda _staging: "no network")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return wheel


def test_without_galaxy_the_wheel_is_taken(offline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fetch_collections.install({NAME: VERSION})
    assert installed_version(tmp_path / "ansible_collections" / "community" / "postgresql") == VERSION
    assert [path.name for path in (tmp_path / "ansible_collections" / "community").iterdir()] == ["postgresql"]
    assert "(no network)" in capsys.readouterr().out


def test_a_changed_wheel_is_refused(offline: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(offline, "a") as archive:
        archive.writestr("more", "")
    with pytest.raises(SystemExit, match="cannot be downloaded: pip has said why"):
        fetch_collections.install({NAME: VERSION})
    assert "DO NOT MATCH THE HASHES" in capfd.readouterr().err
    assert list((tmp_path / "ansible_collections").iterdir()) == []


@pytest.mark.parametrize("name", required())
def test_what_is_installed_is_what_is_required(name: str) -> None:
    check(directory_of(name, DESTINATION), name, required()[name])


def test_nothing_is_fetched_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_collections, "install", pytest.fail)
    fetch_collections.main()
