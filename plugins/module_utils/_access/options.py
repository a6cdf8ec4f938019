# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The options of module access, and the server that they describe."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Mapping

from .._postgres.driver import require_psycopg2
from .._postgres.options import CONNECTION_ARGUMENTS, login_from_options, route_from_options
from .._postgres.server import Server
from .._scope.options import DATABASES_ARGUMENT, PRIVILEGE_ARGUMENT

ADMIN_ARGUMENTS: Mapping[str, Any] = {
    "login_user": {"type": "str", "default": "postgres"},
    "login_password": {"type": "str", "no_log": True},
    "session_role": {"type": "str", "default": ""},
}
USER_ARGUMENTS: Mapping[str, Any] = {
    "name": {"type": "str", "required": True},
    "password": {"type": "str", "no_log": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "retired"]},
}
ACCESS_ARGUMENTS: Mapping[str, Any] = {
    **CONNECTION_ARGUMENTS,
    **ADMIN_ARGUMENTS,
    "login_db": {"type": "str", "default": "postgres"},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "group": {"type": "str", "default": "metamapper_readers"},
    "users": {"type": "list", "elements": "dict", "options": USER_ARGUMENTS},
    "databases": DATABASES_ARGUMENT,
    "privilege": PRIVILEGE_ARGUMENT,
    "accept_references": {"type": "bool", "default": False},
    "connection_limit": {"type": "int", "default": 20},
    "adopt": {"type": "bool", "default": False},
    "assume_owners": {"type": "bool", "default": False},
    "exclusive": {"type": "bool", "default": False},
    "end_connections": {"type": "bool", "default": False},
    "wait_seconds": {"type": "int", "default": 300},
    "lock_timeout_ms": {"type": "int", "default": 5000},
    "search_path": {"type": "str", "default": ""},
}


@contextmanager
def server_from_options(options: Mapping[str, Any]) -> Iterator[Server]:
    """Keep the route to the server open; raises Failure if psycopg2 is missing, and if the bastion fails."""
    require_psycopg2()
    login = login_from_options(options, user=options["login_user"], password=options["login_password"])
    with route_from_options(options, login) as route:
        yield Server(login, options["login_db"], route)
