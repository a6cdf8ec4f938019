# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The connection options, which both modules have."""

from __future__ import annotations

import contextlib
from typing import Any, ContextManager, Mapping

from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .._core.route import DIRECT, Route
from .._core.secret import Secret
from .login import Login, Timeouts

SSL_MODES = ("allow", "disable", "prefer", "require", "verify-ca", "verify-full")

BASTION_ARGUMENT: Mapping[str, Any] = {
    "type": "dict",
    "options": {
        "host": {"type": "str", "required": True},
        "port": {"type": "int"},
        "user": {"type": "str"},
        "private_key_file": {"type": "path"},
        "known_hosts_file": {"type": "path"},
        "host_key_checking": {"type": "str", "choices": ["yes", "accept-new"], "default": "yes"},
    },
}

# Documented in plugins/doc_fragments/connection.py
CONNECTION_ARGUMENTS: Mapping[str, Any] = {
    "login_host": {"type": "str", "default": ""},
    "login_port": {"type": "int", "default": 5432},
    "login_unix_socket": {"type": "str", "default": ""},
    "ssl_mode": {"type": "str", "default": "prefer", "choices": list(SSL_MODES)},
    "ca_cert": {"type": "path"},
    "ssl_cert": {"type": "path"},
    "ssl_key": {"type": "path", "no_log": False},  # a path, despite its name
    "connect_timeout_seconds": {"type": "int", "default": 10},
    "statement_timeout_seconds": {"type": "int", "default": 300},
    "parallel_databases": {"type": "int", "default": 1},
    # Not a secret, despite its name.
    "allow_cleartext_password": {"type": "bool", "default": False, "no_log": False},
    "bastion": BASTION_ARGUMENT,
}


def login_from_options(options: Mapping[str, Any], *, user: str, password: str | None) -> Login:
    """Return the login that the connection options describe; raises Failure if they do not name exactly one server."""
    return Login(
        user=user,
        password=Secret(password) if password else None,
        host=_one_host(options["login_unix_socket"] or options["login_host"]),
        port=options["login_port"],
        ssl_mode=options["ssl_mode"],
        ca_cert=options["ca_cert"] or "",
        ssl_cert=options["ssl_cert"] or "",
        ssl_key=options["ssl_key"] or "",
        session_role=options.get("session_role") or "",
        timeouts=timeouts_from_options(options),
        allow_cleartext_password=options["allow_cleartext_password"],
    )


def _one_host(host: str) -> str:
    """Return a host; raises Failure for a list, since libpq could use a different one for each connection of a run."""
    if "," in host:
        message = f"login_host is a list of hosts: {host}."
        remedy = (
            "Set metamapper_login_host (option login_host) to one host: the name or address that follows the primary "
            "where there are replicas. In an inventory, each server that is looked at by itself is a host of its own."
        )
        raise Failure([Problem(message, by_hand(remedy))])
    return host


def timeouts_from_options(options: Mapping[str, Any]) -> Timeouts:
    """Return how long to wait; raises Failure if a time is not positive, since 0 can mean forever."""
    _require_at_least_one(options, "connect_timeout_seconds", "statement_timeout_seconds")
    lock_ms = options.get("lock_timeout_ms", Timeouts.lock_ms)
    return Timeouts(options["connect_timeout_seconds"], options["statement_timeout_seconds"], lock_ms)


def parallel_databases_from_options(options: Mapping[str, Any]) -> int:
    """Return how many databases are inspected in parallel; raises Failure for an invalid number."""
    _require_at_least_one(options, "parallel_databases")
    return int(options["parallel_databases"])


def _require_at_least_one(options: Mapping[str, Any], *names: str) -> None:
    too_small = [name for name in names if options[name] < 1]
    if too_small:
        raise Failure([Problem(f"{name} is {options[name]}.", by_hand("Set it to 1 or more.")) for name in too_small])


def route_from_options(options: Mapping[str, Any], login: Login) -> ContextManager[Route]:
    """Return the route to the server as a context manager: direct, or through the bastion of the options."""
    if options["bastion"] is None:
        return contextlib.nullcontext(DIRECT)
    # Ansible ships modules as source, which Python compiles in each run: most of them have no bastion.
    from .._ssh.bastion import (  # noqa: PLC0415
        bastion_from_options,
        opened_route,
    )

    return opened_route(bastion_from_options(options["bastion"]), login.host, login.port)
