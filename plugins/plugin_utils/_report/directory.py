# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The directory of the reports on the controller: who may own it, and how files get into it."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Mapping

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.whole_file import replace_file

DIRECTORY_MODE = 0o750
FILE_MODE = 0o640
LOCK_SECONDS = 60.0
LOCK_STEP_SECONDS = 0.05


class DirectoryError(Exception):
    """The directory must not be written to, or could not be."""


def absolute(path: str) -> Path:
    """Return a path from where ansible-playbook was called; links in it are not followed."""
    return Path(os.path.abspath(os.path.expanduser(path)))


def directory_problem(path: Path) -> str:
    """Return why a directory must not be written to: it, or a link to it, belongs to another user; empty if it may.

    A directory that does not exist may be.
    """
    advice = "Name a directory of your own; it is created if it does not exist."
    foreign_links = [link for link in path.parents if link.is_symlink() and not _is_own(link, or_of_root=True)]
    if path.is_symlink():
        return f"{path} is a symbolic link. Name the directory itself."
    if foreign_links:
        return f"{path} goes through {foreign_links[0]}, a symbolic link of another user. {advice}"
    if path.exists() and not path.is_dir():
        return f"{path} is no directory. {advice}"
    if path.exists() and not _is_own(path, or_of_root=False):
        return f"{path} belongs to another user. {advice}"
    return ""


def _is_own(path: Path, *, or_of_root: bool) -> bool:
    return path.lstat().st_uid in ({os.geteuid(), 0} if or_of_root else {os.geteuid()})


def ensure_directory(path: Path) -> None:
    """Ensure that a directory exists; its mode is set when it is created. Raises DirectoryError, OSError."""
    problem = directory_problem(path)
    if problem:
        raise DirectoryError(problem)
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(DIRECTORY_MODE)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one run at a time read and write the files of a directory; raises DirectoryError after a minute.

    If the file system has no locks, there is no waiting.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        _lock(handle, path)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, path: Path) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise DirectoryError(f"{path} is locked by another run for over {LOCK_SECONDS:.0f} seconds.") from error
            time.sleep(LOCK_STEP_SECONDS)
        except OSError:
            return


def write_files(path: Path, texts: Mapping[str, str]) -> None:
    """Write texts to files of a directory, each whole or not at all; an existing file keeps its mode."""
    for name, text in texts.items():
        _write(path / name, text)


def _write(path: Path, text: str) -> None:
    mode = path.lstat().st_mode & 0o777 if path.is_file() and not path.is_symlink() else FILE_MODE
    replace_file(str(path), text if text.endswith("\n") else text + "\n", mode)
