# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The arguments of module documentation."""

from __future__ import annotations

from typing import Any, Mapping

DOCUMENTATION_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "state": {"type": "str", "required": True, "choices": ["exported", "restored", "paused", "resumed", "listed"]},
    "api_url": {"type": "str", "required": True},
    "api_workspace": {"type": "str", "required": True},
    "api_token": {"type": "str", "required": True, "no_log": True},
    "api_ca_cert": {"type": "path", "default": ""},
    "allow_cleartext_token": {"type": "bool", "default": False, "no_log": False},
    "api_timeout_seconds": {"type": "int", "default": 60},
    "api_wait_seconds": {"type": "int", "default": 300},
    "datastore": {"type": "str", "required": True},
    "path": {"type": "path"},
    "restore": {"type": "str", "default": "missing", "choices": ["missing", "all"]},
}
