# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Why a connection through a bastion failed, according to the log of OpenSSH's client."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, Mapping, Pattern

from .._core.problem import Problem
from .._core.remedy import by_hand

SHOWN_LINES = 4
# Debug messages, except those that quote a server that refuses, or is no SSH server.
DEBUG_LINE = re.compile(r"^debug[123]: (?!kex_exchange_identification: banner line)")
OFFERED_KEY = re.compile(r"^debug1: Offering public key: (.+?) \S+ SHA256:", re.MULTILINE)


@dataclass(frozen=True)
class Cause:
    """One reason, and how to recognize it.

    ``found`` and ``remedy`` are formats: of the groups of the pattern, and of ``bastion``, ``target_text``, ``offered``
    and ``known_hosts`` as sentences name them. After a ``transient`` one another attempt may succeed.
    """

    pattern: Pattern[str]
    found: str
    remedy: str
    transient: bool = False


def _cause(pattern: str, found: str, remedy: str, *, transient: bool = False) -> Cause:
    return Cause(re.compile(pattern, re.MULTILINE), found, remedy, transient)


# The first match is the reason: the message of a jump host precedes its consequences.
LOGIN_CAUSES = (
    _cause(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED(?:.|\n)*?Host key for (\S+) has changed",
        "the host key of {1} is not the one that {known_hosts} remembers",
        "If the host was reinstalled, compare the new fingerprint with its administrator, then remove the old key: "
        'ssh-keygen -R "{1}" (with -f for a file of your own). If it was not, somebody may be in the middle.',
    ),
    _cause(
        r"REVOKED HOST KEY DETECTED",
        "its host key is marked as revoked in {known_hosts}",
        "Ask the administrator of the host for its present key; do not connect before.",
    ),
    _cause(
        r"No (\S+) host key is known for (\S+) and you have requested strict checking",
        "the host key ({1}) of {2} is not in {known_hosts}",
        "Compare the fingerprint with the administrator of the host and add the key to that file (ssh-keyscan prints "
        'it), or set bastion.host_key_checking to "accept-new", which learns the key of a bastion never seen before.',
    ),
    _cause(
        r"^Host key verification failed",
        "the host key of a host on the way is not known",
        "Log in to each jump host of the ssh_config once by hand as the user who runs the module, so that its key is "
        "known; bastion.host_key_checking is about the bastion alone.",
    ),
    _cause(
        r"^ssh: Could not resolve hostname (\S+): (.+?)\s*$",
        'the name "{1}" is not known on the machine that runs the module ({2})',
        "Correct bastion.host, or give the alias a HostName in the ssh_config of the user who runs the module.",
    ),
    _cause(
        r"^ssh: connect to host (\S+) port (\d+): Connection refused",
        "nothing listens on {1}, port {2}",
        "Set bastion.port (of a jump host: Port in the ssh_config) to its SSH server's, and see that the server runs.",
    ),
    _cause(
        r"^ssh: connect to host (\S+) port (\d+): (?:Connection|Operation) timed out",
        "{1}, port {2} did not answer in time",
        "See that the address is right and that a firewall or security group lets this machine reach that port.",
    ),
    _cause(
        r"timed out during banner exchange|^(?:banner exchange: )?Connection to \S+ port \S+ (?:\w+ )?timed out",
        "the host took the connection but did not answer as an SSH server in time",
        "See that bastion.port is the port of an SSH server, and that the host is not overloaded.",
    ),
    _cause(
        r"^ssh: connect to host (\S+) port (\d+): (.+?)\s*$",
        "{1}, port {2} cannot be reached ({3})",
        "See that the address is right and that there is a route from this machine to it.",
    ),
    _cause(
        r"^channel \d+: open failed: (.+?)\s*\n(?:.*\n)*?stdio forwarding failed",
        "a jump host of the ssh_config could not reach the next host ({1})",
        "See that the jump host may forward to it, and that it resolves and reaches the name and port.",
    ),
    _cause(
        r"UNPROTECTED PRIVATE KEY FILE(?:.|\n)*?Permissions (\d+) for '(.+)' are too open",
        'ssh does not use the private key "{2}": its mode {1} lets others read it',
        'Run: chmod 600 "{2}"',
    ),
    _cause(
        r'^Load key "(.+)": (.+?)\s*$',
        'the private key "{1}" cannot be used ({2})',
        "Give a private key (not its public half) in a format that this ssh reads.",
    ),
    _cause(
        r"Too many authentication failures",
        "it refused the login after too many keys that it does not know",
        "Set bastion.private_key_file, so that this key alone is offered.",
    ),
    _cause(
        r"^(\S+): Permission denied \((.*)\)",
        "the login {1} was refused by a server that takes {2}{offered}",
        "Put the public key into the authorized_keys of that user on the bastion, or name the right bastion.user and "
        "bastion.private_key_file. A password is never asked for.",
    ),
    _cause(
        r"^Unable to negotiate with .*: (no matching .+?)\s*$",
        "the two sides have no algorithm in common ({1})",
        "Update the older side, or allow one of its algorithms for this host in the ssh_config.",
    ),
    _cause(
        r"banner line contains invalid characters|Bad remote protocol version|[Ii]nvalid SSH identification"
        r"|banner line \d+: (?!Exceeded MaxStartups|Not allowed at this time).*",
        "what answers there is not an SSH server ({0})",
        "Set bastion.port to the port of its SSH server.",
    ),
    _cause(
        r"^Bad owner or permissions on (.+?)\s*$",
        'ssh does not read "{1}": others may write it',
        'Run: chmod go-w "{1}", as its owner.',
    ),
    _cause(
        r"^(.+ line \d+: .+?)\s*\n(?:.*\n)*?.+: terminating, \d+ bad configuration options",
        "ssh does not understand its configuration ({1})",
        "Correct that line of the ssh_config.",
    ),
    _cause(
        r"^(command-line:? line 0: (?!Unsupported option|Deprecated option).+?)\s*$",
        "this ssh does not know an option that is needed ({1})",
        "Install a newer OpenSSH client: 7.6 at least.",
    ),
    _cause(
        r"^No user exists for uid (\d+)|^You don't exist, go away",
        "the user who runs the module has no entry in the passwd database, which ssh insists on",
        "Add an entry for it, as images for arbitrary users do at their start.",
    ),
    _cause(
        r"^(?:kex|ssh)_exchange_identification: |^Connection (?:closed|reset) by ",
        "it closed the connection before the login, as a server does that is too busy or bars this address",
        "See that bastion.port is an SSH server's; then MaxStartups and PerSourcePenalties in its sshd_config, "
        "fail2ban, and the log of its SSH server.",
        transient=True,
    ),
)

BROKEN_CAUSES = (
    _cause(
        r"^Timeout, server (\S+) not responding",
        "the bastion {1} stopped answering, and the connection was closed",
        "See that the bastion runs and that the network between is up, then run the task again.",
    ),
    _cause(
        r"closed by remote host|^client_loop: |^Connection (?:closed|reset) by |^Read from remote host",
        "the bastion closed the connection",
        "See the log of its SSH server, then run the task again.",
    ),
)

CHANNEL_CAUSES = (
    _cause(
        r"^channel \d+: open failed: administratively prohibited",
        "its SSH server forbids to forward to this target",
        "Allow it on the bastion, in sshd_config or in authorized_keys: AllowTcpForwarding yes (or local), and "
        "PermitOpen (permitopen) with exactly {target_text}: the text is compared, so that localhost is not 127.0.0.1.",
    ),
    _cause(
        r"^channel \d+: open failed: connect failed: (.*[Rr]efused.*?)\s*$",
        "the bastion reached the host, but nothing listens on that port ({1})",
        "Set login_port to the port of the database server, and see that its listen_addresses include the address that "
        "the bastion reaches.",
    ),
    _cause(
        r"^channel \d+: open failed: connect failed: (.*(?:not known|resol|no address|lookup|associated).*?)\s*$",
        "the bastion does not know the name ({1})",
        "Set login_host to the name or address of the database server as the bastion knows it.",
    ),
    _cause(
        r"^channel \d+: open failed: connect failed: (.*(?:timed out|timeout|[Nn]o route|unreachable).*?)\s*$",
        "the bastion cannot reach the database server ({1})",
        "See that login_host is right, and that a firewall or security group lets the bastion reach that port.",
    ),
    _cause(
        r"^channel \d+: open failed: (.+?)\s*$",
        "the bastion did not open the way to the database server ({1})",
        "See the log of its SSH server.",
    ),
)


@dataclass(frozen=True)
class Place:
    """The names for the messages; empty if an option was not given."""

    bastion: str
    target: str
    target_text: str
    known_hosts_file: str = ""

    @property
    def attempt(self) -> str:
        """The attempt, in words."""
        return f"Cannot reach {self.target} through the bastion {self.bastion}"

    def words(self, text: str) -> dict[str, str]:
        """Return the values for the formats of a cause."""
        return {
            "bastion": self.bastion,
            "target_text": self.target_text,
            "offered": _offered(text),
            "known_hosts": f'the file "{self.known_hosts_file}"' if self.known_hosts_file else "known_hosts",
        }


def _offered(text: str) -> str:
    """Return which keys were offered to the bastion; empty if none were, as if a jump host failed."""
    if "debug1: Authentications that can continue" not in text:
        return ""
    keys = ", ".join(dict.fromkeys(OFFERED_KEY.findall(text)))
    return f", after it was offered {keys}" if keys else ", and there was no key to offer"


def problem(place: Place, found: str, remedy: str) -> Problem:
    """Return a problem with the connection; its object tells a program that the bastion is the hop."""
    return Problem(f"{place.attempt}: {found}.", by_hand(remedy), object=f"bastion {place.bastion}")


def spoken(text: str) -> list[str]:
    """Return the messages of ssh, or of the bastion through it, for people."""
    return [line.strip() for line in text.splitlines() if line.strip() and not DEBUG_LINE.match(line)]


def _matched(causes: Iterable[Cause], text: str) -> tuple[Cause, list[str]] | None:
    lines = "\n".join(spoken(text)) + "\n"
    for cause in causes:
        match = cause.pattern.search(lines)
        if match:
            return cause, [match.group(0), *(group or "" for group in match.groups())]
    return None


def _explained(causes: Iterable[Cause], place: Place, text: str) -> Problem | None:
    matched = _matched(causes, text)
    if matched is None:
        return None
    cause, groups = matched
    words: Mapping[str, str] = place.words(text)
    return problem(place, cause.found.format(*groups, **words), cause.remedy.format(*groups, **words))


def is_transient(text: str) -> bool:
    """Whether ssh failed for a transient reason."""
    matched = _matched(LOGIN_CAUSES, text)
    return matched is not None and matched[0].transient and "debug1: Remote protocol version" not in text


def _stderr_tail(text: str) -> str:
    return " / ".join(spoken(text)[-SHOWN_LINES:]) or "nothing"


def _other(place: Place, text: str, status: int | None) -> Problem:
    """Return the message if no cause is known: the last messages of ssh."""
    found = f"ssh ended with status {status} and said: {_stderr_tail(text)}"
    return problem(place, found, "Try the same by hand with: ssh -v")


def _late(place: Place, text: str) -> Problem:
    """Return the message if ssh timed out."""
    return problem(
        place,
        f"the login on the bastion was not complete in time; ssh said: {_stderr_tail(text)}",
        "See that the bastion is not overloaded, and that no login on the way waits for a person (a second factor, a "
        "touch on a security key).",
    )


def login_problem(place: Place, text: str, status: int | None) -> Problem:
    """Return why ssh did not open the route; ``status`` is its exit status, None if it timed out."""
    if status is None:
        return _late(place, text)
    return _explained(LOGIN_CAUSES, place, text) or _other(place, text, status)


def broken_problem(place: Place, text: str, status: int | None) -> Problem:
    """Return why ssh ended after the route was open."""
    return _explained(BROKEN_CAUSES, place, text) or _other(place, text, status)


def channel_problem(place: Place, text: str) -> Problem | None:
    """Return why the bastion did not connect to the database server; None if it did."""
    return _explained(CHANNEL_CAUSES, place, text)
