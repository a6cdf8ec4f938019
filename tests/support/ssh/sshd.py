# SPDX-License-Identifier: GPL-3.0-or-later
"""A real sshd on loopback, with keys, configuration and log in a separate directory.

It runs as an ordinary user: the current one, or "daemon" if that is root, since an sshd that runs as root requires a
directory in /run. Such an sshd can log in only its own user, which suffices for forwarding.

OpenSSH's client finds ``~/.ssh`` through the passwd database, not through HOME. So that tests can use an ssh_config of
their own, and neither read nor write the user's files, ``client_directory`` creates an ``ssh`` that adds ``-F``, for a
directory at the front of PATH. OpenSSH treats that file like ``~/.ssh/config``, and jump hosts inherit it.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Mapping

from tools.postgres.processes import children_of
from tools.postgres.server import free_port
from tools.system_packages import for_another_user, program

START_SECONDS = 10.0
OPTIONS: Mapping[str, str] = {
    "ListenAddress": "127.0.0.1",
    "PidFile": "none",
    "StrictModes": "no",
    "UsePAM": "no",
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "PermitTTY": "no",
    "LogLevel": "VERBOSE",
    "KexAlgorithms": "curve25519-sha256",
}


def make_key(path: Path, *, passphrase: str = "") -> Path:
    """Create a private key, and its public key beside it."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", path.name, "-f", str(path)]
    subprocess.run(command, check=True)
    return path


class Sshd:
    """A running sshd; ``options`` are added to its configuration or replace its settings."""

    def __init__(self, options: Mapping[str, str] | None = None) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self.account = pwd.getpwnam("daemon") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.user = self.account.pw_name
        self._options = {**OPTIONS, **(options or {})}
        self._program = Path("sshd")
        self._process: subprocess.Popen[bytes] | None = None
        self.work = Path(tempfile.mkdtemp(prefix="mm-sshd-"))
        self.work.chmod(0o755)
        self.key = self.work / "client_key"
        self.host_key = self.work / "host_key"
        self.authorized_keys = self.work / "authorized_keys"
        self.known_hosts = self.work / "known_hosts"
        self.log = self.work / "log"

    def __enter__(self) -> Sshd:
        try:
            self._create()
            self.start()
        except BaseException:
            self.destroy()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.destroy()

    def _create(self) -> None:
        self._program = for_another_user(program("sshd"), self.work)
        make_key(self.key)
        make_key(self.host_key)
        if os.geteuid() == 0:
            os.chown(self.host_key, self.account.pw_uid, self.account.pw_gid)
        self.authorized_keys.write_text(self.key.with_suffix(".pub").read_text())
        self.known_hosts.write_text(self.known_as())
        lines = [f"Port {self.port}", f"HostKey {self.host_key}", f"AuthorizedKeysFile {self.authorized_keys}"]
        lines += [f"{name} {value}" for name, value in self._options.items()]
        (self.work / "sshd_config").write_text("\n".join(lines) + "\n")

    def known_as(self, name: str = "") -> str:
        """Return the known_hosts line of this sshd, under its address or another name."""
        return f"{name or f'[{self.host}]:{self.port}'} {self.host_key.with_suffix('.pub').read_text()}"

    def start(self) -> None:
        """Start sshd and wait until it listens."""
        identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            identity = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        with self.log.open("ab") as log:
            command = [str(self._program), "-D", "-e", "-f", str(self.work / "sshd_config")]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, cwd="/", **identity)
        deadline = time.monotonic() + START_SECONDS
        while "Server listening" not in self.logged():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"sshd does not start: {self.logged()}")
            time.sleep(0.01)

    def processes(self) -> list[int]:
        """Return the process IDs of this sshd, including those of its sessions."""
        return [self._process.pid, *children_of(self._process.pid)] if self._process else []

    def signal(self, number: int) -> None:
        """Send a signal to every process of this sshd."""
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):  # a session that ended meanwhile
                os.kill(process, number)

    def destroy(self) -> None:
        """Kill all processes of this sshd and remove its directory."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        shutil.rmtree(self.work, ignore_errors=True)

    def logged(self) -> str:
        """Return the log."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def bastion_options(self, **options: Any) -> dict[str, Any]:
        """Return the option ``bastion`` of the modules for this sshd."""
        own = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "private_key_file": str(self.key),
            "known_hosts_file": str(self.known_hosts),
        }
        return {**own, **options}


def client_directory(directory: Path, configuration: str) -> Path:
    """Create a directory with an ``ssh`` that reads this configuration instead of the user's; return it for PATH."""
    client = str(program("ssh"))
    directory.mkdir(exist_ok=True)
    (directory / "config").write_text(configuration)
    script = directory / "ssh"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(client)} -F {shlex.quote(str(directory / "config"))} "$@"\n')
    script.chmod(0o755)
    return directory
