# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Privileges on objects, and the few statements that grant them or take them back. Pure."""

from __future__ import annotations

from collections import defaultdict
from types import MappingProxyType
from typing import Any, Iterable, Iterator, Literal, Mapping, NamedTuple, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import (
    Name,
    Statement,
    listed,
    quoted,
)

Kind = Literal["database", "schema", "default", "relation"]
Action = Literal["GRANT", "REVOKE"]

# The order in which privileges are granted: never SELECT without USAGE, and nothing before CONNECT. They are taken back
# in the opposite order.
KINDS: tuple[Kind, ...] = ("database", "schema", "default", "relation")
WORDS: Mapping[Kind, str] = MappingProxyType({"database": "DATABASE", "schema": "SCHEMA", "relation": "TABLE"})
TOWARDS: Mapping[Action, str] = MappingProxyType({"GRANT": "TO", "REVOKE": "FROM"})
NAMES_PER_STATEMENT = 500


class Grant(NamedTuple):
    """One privilege on one object; ``name`` is the relation, or the creator of a default privilege.

    A tuple, as there is one for each relation: a dataclass that is frozen takes several times longer to make.
    """

    kind: Kind
    privilege: str
    schema: str = ""
    name: str = ""

    def __str__(self) -> str:
        if self.kind == "default":
            return f"{self.privilege} on future relations of {quoted(self.name)} in schema {quoted(self.schema)}"
        names = ".".join(quoted(part) for part in (self.schema, self.name) if part)
        return f"{self.privilege} on {self.kind} {names}".rstrip()


def statements_for(
    database: str, group: str, grants: Iterable[Grant], revokes: Iterable[Grant] = ()
) -> list[Statement]:
    """Return few statements that make the grants and then take back what is to be taken back, as named lists."""
    return [
        *_statements("GRANT", database, group, grants, KINDS),
        *_statements("REVOKE", database, group, revokes, KINDS[::-1]),
    ]


def _statements(
    action: Action, database: str, group: str, grants: Iterable[Grant], order: Sequence[Kind]
) -> Iterator[Statement]:
    by_kind: dict[Kind, dict[str, list[Grant]]] = defaultdict(lambda: defaultdict(list))
    for grant in grants:
        by_kind[grant.kind][grant.privilege].append(grant)
    for kind in order:
        for privilege, alike in by_kind[kind].items():
            if kind == "default":
                yield from _default_statements(action, privilege, group, alike)
            else:
                names = [_name(database, grant) for grant in alike]
                yield from _object_statements(action, privilege, kind, names, group)


def _name(database: str, grant: Grant) -> Name:
    names: Mapping[Kind, Name] = {"database": (database,), "schema": (grant.schema,)}
    return names.get(grant.kind, (grant.schema, grant.name))


def _object_statements(
    action: Action, privilege: str, kind: Kind, names: Sequence[Name], group: str
) -> Iterator[Statement]:
    for part in _chunks(names):
        template = f"{action} {privilege} ON {WORDS[kind]} {listed(len(part))} {TOWARDS[action]} {{}}"
        yield Statement(template, (*part, (group,)))


def _default_statements(action: Action, privilege: str, group: str, grants: Iterable[Grant]) -> Iterator[Statement]:
    schemas: dict[str, list[str]] = defaultdict(list)
    for grant in grants:
        schemas[grant.name].append(grant.schema)
    creators: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for creator, its_schemas in schemas.items():
        creators[tuple(its_schemas)].append(creator)
    for where, who in creators.items():  # one statement makes the cross product
        for part in _chunks(where):
            yield _default_statement(action, privilege, who, part, group)


def _default_statement(
    action: Action, privilege: str, creators: Sequence[str], schemas: Sequence[str], group: str
) -> Statement:
    # https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
    template = (
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {listed(len(creators))} IN SCHEMA {listed(len(schemas))} "
        f"{action} {privilege} ON TABLES {TOWARDS[action]} {{}}"
    )
    return Statement(template, tuple((name,) for name in (*creators, *schemas, group)))


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), NAMES_PER_STATEMENT):
        yield items[start : start + NAMES_PER_STATEMENT]


def batches(grants: Sequence[Grant], limit: int | None) -> list[tuple[str, ...]]:
    """Return the schemas of each transaction: all at once without a limit, else whole schemas while they fit.

    ``limit`` is the number of objects that one transaction may name. A schema that alone exceeds it is a batch of its
    own, and takes several transactions. Nothing to grant is no batch.
    """
    sizes: dict[str, int] = defaultdict(int)
    for grant in grants:
        sizes[grant.schema] += 1
    if limit is None:
        return [tuple(name for name in sizes if name)] if sizes else []
    found: list[list[str]] = []
    room = 0
    for schema, size in sizes.items():
        if not found or size > room:
            found.append([])
            room = limit
        found[-1] += [schema] if schema else []
        room -= size
    return [tuple(names) for names in found]
