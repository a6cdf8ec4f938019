# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The options of the module visibility, and the login that they describe."""

from __future__ import annotations

from typing import Any, Mapping

from .._postgres.options import CONNECTION_ARGUMENTS
from .._scope.options import DATABASES_ARGUMENT, NAMES, PRIVILEGE_ARGUMENT
from .finding import SELECTABLE

VISIBILITY_ARGUMENTS: Mapping[str, Any] = {
    **CONNECTION_ARGUMENTS,
    "login_db": {"type": "str", "default": ""},
    "user": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
    "group": {"type": "str", "default": "metamapper_readers"},
    "databases": {**DATABASES_ARGUMENT, "required": True},
    "privilege": PRIVILEGE_ARGUMENT,
    "source": {"type": "str", "default": ""},
    "fail_on": {**NAMES, "default": ["missing", "lost", "breaks_scan"], "choices": list(SELECTABLE)},
    "baseline": {"type": "dict"},
    "lock_timeout_ms": {"type": "int", "default": 5000},
}
