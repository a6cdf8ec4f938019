# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Opens a forward with OpenSSH's client, and tells libpq how to use it."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import socket
import time
from dataclasses import replace
from random import SystemRandom
from typing import Any, Iterator, Mapping

from .._core.problem import Failure, Problem
from .child_process import Child, supervised
from .command_line import (
    Attempt,
    Bastion,
    Limits,
    Target,
    is_ready,
    login_options,
    next_attempt,
    ssh_command,
    ssh_environment,
)
from .diagnosis import Place, broken_problem, channel_problem, is_transient, login_problem, problem
from .host_keys import ACCEPT_NEW, NOT_REMEMBERED, configured_files, forgetful_file
from .listening_socket import is_knowable, listens
from .private_key import file_needs_passphrase

POLL_SECONDS = 0.01
LAST_MESSAGE_SECONDS = 0.1
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 4.0
MOST_ADAPTATIONS = 20
REQUESTED = "debug1: Connection to port "
CONFIRMED = re.compile(r"^debug2: channel \d+: open confirm", re.MULTILINE)


def ssh_client(place: Place) -> str:
    """Return the path of OpenSSH's client; raises Failure if there is none."""
    path = shutil.which("ssh", path=os.environ.get("PATH", os.defpath))
    if path is None:
        found = "the OpenSSH client (ssh) is not installed on the machine that runs the module"
        raise Failure([problem(place, found, "Install the package openssh-client (Debian) or openssh-clients (RHEL).")])
    return path


def free_port(address: str) -> int:
    """Return a port that is free at this moment."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def said_by(ssh: Child) -> str:
    """Return what ssh has logged, after the output of others: a banner, a jump host, a ProxyCommand."""
    return f"{ssh.errors()}\n{ssh.output()}"


class Tunnel:
    """An open tunnel: a Route for open_session."""

    def __init__(self, ssh: Child, attempt: Attempt, place: Place) -> None:
        self._ssh = ssh
        self._attempt = attempt
        self._place = place
        self._written_before = 0

    def parameters(self) -> Mapping[str, Any]:
        """Return the local end; raises Failure if ssh has ended, since another process may use its port by now."""
        ended = self.end_problem(within_seconds=0.0)
        if ended is not None:
            raise Failure([ended])
        self._written_before = self._ssh.written()
        return {"hostaddr": self._attempt.address, "port": self._attempt.port}

    def must_retry(self, error: Exception, *, is_timeout: bool = False) -> bool:
        """Return False: ssh listened before the tunnel was returned; raise Failure if the bastion is the reason."""
        said = self._ssh.output(self._written_before)
        found = channel_problem(self._place, said) or self.end_problem()
        found = found or (self._silence_problem(said) if is_timeout else None)
        if found is not None:
            raise Failure([found]) from error
        return False

    def end_problem(self, *, within_seconds: float = LAST_MESSAGE_SECONDS) -> Problem | None:
        """Return why ssh ended; None if it still runs after this time.

        Its last connection is lost a moment before its exit status is available.
        """
        if not self._ssh.has_ended(within_seconds=within_seconds):
            return None
        return broken_problem(self._place, said_by(self._ssh), self._ssh.status)

    def _silence_problem(self, said: str) -> Problem | None:
        """Return the message if libpq timed out before the bastion told whether it reached the server."""
        if REQUESTED not in said or CONFIRMED.search(said):
            return None
        found = "the bastion did not reach the database server in time"
        remedy = (
            "See that login_host and login_port are right, and that a firewall or security group lets the bastion "
            "reach that port."
        )
        return problem(self._place, found, remedy)


def _pauses() -> Iterator[float]:
    """Return growing, randomized pauses in seconds, so that clients dropped together do not retry together."""
    longest = FIRST_PAUSE_SECONDS
    while True:
        yield SystemRandom().uniform(longest / 4, longest)
        longest = min(2 * longest, LONGEST_PAUSE_SECONDS)


class Opening:
    """The attempts to open one tunnel."""

    def __init__(self, bastion: Bastion, target: Target, place: Place, limits: Limits) -> None:
        self._bastion = bastion
        self._target = target
        self._place = place
        self._limits = limits

    def tunnel(self, stack: contextlib.ExitStack) -> Tunnel:
        """Return the open tunnel, whose processes end with the stack; raises Failure."""
        client = ssh_client(self._place)
        self._require_memory(client)
        attempt = Attempt(0)
        deadline = time.monotonic() + self._limits.patience_seconds
        pauses = _pauses()
        for adaptations in itertools.count():
            attempt = replace(attempt, port=free_port(attempt.address))
            with contextlib.ExitStack() as one_try:
                ssh = one_try.enter_context(self._started(client, attempt))
                if self._becomes_ready(ssh, attempt):
                    self._require_remembered_key(ssh.output())
                    stack.push(one_try.pop_all())
                    return Tunnel(ssh, attempt, self._place)
                text, status = said_by(ssh), ssh.status
            other = next_attempt(attempt, text)
            if other is not None and adaptations < MOST_ADAPTATIONS:
                attempt = other
            elif is_transient(text) and time.monotonic() < deadline:
                time.sleep(next(pauses))
            else:
                break
        raise self._failure(text, status)

    def _require_memory(self, client: str) -> None:
        """Raise Failure if ssh_config discards new host keys at once, so that any key would be accepted."""
        if self._bastion.host_key_checking != ACCEPT_NEW or self._bastion.known_hosts_file:
            return
        command = [client, "-G", *login_options(self._bastion), "--", self._bastion.host]
        path = forgetful_file(configured_files(command, ssh_environment(os.environ)))
        if path:
            found = f'the ssh_config keeps host keys in "{path}", which remembers nothing: any key would be accepted'
            remedy = (
                "Set bastion.known_hosts_file to a file, or correct UserKnownHostsFile in the ssh_config of the user "
                "who runs the module."
            )
            raise Failure([problem(self._place, found, remedy)])

    def _require_remembered_key(self, text: str) -> None:
        """Raise Failure if a new host key could not be stored: any key would be accepted next time."""
        if self._bastion.host_key_checking == ACCEPT_NEW and NOT_REMEMBERED in text:
            found = "its host key is new and cannot be written to known_hosts, so any key would be accepted next time"
            remedy = "Set bastion.known_hosts_file to a file that the user who runs the module may write."
            raise Failure([problem(self._place, found, remedy)])

    def _started(self, client: str, attempt: Attempt) -> contextlib.AbstractContextManager[Child]:
        command = ssh_command(client, self._bastion, self._target, attempt, self._limits)
        return supervised(command, ssh_environment(os.environ))

    def _becomes_ready(self, ssh: Child, attempt: Attempt) -> bool:
        """Wait until ssh forwards, ends, or needs something else; return whether it forwards."""
        deadline = time.monotonic() + self._limits.login_seconds
        while time.monotonic() < deadline:
            has_ended = ssh.has_ended(within_seconds=POLL_SECONDS)
            other = next_attempt(attempt, said_by(ssh))
            if has_ended or other is not None:
                return False
            if is_ready(ssh.output()) and (not is_knowable() or listens(ssh.group, attempt.port)):
                return True
        return False

    def _failure(self, text: str, status: int | None) -> Failure:
        """Return why the last attempt failed."""
        key = self._bastion.private_key_file
        if key and "Permission denied (" in text and "Server accepts key: " in text and file_needs_passphrase(key):
            found = f'the private key "{key}" is protected by a passphrase, and there is nobody to ask for it'
            remedy = "Add it to the agent (ssh-add) of the user who runs the module, or use a key without passphrase."
            return Failure([problem(self._place, found, remedy)])
        return Failure([login_problem(self._place, text, status)])
