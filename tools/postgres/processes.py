# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of this machine, read from /proc."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Iterable

GONE_SECONDS = 5.0


def _status(process: int) -> list[str]:
    """Return state, parent, group and session of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:4]
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return []


def all_processes() -> list[int]:
    """Return the process IDs of all running processes."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def children_of(parent: int) -> list[int]:
    """Return all descendants of a process, without itself."""
    found = [process for process in all_processes() if _status(process)[1:2] == [str(parent)]]
    return found + [descendant for child in found for descendant in children_of(child)]


def is_running(process: int) -> bool:
    """Return whether a process is running; a zombie is not."""
    return _status(process)[:1] not in ([], ["Z"], ["X"])


def left_over(processes: Iterable[int]) -> list[int]:
    """Return those of the processes that still run after some seconds in which they should have ended."""
    deadline = time.monotonic() + GONE_SECONDS
    running = [process for process in processes if is_running(process)]
    while running and time.monotonic() < deadline:
        time.sleep(0.01)
        running = [process for process in running if is_running(process)]
    return running


def command_line(process: int) -> str:
    """Return the command line of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def environment(process: int) -> str:
    """Return the environment of a process, one variable per line; empty if it has ended."""
    try:
        return Path(f"/proc/{process}/environ").read_bytes().replace(b"\0", b"\n").decode(errors="replace")
    except OSError:
        return ""


def open_files(process: int) -> list[int]:
    """Return the open file descriptors of a process."""
    return sorted(int(entry.name) for entry in Path(f"/proc/{process}/fd").iterdir())
