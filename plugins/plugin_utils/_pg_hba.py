# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Names of databases and roles that have no special meaning in pg_hba.conf.

https://www.postgresql.org/docs/current/auth-pg-hba-conf.html
"""

from __future__ import annotations

import importlib.util
import re
from typing import Iterable

COLLECTION = "community.postgresql"
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.$-]*\Z")
# In quotes, each of these is an ordinary name. So is what begins with "+" (members of a role) or "@" (a file).
KEYWORDS = frozenset(("all", "replication", "samegroup", "samerole", "sameuser"))


def hba_problems(names: Iterable[str]) -> list[str]:
    """Return a sentence for each name that means something else in pg_hba.conf, or needs quotes there.

    community.postgresql.postgresql_pg_hba splits a quoted name into letters (4.2.0).
    """
    return [
        f"{name!r} cannot stand in pg_hba.conf {_reason(name)} Leave metamapper_pg_hba_file out, and write the rule by "
        "hand."
        for name in names
        if not PLAIN_NAME.match(name) or name in KEYWORDS
    ]


def _reason(name: str) -> str:
    if name.startswith("/"):
        return "as a name: from PostgreSQL 16 on, a regular expression begins with a slash there, in quotes too."
    if name in KEYWORDS:
        return "without quotes, where it is a keyword."
    return "without quotes."


def missing_collection() -> list[str]:
    """Return what to do if community.postgresql, which writes pg_hba.conf, is not installed; else nothing."""
    try:
        found = importlib.util.find_spec(f"ansible_collections.{COLLECTION}")
    except ModuleNotFoundError:  # nothing of the namespace is installed
        found = None
    if found:
        return []
    return [
        f"metamapper_pg_hba_file is set, but the collection {COLLECTION}, which edits the file, is not installed on "
        f"the controller. Run ansible-galaxy collection install {COLLECTION} there, or remove metamapper_pg_hba_file "
        "and add the rule to pg_hba.conf by hand."
    ]
