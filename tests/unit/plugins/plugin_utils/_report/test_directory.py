# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are written to the report directory completely or not at all, and never to another user's directory."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report import directory
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.directory import (
    DirectoryError,
    absolute,
    directory_problem,
    ensure_directory,
    locked,
    write_files,
)


def test_a_path_starts_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (absolute("a/../b"), absolute("~/c")) == (tmp_path / "b", tmp_path / "c")


def test_a_directory_is_created_with_its_mode_and_then_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    ensure_directory(path)
    assert path.stat().st_mode & 0o777 == 0o750
    path.chmod(0o755)
    ensure_directory(path)
    assert path.stat().st_mode & 0o777 == 0o755


def test_what_is_not_a_directory_of_ones_own_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "file").touch()
    assert "is a symbolic link" in directory_problem(tmp_path / "link")
    assert "is no directory" in directory_problem(tmp_path / "file")
    assert directory_problem(tmp_path / "new") == ""
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert "belongs to another user" in directory_problem(tmp_path / "target")
    with pytest.raises(DirectoryError, match="another user"):
        ensure_directory(tmp_path / "target")


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_files(tmp_path, {"a.txt": "one"})
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("one\n", 0o640)
    path.chmod(0o644)
    with path.open() as reader:
        write_files(tmp_path, {"a.txt": "two\n"})
        assert reader.read() == "one\n"
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("two\n", 0o644)


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("theirs")
    (tmp_path / "a.txt").symlink_to(tmp_path / "other")
    write_files(tmp_path, {"a.txt": "mine"})
    assert ((tmp_path / "other").read_text(), (tmp_path / "a.txt").read_text()) == ("theirs", "mine\n")


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    (tmp_path / "a.txt" / "b").touch()
    with pytest.raises(OSError, match=r"a\.txt"):
        write_files(tmp_path, {"a.txt": "text"})
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_one_at_a_time_holds_the_lock(tmp_path: Path) -> None:
    order = []

    def other() -> None:
        with locked(tmp_path):
            order.append("other")

    with locked(tmp_path):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "other"]


def test_a_lock_that_is_held_for_too_long_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "LOCK_SECONDS", 0.0)
    with locked(tmp_path), pytest.raises(DirectoryError, match="locked by another run"), locked(tmp_path):
        pass


def test_a_file_system_without_locks_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_handle: int, _operation: int) -> None:
        raise OSError("No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(tmp_path):
        write_files(tmp_path, {"a.txt": "text"})
