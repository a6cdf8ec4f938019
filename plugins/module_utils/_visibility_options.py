# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The options of the module visibility, and the login that they describe."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Mapping

from ansible_collections.metamapper.postgresql.plugins.module_utils._connection import Login
from ansible_collections.metamapper.postgresql.plugins.module_utils._secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility_finding import SELECTABLE

NAMES: Mapping[str, Any] = MappingProxyType({"type": "list", "elements": "str"})

CONNECTION: Mapping[str, Any] = MappingProxyType(
    {
        "login_host": {"type": "str", "default": ""},
        "login_port": {"type": "int", "default": 5432},
        "login_unix_socket": {"type": "str", "default": ""},
        "ssl_mode": {
            "type": "str",
            "default": "prefer",
            "choices": ["allow", "disable", "prefer", "require", "verify-ca", "verify-full"],
        },
        "ca_cert": {"type": "path"},
        "ssl_cert": {"type": "path"},
        "ssl_key": {"type": "path", "no_log": False},
    }
)

DATABASE: Mapping[str, Any] = MappingProxyType(
    {
        "name": {"type": "str", "required": True},
        "schemas": {**NAMES, "required": True},
        "exclude_schemas": {**NAMES, "default": []},
        "metadata_schemas": {**NAMES, "default": []},
        "creators": {**NAMES, "default": ["auto"]},
        "allow_empty": {"type": "bool", "default": False},
    }
)


def arguments() -> dict[str, Any]:
    """Return the argument specification, which Ansible changes as it reads it."""
    return {
        **CONNECTION,
        "user": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
        "group": {"type": "str", "default": "metamapper_readers"},
        "databases": {"type": "list", "elements": "dict", "required": True, "options": dict(DATABASE)},
        "privilege": {"type": "str", "default": "select", "choices": ["select", "metadata"]},
        "source": {"type": "str", "default": ""},
        "fail_on": {**NAMES, "default": ["missing", "lost", "breaks_scan"], "choices": list(SELECTABLE)},
        "baseline": {"type": "dict"},
    }


def login_from(options: Mapping[str, Any]) -> Login:
    """Return the login of the Metamapper user itself."""
    return Login(
        user=options["user"],
        password=Secret(options["password"]),
        host=options["login_unix_socket"] or options["login_host"],
        port=options["login_port"],
        ssl_mode=options["ssl_mode"],
        ca_cert=options["ca_cert"] or "",
        ssl_cert=options["ssl_cert"] or "",
        ssl_key=options["ssl_key"] or "",
    )
