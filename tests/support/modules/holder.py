# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that holds a command or a connection path open, and can be ended in each way in which a module can end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any, Callable, Iterator, Mapping

from tools.postgres.processes import children_of, is_running
from tools.postgres.server import ROOT

START_SECONDS = 10.0


class Holder:
    """A process that holds a supervised command open, and all its descendants."""

    def __init__(self, kind: str, options: Mapping[str, Any]) -> None:
        command = [sys.executable, "-m", "tests.support.modules.hold", kind, json.dumps(options)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        if self.process.stdout is None:
            raise RuntimeError("no pipe")
        self.said: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.descendants = self._descendants(options["processes"])

    def _descendants(self, expected: int) -> list[int]:
        """Wait until there are as many descendants as expected; return those that exist, without the sibling."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            found = [child for child in children_of(self.process.pid) if child != self.said["sibling"]]
            if len(found) == expected or time.monotonic() > deadline:
                return found
            time.sleep(0.01)

    def end(self, way: str) -> None:
        """Tell the process how to end, and wait until it has."""
        self.process.communicate(way + "\n", timeout=10)

    def kill(self, number: int) -> None:
        """Send the process a signal, and wait until it has ended."""
        self.process.send_signal(number)
        self.process.wait(timeout=10)
        self.process.communicate()


@contextlib.contextmanager
def holder(kind: str, **options: Any) -> Iterator[Holder]:
    """Run a holder for the duration of a with block; KIND and options are those of tests.support.modules.hold.

    The option ``processes`` is the expected number of its descendants.
    """
    running = Holder(kind, options)
    try:
        yield running
    finally:
        for process in [running.process.pid, *running.descendants, running.said["sibling"]]:
            if process and is_running(process):
                os.kill(process, signal.SIGKILL)
        running.process.communicate()


ENDS: Mapping[str, Callable[[Holder], None]] = {
    "return": lambda running: running.end("return"),
    "exception": lambda running: running.end("raise"),
    "exit without clean-up": lambda running: running.end("exit"),
    "SIGTERM": lambda running: running.kill(signal.SIGTERM),
    "SIGKILL": lambda running: running.kill(signal.SIGKILL),
}
