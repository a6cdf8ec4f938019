# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What is in scope on a server, what patterns left out, and what they newly matched, for programs and reports. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Iterable, Mapping

from .entry import AUTO, DatabaseEntry, Privilege


@dataclass(frozen=True)
class LeftOut:
    """A database, or with ``schema`` a schema, that matches the pattern ``entry`` and is left out for a reason."""

    database: str
    entry: str
    reason: str
    schema: str = ""


@dataclass(frozen=True)
class DatabaseScope:
    """A database in scope: its entry, and the privilege that is expected of each of its schemas in scope, by name.

    ``taken_in`` are the schemas that only a pattern matches, and in which the group held nothing when the catalog was
    read. ``existing`` counts all schemas of the database except system schemas.
    """

    name: str
    entry: DatabaseEntry
    schemas: Mapping[str, Privilege]
    left_out: tuple[LeftOut, ...] = ()
    taken_in: tuple[str, ...] = ()
    existing: int = 0

    def resolved(self) -> dict[str, Any]:
        """Return an equivalent entry of the option ``databases`` with names only."""
        return {
            "name": self.name,
            "schemas": list(self.schemas),
            "metadata_schemas": [name for name, privilege in self.schemas.items() if privilege == "REFERENCES"],
            "creators": [AUTO] if self.entry.creators is None else list(self.entry.creators),
            "allow_empty": self.entry.allow_empty,
            "accept_breaks_scan": True,
        }

    def counts(self) -> dict[str, Any]:
        """Return how many of the schemas are in scope."""
        return {
            "name": self.name,
            "entry": self.entry.name,
            "schemas": len(self.schemas),
            "existing_schemas": self.existing,
        }


def account(scopes: Iterable[DatabaseScope], left_out: Iterable[LeftOut]) -> dict[str, Any]:
    """Return the return value ``scope`` of the modules; ``left_out`` are databases."""
    known = tuple(scopes)
    all_left_out = [*left_out, *(one for scope in known for one in scope.left_out)]
    return {
        "databases": [scope.counts() for scope in known],
        "left_out": [asdict(one) for one in all_left_out],
        "taken_in": [{"database": scope.name, "schema": name} for scope in known for name in scope.taken_in],
    }
