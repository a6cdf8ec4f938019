# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""How OpenSSH's client is called: its command line, its environment, and what changes in the next attempt."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Mapping

LOOPBACK = "127.0.0.1"
LOOPBACK_6 = "::1"

# The variables that ssh, a ProxyCommand or an agent of the user may need. Others are not passed on: the environment may
# contain passwords under any name.
ENVIRONMENT = frozenset(
    {
        "HOME",
        "LOGNAME",
        "PATH",
        "SHELL",
        "TMPDIR",
        "TZ",
        "USER",
        "XDG_CONFIG_HOME",
        "XDG_RUNTIME_DIR",
        # agents, security keys, smart cards, Kerberos
        "GNUPGHOME",
        "KRB5CCNAME",
        "KRB5_CONFIG",
        "SSH_AUTH_SOCK",
        "SSH_PKCS11_HELPER",
        "SSH_SK_HELPER",
        "SSH_SK_PROVIDER",
        # where tools that carry a connection find their configuration
        "AWS_CONFIG_FILE",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AZURE_CONFIG_DIR",
        "CLOUDSDK_ACTIVE_CONFIG_NAME",
        "CLOUDSDK_CONFIG",
        "NO_PROXY",
        "no_proxy",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
    }
)
LOG_FILE = "/dev/stdout"  # separate: what the other side has ssh show, such as a banner, goes to standard error

READY = re.compile(r"^debug1: Entering interactive session\.", re.MULTILINE)
# A forward in the user's ssh_config. The bastion answers a remote one when ssh is ready, which may end it.
OTHER_FORWARD = re.compile(r"^(Could not request local forwarding|debug1: Remote connections from )", re.MULTILINE)
FORK_OPTION_UNKNOWN = re.compile(r"Bad configuration option: forkafterauthentication", re.IGNORECASE)
NO_IPV4 = re.compile(rf"getaddrinfo\({re.escape(LOOPBACK)}\)")


@dataclass(frozen=True)
class Bastion:
    """The jump host, and how to log in there.

    ``host`` may be an alias of the user's ssh_config. With a ``port`` of None and empty texts, ssh_config and OpenSSH's
    defaults apply. ``host_key_checking`` is "yes" or "accept-new".
    """

    host: str
    port: int | None = None
    user: str = ""
    private_key_file: str = ""
    known_hosts_file: str = ""
    host_key_checking: str = "yes"


@dataclass(frozen=True)
class Target:
    """The database server, as seen from the bastion."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}, port {self.port}"


@dataclass(frozen=True)
class Limits:
    """Time limits, in seconds."""

    connect_seconds: int = 10
    """For TCP, and then for the SSH handshake: ssh's ConnectTimeout."""

    login_seconds: float = 45.0
    """From the start of ssh until the way is open; a jump chain has several logins."""

    patience_seconds: float = 60.0
    """For new tries where a busy bastion drops connections."""

    alive_seconds: int = 5
    """After three times so long without a word the bastion is taken for dead: ssh's ServerAliveInterval."""


@dataclass(frozen=True)
class Attempt:
    """One start of ssh: the local end, and the needs of this ssh and ssh_config that earlier attempts showed.

    ``has_fork_option`` is False for clients before 8.7, for which ForkAfterAuthentication is an error. If
    ``exits_on_forward_failure`` is False, a forward in the user's ssh_config may fail, but ours may not.
    """

    port: int
    address: str = LOOPBACK
    has_fork_option: bool = True
    exits_on_forward_failure: bool = True


def bracketed(host: str) -> str:
    """Return an address as written in a forward, where a colon separates the fields."""
    return f"[{host}]" if ":" in host else host


def quoted(path: str) -> str:
    """Return a path as the value of an option: one word, whose percent signs are not ssh's tokens."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def fixed_options(bastion: Bastion, attempt: Attempt, limits: Limits) -> dict[str, str]:
    """Return the options that no ssh_config can change: ssh uses the first value that it reads.

    A shared connection (ControlMaster), a fork into the background or a command of the user's would outlive the task or
    run beside it. The log level makes ssh tell what it does, whatever ssh_config sets.
    https://man.openbsd.org/ssh_config
    """
    options = {
        "BatchMode": "yes",
        "ClearAllForwardings": "no",
        "ConnectTimeout": str(limits.connect_seconds),
        "ControlMaster": "no",
        "ControlPath": "none",
        "ExitOnForwardFailure": "yes" if attempt.exits_on_forward_failure else "no",
        "LogLevel": "DEBUG2",
        "NoHostAuthenticationForLocalhost": "no",
        "PermitLocalCommand": "no",
        "ServerAliveCountMax": "3",
        "ServerAliveInterval": str(limits.alive_seconds),
        "StrictHostKeyChecking": bastion.host_key_checking,
        "Tunnel": "no",
        "UpdateHostKeys": "no",
    }
    if attempt.has_fork_option:
        options["ForkAfterAuthentication"] = "no"
    if bastion.known_hosts_file:
        options["UserKnownHostsFile"] = quoted(bastion.known_hosts_file)
    if bastion.private_key_file:  # keys of the agent would use up the bastion's MaxAuthTries
        options["IdentitiesOnly"] = "yes"
    return options


def ssh_command(client: str, bastion: Bastion, target: Target, attempt: Attempt, limits: Limits) -> list[str]:
    """Return the command that forwards a local port to the target for as long as it runs."""
    forward = f"{bracketed(attempt.address)}:{attempt.port}:{bracketed(target.host)}:{target.port}"
    command = [client, "-N", "-T", "-n", "-a", "-x", "-E", LOG_FILE]
    for name, value in fixed_options(bastion, attempt, limits).items():
        command += ["-o", f"{name}={value}"]
    command += login_options(bastion)
    return [*command, "-L", forward, "--", bastion.host]


def login_options(bastion: Bastion) -> list[str]:
    """Return the arguments for the login on the bastion."""
    words = []
    if bastion.port is not None:
        words += ["-p", str(bastion.port)]
    if bastion.user:
        words += ["-l", bastion.user]
    if bastion.private_key_file:
        words += ["-i", bastion.private_key_file.replace("%", "%%")]
    return words


def ssh_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of ssh: English, without prompts, and without foreign passwords."""
    kept = {name: value for name, value in environment.items() if name in ENVIRONMENT}
    return {**kept, "LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never"}


def has_clashed(text: str, attempt: Attempt) -> bool:
    """Whether the local port was in use when ssh tried to listen on it."""
    return bool(re.search(rf"^(bind|listen) \[.*\]:{attempt.port}: ", text, re.MULTILINE)) or bool(
        re.search(rf"cannot listen to port: {attempt.port}\b", text)
    )


def is_ready(text: str) -> bool:
    """Whether ssh says that it is in its main loop, which it enters after it has set up all forwards.

    The other side can have ssh log a text of its choice, so this says when to look, not that the port is ssh's.
    """
    return bool(READY.search(text))


def next_attempt(attempt: Attempt, text: str) -> Attempt | None:
    """Return the next attempt after ssh has logged a text; None if another attempt would fail like this one."""
    if FORK_OPTION_UNKNOWN.search(text) and attempt.has_fork_option:
        return replace(attempt, has_fork_option=False)
    if NO_IPV4.search(text) and attempt.address == LOOPBACK:
        return replace(attempt, address=LOOPBACK_6)
    if has_clashed(text, attempt):
        return attempt
    if OTHER_FORWARD.search(text) and attempt.exits_on_forward_failure:
        return replace(attempt, exits_on_forward_failure=False)
    return None
