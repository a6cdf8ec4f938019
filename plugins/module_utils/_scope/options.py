# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The options that define the scope, which both modules have."""

from __future__ import annotations

from typing import Any, Mapping

NAMES: Mapping[str, Any] = {"type": "list", "elements": "str"}

# Documented in plugins/doc_fragments/databases.py
DATABASE_ARGUMENTS: Mapping[str, Any] = {
    "name": {"type": "str", "required": True},
    "schemas": {**NAMES, "required": True},
    "exclude_schemas": {**NAMES, "default": []},
    "metadata_schemas": {**NAMES, "default": []},
    "creators": {**NAMES, "default": ["auto"]},
    "allow_empty": {"type": "bool", "default": False},
    "accept_breaks_scan": {"type": "bool", "default": False},
}
DATABASES_ARGUMENT: Mapping[str, Any] = {"type": "list", "elements": "dict", "options": DATABASE_ARGUMENTS}
PRIVILEGE_ARGUMENT: Mapping[str, Any] = {"type": "str", "default": "select", "choices": ["select", "metadata"]}
