# SPDX-License-Identifier: GPL-3.0-or-later
"""known_hosts files that cannot store a key, such as /dev/null."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.host_keys import (
    configured_files,
    files_of,
    forgetful_file,
)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a directory with one file of each kind."""
    (tmp_path / "regular").touch()
    (tmp_path / "link").symlink_to("regular")
    (tmp_path / "to_null").symlink_to(os.devnull)
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "is_forgetful"),
    [
        pytest.param("regular", False, id="a file"),
        pytest.param("link", False, id="a link to one"),
        pytest.param("missing", False, id="to be made by the first key"),
        pytest.param("to_null", True, id="a link to the null device"),
        pytest.param("directory", True, id="a directory"),
        pytest.param("fifo", True, id="a pipe"),
    ],
)
def test_forgetful_file(files: Path, name: str, is_forgetful: bool) -> None:
    path = str(files / name)
    assert forgetful_file([path]) == (path if is_forgetful else "")


@pytest.mark.parametrize("path", [os.devnull, "/dev/zero", "none"])
def test_devices_and_none(path: str) -> None:
    assert forgetful_file(["~/.ssh/known_hosts", path]) == path


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("user x\nuserknownhostsfile /a /b\nport 22\n", ["/a", "/b"], id="two"),
        pytest.param("globalknownhostsfile /c\n", [], id="another keyword"),
    ],
)
def test_files_of(configuration: str, expected: list[str]) -> None:
    assert files_of(configuration) == expected


@pytest.mark.parametrize("command", [["/no/such/program"], ["/bin/false"], ["/bin/sh", "-c", "exec sleep 100"]])
def test_a_client_that_does_not_tell(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    module = "ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.host_keys"
    monkeypatch.setattr(f"{module}.CONFIGURATION_SECONDS", 0.1)
    assert configured_files(command, {}) == []
