# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Files that are kept one a server: their names, and what is never kept in them."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import quote

LONGEST_NAME = 200  # file systems take 255 bytes
# What Ansible puts in the place of a name that equals a secret.
MASKED = re.compile(r"VALUE_SPECIFIED_IN_NO_LOG_PARAMETER|[*]{8}")


def file_name(server: str) -> str:
    """Return the name of a server's file: of no other server, in no other directory, whatever the name holds."""
    name = quote(server, safe="")
    name = f"%2E{name[1:]}" if name.startswith(".") else name
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME - 66]}%-{hashlib.sha256(server.encode()).hexdigest()}"
    return f"{name}.json"


def is_masked(seen: Any) -> bool:
    """Tell whether a name of what was seen was masked as a secret: a later run would miss the table with that name."""
    return MASKED.search(json.dumps(seen or {})) is not None
