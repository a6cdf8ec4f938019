# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts modules in separate processes without the cost of imports: one process imports everything, and forks.

That process is ``python -m tests.support.modules.forks``, with a socket as its standard input.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass, field
from typing import IO, Any, Iterator, Mapping, NoReturn, Sequence

from tools.postgres.processes import children_of
from tools.runners.modules import ROOT, Outcome, run_in_worker, run_module

LONGEST_SECONDS = 300.0
REQUEST_BYTES = 1 << 16


@dataclass
class Run:
    """A module that runs, or ran, in a separate process."""

    process: int
    _output: IO[bytes]
    _errors: IO[bytes]
    descendants: list[int] = field(default_factory=list)

    def signal(self, number: int) -> None:
        """Send the module a signal unless it has ended, and remember its descendants."""
        self.descendants = children_of(self.process)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, number)

    def wait(self, seconds: float = LONGEST_SECONDS) -> None:
        """Wait until the module ends; raises TimeoutError after some seconds."""
        try:
            end = os.pidfd_open(self.process)  # readable once the process has ended
        except ProcessLookupError:
            return
        try:
            if not select.select([end], [], [], seconds)[0]:
                raise TimeoutError(f"process {self.process} still runs after {seconds} seconds")
        finally:
            os.close(end)

    @property
    def printed(self) -> str:
        """Everything that the module printed, including a stack trace."""
        return _text(self._output) + _text(self._errors)

    def outcome(self, seconds: float = LONGEST_SECONDS) -> Outcome:
        """Wait until the module ends and return its result; raises AssertionError for a stack trace or no output.

        Other text on standard error is allowed: libpq prints there if the server goes away during a login.
        """
        self.wait(seconds)
        output, errors = _text(self._output), _text(self._errors)
        if "Traceback" in errors or not output:
            raise AssertionError(f"{errors}\n{output}")
        return Outcome(json.loads(output), output)


def _text(file: IO[bytes]) -> str:
    """Return the content of a file without moving its position, which the process shares."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")


class Forks:
    """The process that forks, and the socket to it."""

    def __init__(self) -> None:
        self._wire, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = os.pathsep.join([str(ROOT), str(ROOT / ".ansible/collections")])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.modules.forks"],
            stdin=theirs.fileno(),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path},
        )
        theirs.close()

    def start(
        self,
        name: str,
        options: Mapping[str, Any],
        environment: Mapping[str, str] | None = None,
        *,
        check: bool = False,
        in_worker: bool = False,
    ) -> Run:
        """Start a module, or its action plugin as in a worker; ``environment`` is added to that of this process."""
        wanted = {"name": name, "environment": {**(environment or {})}, "check": check, "in_worker": in_worker}
        request = json.dumps(wanted).encode()
        with tempfile.TemporaryFile() as given:
            given.write(json.dumps(options).encode())
            given.seek(0)
            output, errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - the Run keeps them
            socket.send_fds(self._wire, [request], [given.fileno(), output.fileno(), errors.fileno()])
            return Run(int(self._wire.recv(REQUEST_BYTES)), output, errors)

    def close(self) -> None:
        """End the process that forks."""
        self._wire.close()
        self._process.wait(10)


@contextlib.contextmanager
def forks() -> Iterator[Forks]:
    """Keep the forking process running for the duration of a with block."""
    running = Forks()
    try:
        yield running
    finally:
        running.close()


def _serve(wire: socket.socket) -> None:
    """Fork for each request until the other end of the socket is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are not waited for: the kernel reaps them
    while True:
        request, descriptors, _flags, _address = socket.recv_fds(wire, REQUEST_BYTES, 3)
        if not request:
            return
        process = os.fork()
        if process == 0:
            wire.close()
            _become(json.loads(request), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        wire.send(str(process).encode())


def _become(request: Mapping[str, Any], descriptors: Sequence[int]) -> NoReturn:
    """Run the module in this process, and exit."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.environ.update(request["environment"])
    tempfile.tempdir = None
    try:
        options = json.load(sys.stdin)
        print(_printed(request, options), flush=True)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _printed(request: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    if request["in_worker"]:
        return json.dumps(run_in_worker(request["name"], options))
    return run_module(request["name"], options).text


if __name__ == "__main__":
    for name in ("access", "visibility"):
        for kind in ("modules", "action"):
            importlib.import_module(f"ansible_collections.metamapper.postgresql.plugins.{kind}.{name}")
    _serve(socket.socket(fileno=0))
