# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What is desired in a database: its scope, the privileges of the group, and which of these are not granted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from ..._core.problem import Problem
from ..._scope.account import DatabaseScope
from ..._scope.databases import Target
from ..._scope.entry import DatabaseEntry
from ..._scope.schemas import SchemaRules
from ..catalog.facts import CreatorFacts, DatabaseFacts, SchemaFacts, ServerFacts
from ..request import AccessRequest
from .statements import Grant


@dataclass(frozen=True)
class Desired:
    """What decides about one database; ``target`` is None if it is entered only to revoke something."""

    name: str
    request: AccessRequest
    server: ServerFacts
    target: Target | None

    @property
    def entry(self) -> DatabaseEntry | None:
        """The entry for the database."""
        return self.target.entry if self.target else None

    def scope(self, schemas: Iterable[SchemaFacts]) -> tuple[DatabaseScope | None, tuple[Problem, ...]]:
        """Return what is in scope, None if the database is not listed, and what is wrong with its entry."""
        if self.target is None:
            return None, ()
        return SchemaRules(self.request.privilege, self.server.version_num).scope(self.target, schemas)

    def creators(self, creators: Iterable[CreatorFacts]) -> list[CreatorFacts]:
        """Return the creators whose future relations the group should see."""
        listed = self.entry.creators if self.entry else ()
        if listed is not None:
            return [creator for creator in creators if creator.name in listed]
        ours = frozenset(self.request.roles)
        return [creator for creator in creators if creator.is_creator and creator.name not in ours]

    def missing(self, facts: DatabaseFacts) -> list[Grant]:
        """Return every desired privilege for which there is no direct grant, regardless of who could make it."""
        if self.target is None:
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
    """Return the default privilege on what a creator creates in a schema."""
    return Grant("default", facts.listed[creator.schema], creator.schema, creator.name, "r")
