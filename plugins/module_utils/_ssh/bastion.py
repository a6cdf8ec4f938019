# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The connection to a server through an SSH jump host, open for the duration of a with block."""

from __future__ import annotations

import contextlib
import os
import re
from typing import Any, Iterator, Mapping

from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .._core.route import Route
from .command_line import Bastion, Limits, Target, bracketed
from .diagnosis import Place, problem
from .host_keys import not_a_regular_file
from .private_key import unreadable_because
from .tunnel import Opening, Tunnel

__all__ = ["Bastion", "Limits", "bastion_from_options", "opened_route"]

LIMITS = Limits()

# A user's ProxyCommand or "Match exec" passes the names to a shell; OpenSSH itself refuses these characters from 9.6
# on.
NO_SSH_HOST = re.compile(r"^-|^$|[\s\0-\x1f\x7f'`\"$\\;&<>|(){}]")
NO_SSH_USER = re.compile(r"^-|[\0-\x1f\x7f'`\";&<>|(){}]")
NO_TARGET = re.compile(r"[\s\0-\x1f\x7f\[\]/,]")


def bastion_from_options(options: Mapping[str, Any]) -> Bastion:
    """Return the bastion that a module's option ``bastion`` describes."""
    return Bastion(
        host=options["host"],
        port=options.get("port"),
        user=options.get("user") or "",
        private_key_file=options.get("private_key_file") or "",
        known_hosts_file=_absolute(options.get("known_hosts_file") or ""),
        host_key_checking=options.get("host_key_checking") or "yes",
    )


def _absolute(path: str) -> str:
    """Return a path that ssh cannot mistake for one of its keywords, such as "none"."""
    return os.path.abspath(path) if path else ""


def place_of(bastion: Bastion, target: Target) -> Place:
    """Return the names for messages."""
    port = "" if bastion.port is None else f", port {bastion.port}"
    return Place(
        bastion=f'"{bastion.host}"{port}',
        target=f'"{target.host}", port {target.port},',
        target_text=f'"{bracketed(target.host)}:{target.port}"',
        known_hosts_file=bastion.known_hosts_file,
    )


def option_problems(bastion: Bastion, target: Target) -> list[Problem]:
    """Return all that is wrong with the options, before anything is started."""
    place = place_of(bastion, target)
    problems = []
    if not target.host or target.host.startswith(("/", "@")):
        remedy = "Set login_host to the server as the bastion knows it, and omit login_unix_socket; or omit bastion."
        problems.append(
            Problem("A bastion leads to a TCP port, but this login is over a Unix socket.", by_hand(remedy))
        )
    elif NO_TARGET.search(target.host):
        problems.append(problem(place, "login_host is not one name or address", "Correct login_host."))
    if NO_SSH_HOST.search(bastion.host):
        problems.append(problem(place, "bastion.host is not a name or address", "Correct bastion.host."))
    if NO_SSH_USER.search(bastion.user):
        problems.append(problem(place, f'bastion.user "{bastion.user}" is not a user name', "Correct bastion.user."))
    reason = unreadable_because(bastion.private_key_file) if bastion.private_key_file else ""
    if reason:
        found = f'the private key file "{bastion.private_key_file}" cannot be read ({reason})'
        remedy = "Correct bastion.private_key_file: a file on the machine that runs the module, readable for its user."
        problems.append(problem(place, found, remedy))
    problems += _known_hosts_problems(bastion, place)
    return problems


def _known_hosts_problems(bastion: Bastion, place: Place) -> Iterator[Problem]:
    path = bastion.known_hosts_file
    if path and (not_a_regular_file(path) or "${" in path):
        found = f'bastion.known_hosts_file "{path}" is not a regular file, so no host key can be compared with it'
        yield problem(place, found, "Set bastion.known_hosts_file to a file with the host key of the bastion.")


@contextlib.contextmanager
def opened_route(bastion: Bastion, host: str, port: int, limits: Limits = LIMITS) -> Iterator[Route]:
    """Open the route to a server for the duration of a with block.

    ``host`` and ``port`` are those of the server as seen from the bastion. The connection goes to the local end, but
    libpq keeps the name of the host: ``verify-full`` checks it, and a password in ``.pgpass`` is looked for under that
    name and the local port. Any number of these may be open at a time.

    Raises Failure if the route cannot be opened, and if the block failed because ssh ended: then with the
    reason first.
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOSTADDR
    """
    target = Target(host, port)
    problems = option_problems(bastion, target)
    if problems:
        raise Failure(problems)
    with contextlib.ExitStack() as stack:
        tunnel = Opening(bastion, target, place_of(bastion, target), limits).tunnel(stack)
        try:
            yield tunnel
        except Exception as error:
            _explain(tunnel, error)
            raise


def _explain(tunnel: Tunnel, error: Exception) -> None:
    """Raise Failure with the reason first if the block failed because ssh had ended."""
    reason = tunnel.end_problem()
    known = error.problems if isinstance(error, Failure) else ()
    if reason is not None and reason not in known:
        committed = error.committed if isinstance(error, Failure) else ()
        raise Failure([reason, *known], committed) from error
