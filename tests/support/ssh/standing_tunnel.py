# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnel of the role ``tunnel``, kept open by a small supervisor instead of systemd.

The unit comes from the role's template. The supervisor implements ExecStart, RestartSec and RestartPreventExitStatus.
Like systemd, it kills the remaining processes of a service before it restarts it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import jinja2
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_command import (
    Tunnel,
    known_hosts,
    tunnel_command,
)

from tests.support.ssh.sshd import Sshd
from tools.postgres.processes import children_of, command_line
from tools.postgres.server import free_port
from tools.system_packages import program

ROLE = Path(__file__).resolve().parents[3] / "roles" / "tunnel"


def unit_text(tunnel: Tunnel, directory: Path) -> str:
    """Return the unit of a tunnel, rendered from the role's template."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.filters["metamapper.postgresql.tunnel_command"] = functools.partial(
        tunnel_command, ssh=str(program("ssh"))
    )
    template = environment.from_string((ROLE / "templates" / "tunnel.service.j2").read_text())
    return template.render(
        item=tunnel.as_variables(),
        __metamapper={"tunnel_user": tunnel.account},
        __tunnel_marker="# ours",
        __tunnel_directory=str(directory),
    )


class StandingTunnel:
    """A context manager that keeps a tunnel through a test's bastion to a target open."""

    def __init__(self, sshd: Sshd, target: str, directory: Path) -> None:
        self.tunnel = Tunnel("bastion", sshd.host, sshd.port, sshd.user, target, "127.0.0.1", free_port())
        self.port = self.tunnel.listen_port
        self.starts = 0
        self.ended_with: int | None = None  # the exit status that prevented a restart
        self._log = directory / "log"
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        shutil.copy(ROLE / "files" / "keep-open.sh", directory)
        shutil.copy(sshd.key, directory / "id_ed25519")
        keys = {"bastion": [sshd.host_key.with_suffix(".pub").read_text()]}
        (directory / "known_hosts").write_text(known_hosts([self.tunnel.as_variables()], keys))
        lines = (line.partition("=") for line in unit_text(self.tunnel, directory).splitlines())
        self.unit = {name: value for name, separator, value in lines if separator}

    def __enter__(self) -> StandingTunnel:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._kill()
        self._thread.join()

    def _supervise(self) -> None:
        while not self._stop.is_set():
            self.starts += 1
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    self.unit["ExecStart"].split(), stdout=log, stderr=log, start_new_session=True
                )
                status = self._process.wait()
            self._kill()
            if status == int(self.unit["RestartPreventExitStatus"]):
                self.ended_with = status
                return
            self._stop.wait(float(self.unit["RestartSec"]))

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    @property
    def main(self) -> int:
        """The process ID of the service's main process."""
        assert self._process is not None
        return self._process.pid

    @property
    def ssh(self) -> int:
        """The process ID of ssh."""
        return next(one for one in children_of(self.main) if command_line(one).startswith(str(program("ssh"))))

    def logged(self) -> str:
        """Return the output of the service so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def wait(self, is_so: Any, seconds: float = 60.0) -> float:
        """Wait until a condition holds and return the seconds that took; raises AssertionError after ``seconds``."""
        start = time.monotonic()
        while not is_so():
            if time.monotonic() - start > seconds:
                raise AssertionError(f"not within {seconds} seconds: {self.logged()}")
            time.sleep(0.02)
        return time.monotonic() - start
