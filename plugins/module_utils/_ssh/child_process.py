# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""A child process that never outlives this one, however this one ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING, Iterator, Mapping, Sequence

if TYPE_CHECKING:
    _Process = subprocess.Popen[bytes]

SHELL = "/bin/sh"

# Reads a process group, then waits for the end of file. The kernel closes the writing end when the writer dies, even by
# SIGKILL. Python makes its pipes close-on-exec, so that no other child can hold this one open.
SUPERVISOR_SCRIPT = 'read -r group && { read -r nothing; kill -s KILL -- "-$group"; } 2>/dev/null'

# Executes the command only after the supervisor knows it, so that it can always be ended. If the writer dies before
# that, there is an end of file, and the command never runs. Its files are limited (in blocks of 512 bytes, in some
# shells 1024), since the output is kept in memory.
# https://pubs.opengroup.org/onlinepubs/9699919799/utilities/ulimit.html
START_SCRIPT = 'read -r go && { ulimit -f 32768 2>/dev/null || :; } && exec "$@" </dev/null'

KILL_SECONDS = 5.0
MOST_BYTES_READ = 256 * 1024


class Child:
    """A running command, with its standard output and standard error.

    Both go to files without a name: a pipe that nobody reads would fill, and stop the command half-way.
    """

    def __init__(self, process: _Process, output: IO[bytes], errors: IO[bytes]) -> None:
        self._process = process
        self._output = output
        self._errors = errors

    @property
    def group(self) -> int:
        """Its process group, which it leads."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    def has_ended(self, *, within_seconds: float = 0.0) -> bool:
        """Wait for its end, up to a time limit; return whether it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(within_seconds)
        return self._process.returncode is not None

    def written(self) -> int:
        """Return how many bytes it has written to its standard output."""
        return _size(self._output)

    def output(self, start: int = 0) -> str:
        """Return what it has written to its standard output from a byte on: the end of it, if that is much."""
        return _tail(self._output, start)

    def errors(self) -> str:
        """Return what it has written to its standard error: the end of it, if that is much."""
        return _tail(self._errors, 0)


def _size(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size


def _tail(file: IO[bytes], start: int) -> str:
    # The child shares the position of the file, so this reads without moving it.
    start = max(start, _size(file) - MOST_BYTES_READ)
    return os.pread(file.fileno(), MOST_BYTES_READ, start).decode(errors="replace")


def _spawn(
    script: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    output: IO[bytes] | int = subprocess.DEVNULL,
    errors: IO[bytes] | int = subprocess.DEVNULL,
) -> _Process:
    """Start a shell script in its own session: without a terminal for prompts, and unaffected by Ctrl-C."""
    # run_command() would wait for the end. The script is a constant, and no argument is read by the shell.
    return subprocess.Popen(  # noqa: S603 # pylint: disable=ansible-bad-function
        [SHELL, "-c", script, "sh", *arguments],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=errors,
        env=dict(environment),
        start_new_session=True,
    )


def _nameless_file() -> IO[bytes]:
    """Return a file for the output of a command: in memory if possible, since no directory may be writable."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("ssh"), "w+b")
    return tempfile.TemporaryFile()


def _write_line(process: _Process, line: str) -> None:
    """Write one line to a process; if it has ended, its exit status tells."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()


def _close_stdin(process: _Process) -> None:
    """Close the pipe to a process."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def _kill_group(process: _Process) -> None:
    """Kill the group of a process that has not ended, and collect its exit status."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(KILL_SECONDS)


def _stop_supervisor(supervisor: _Process) -> None:
    """Have the supervisor kill its command, and end."""
    _close_stdin(supervisor)
    with contextlib.suppress(subprocess.TimeoutExpired):
        supervisor.wait(KILL_SECONDS)
    _kill_group(supervisor)


@contextlib.contextmanager
def supervised(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Child]:
    """Run a command for the duration of a with block, in a process group that is killed at its end.

    The same supervisor ends it after the block and if this process is killed, so that each run tests that path. The
    command reads from /dev/null.
    """
    with contextlib.ExitStack() as stack:
        output, errors = stack.enter_context(_nameless_file()), stack.enter_context(_nameless_file())
        supervisor = _spawn(SUPERVISOR_SCRIPT, [], {})
        process: _Process | None = None
        try:
            process = _spawn(START_SCRIPT, command, environment, output, errors)
            _write_line(supervisor, str(process.pid))
            _write_line(process, "go")
            _close_stdin(process)
            yield Child(process, output, errors)
        finally:
            _stop_supervisor(supervisor)
            if process is not None:
                _close_stdin(process)
                _kill_group(process)
