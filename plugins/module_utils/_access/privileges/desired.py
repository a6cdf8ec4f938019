# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which privileges the group is to have in a database, and which of these have no direct grant. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    CreatorFacts,
    DatabaseFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import Grant
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import AccessRequest
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.entry import DatabaseEntry


@dataclass(frozen=True)
class Desired:
    """What the request says about a database; ``entry`` is None where the database is not listed."""

    request: AccessRequest
    entry: DatabaseEntry | None

    @property
    def group(self) -> str:
        """The role that gets the privileges."""
        return self.request.group

    def creators(self, creators: Iterable[CreatorFacts]) -> list[CreatorFacts]:
        """Return those of the creators whose future relations the group is to see."""
        listed = self.entry.creators if self.entry else ()
        if listed is not None:
            return [creator for creator in creators if creator.name in listed]
        ours = frozenset(self.request.roles)
        return [creator for creator in creators if creator.is_creator and creator.name not in ours]

    def missing(self, facts: DatabaseFacts) -> list[Grant]:
        """Return every desired privilege for which there is no direct grant, whoever could make it."""
        if self.entry is None:
            return []
        missing = [] if facts.connect.is_direct else [connect_on(facts.name)]
        missing += [usage_on(name) for name in facts.listed if not facts.schemas[name].usage.is_direct]
        missing += [
            default_of(creator, facts) for creator in self.creators(facts.creators) if not creator.has_default_privilege
        ]
        listed = facts.listed
        return missing + [
            Grant("relation", listed[schema], schema, name, "", oid) for oid, schema, name, *_rest in facts.missing
        ]


def connect_on(database: str) -> Grant:
    """Return CONNECT."""
    return Grant("database", "CONNECT", "", database)


def usage_on(schema: str) -> Grant:
    """Return USAGE."""
    return Grant("schema", "USAGE", "", schema)


def default_of(creator: CreatorFacts, facts: DatabaseFacts) -> Grant:
    """Return the default privilege on what a creator makes in a schema."""
    return Grant("default", facts.listed[creator.schema], creator.schema, creator.name, "r")
