# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that holds a command or a way open, to be ended in each way in which a module can end."""

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
    """A process that holds a watched command, and all that descends from it."""

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
        """Wait until there are as many as expected; return those there are, but for the sibling."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            found = [child for child in children_of(self.process.pid) if child != self.said["sibling"]]
            if len(found) == expected or time.monotonic() > deadline:
                return found
            time.sleep(0.01)

    def end(self, way: str) -> None:
        """Tell it how to end, and wait for that."""
        self.process.communicate(way + "\n", timeout=10)

    def kill(self, number: int) -> None:
        """Send it a signal, and wait for its end."""
        self.process.send_signal(number)
        self.process.wait(timeout=10)
        self.process.communicate()


@contextlib.contextmanager
def holder(kind: str, **options: Any) -> Iterator[Holder]:
    """Run a holder for the length of a with block; KIND and options as in tests.support.modules.hold.

    Its option ``processes`` says how many are to descend from it.
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
