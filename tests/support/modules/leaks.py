# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for secrets in everything that a command shows or leaves: while it runs, and afterwards."""

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

# What Ansible itself writes for a module to read, as for every module: the options, for the owner alone, on both sides,
# and gone with the task.
ANSIBLES_OWN = re.compile(r"AnsiballZ_\w+\.py$|/ansible-local-[^/]+/tmp\w+$")
# What a server stores: scram-sha-256 from 10 on, md5 on 9.6.
STORED = re.compile(rb"SCRAM-SHA-256\$\d+:[^\s']+|\bmd5[0-9a-f]{32}\b")
CORE_FILE = re.compile(r"core(\.\d+)?$")
LARGEST_BYTES = 1 << 28
Leaks = set[tuple[str, str]]


def forms(secret: str) -> list[bytes]:
    """Return a secret in the forms in which it could be written down."""
    raw = secret.encode()
    return [raw, base64.b64encode(raw), urllib.parse.quote(secret, safe="").encode()]


class Watch:
    """Watches one command. Channels are named: output, command line, environment, file, left file, server log.

    ``given`` are the secrets that the caller puts into the command's environment, where they are of course seen.
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
        """Run a command to its end and look at all of it; ``how`` is for Popen."""
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
        """Note which secrets a text shows."""
        skipped = set(without)
        for name, secret in self._secrets.items():
            if name not in skipped and any(form in text for form in forms(secret)):
                self.leaks.add((channel, name))
        if STORED.search(text):
            self.leaks.add((channel, "verifier"))

    def _files(self) -> list[Path]:
        # os.walk passes over a directory that goes meanwhile.
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
        with contextlib.suppress(OSError):  # it is gone again
            if path.is_file() and path.stat().st_size < LARGEST_BYTES:
                self.look(channel, path.read_bytes())
        if CORE_FILE.match(path.name):
            self.leaks.add((channel, "core file"))
