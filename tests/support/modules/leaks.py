# SPDX-License-Identifier: GPL-3.0-or-later
"""Searches everything that a command shows or leaves behind for secrets, while it runs and afterwards."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import subprocess
import threading
import urllib.parse
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence

from tools.postgres.processes import all_processes, command_line, environment
from tools.postgres.server import Server

# Ansible itself writes the options of every module to these files, on the controller and the target: readable only by
# their owner, and removed at the end of the task.
ANSIBLES_OWN = re.compile(r"AnsiballZ_\w+\.py$|/ansible-local-[^/]+/tmp\w+$")
# Verifiers as a server stores them: SCRAM-SHA-256 from 10 on, MD5 on 9.6.
STORED = re.compile(rb"SCRAM-SHA-256\$\d+:[^\s']+|\bmd5[0-9a-f]{32}\b")
CORE_FILE = re.compile(r"core(\.\d+)?$")
LARGEST_BYTES = 1 << 28
Leaks = set[tuple[str, str]]


def forms(secret: str) -> list[bytes]:
    """Return the encodings in which a secret could appear."""
    raw = secret.encode()
    return [raw, base64.b64encode(raw), urllib.parse.quote(secret, safe="").encode()]


class Watch:
    """Watches one command. Channels are named: output, command line, environment, file, left file, server log.

    ``given`` are secrets that the caller itself passes in the command's environment, where they are no leak.
    """

    def __init__(
        self, secrets: Mapping[str, str], directory: Path, server: Server, *, given: Iterable[str] = ()
    ) -> None:
        self._secrets = secrets
        self._given = set(given)
        self._directory = directory
        self._server = server
        self._planted = set(self._files())
        self.leaks: Leaks = set()
        self.output = ""
        self.status = 0
        self.samples = 0

    def run(self, command: Sequence[str], variables: Mapping[str, str], **how: Any) -> None:
        """Run a command to its end and search all channels; ``how`` is passed to Popen."""
        position = len(self._server.logged())
        with (self._directory / "output").open("wb") as output:
            process = subprocess.Popen(
                command,
                env=dict(variables),
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **how,
            )
            done = threading.Event()
            sampler = threading.Thread(target=self._sample, args=(done,), daemon=True)
            sampler.start()
            self.status = process.wait()
            done.set()
            sampler.join()
        self.output = (self._directory / "output").read_text(errors="replace")
        self.look("output", self.output.encode())
        (self._directory / "output").unlink()
        self.look("server log", self._server.logged()[position:].encode())
        for path in self._files():
            self._look_at_file("left file", path)

    def look(self, channel: str, text: bytes, *, without: Iterable[str] = ()) -> None:
        """Record which secrets a text contains."""
        skipped = set(without)
        for name, secret in self._secrets.items():
            if name not in skipped and any(form in text for form in forms(secret)):
                self.leaks.add((channel, name))
        if STORED.search(text):
            self.leaks.add((channel, "verifier"))

    def _files(self) -> list[Path]:
        # os.walk ignores a directory that is removed meanwhile.
        return [Path(place, name) for place, _directories, names in os.walk(self._directory) for name in names]

    def _sample(self, done: threading.Event) -> None:
        while not done.is_set():
            self.samples += 1
            for process in all_processes():
                self.look("command line", command_line(process).encode())
                self.look("environment", environment(process).encode(), without=self._given)
            for path in self._files():
                if path.name != "output" and not ANSIBLES_OWN.search(str(path)):
                    self._look_at_file("file", path)
            done.wait(0.05)

    def _look_at_file(self, channel: str, path: Path) -> None:
        if path in self._planted:
            return
        with contextlib.suppress(OSError):  # it was removed meanwhile
            if path.is_file() and path.stat().st_size < LARGEST_BYTES:
                self.look(channel, path.read_bytes())
        if CORE_FILE.match(path.name):
            self.leaks.add((channel, "core file"))
