# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What a server says about a login and a database, as plain values: the input of the analysis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Mapping, NamedTuple

from ..._core.remedy import Remedies
from ..._core.unquoted_names import QualifiedName, UnquotedNameParser
from ..._scope.account import DatabaseScope
from ..finding import Aspect
from ..request import Expectation, VisibleColumns


@dataclass(frozen=True)
class SessionFacts:
    """Who the session is; ``address`` is the client's as the server sees it, empty for its Unix socket.

    ``group_oid`` is None if there is no such role. ``tls`` names the protocol, empty if the session has none.
    ``unreadable_catalogs`` are those of which the login may not read all usual columns. A server and its copies share a
    ``system_identifier``; empty if the login may not read it.
    """

    version: int
    session_user: str
    current_user: str
    address: str
    is_superuser: bool
    attributes: tuple[str, ...]
    can_create_schemas: bool
    can_create_temporary: bool
    group_oid: int | None
    inherits_group: bool
    is_member: bool
    tls: str = ""
    unreadable_catalogs: frozenset[str] = frozenset()
    system_identifier: str = ""


@dataclass(frozen=True)
class Membership:
    """A role that the login is or can become; ``is_powerful`` by its attributes, ``can_pass_on`` by ADMIN OPTION.

    ``leads`` are the roles that lead to it, itself or others; the member of each is at the same position in
    ``members``: the user or the group.
    """

    role: str
    is_inherited: bool
    is_powerful: bool
    can_pass_on: bool
    leads: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Owned:
    """How many objects a role owns in a database; an empty database is the whole server."""

    role: str
    database: str
    objects: int


@dataclass(frozen=True)
class Schema:
    """A schema, and what the login holds on it; an empty name in ``create_through`` is PUBLIC.

    ``extension`` is the one that it is a member of, empty for none. ``is_granted`` tells whether the group has been
    granted USAGE; ``holds_relation`` tells of a name that needs quotes whether the group holds a privilege on a table
    or view in it.
    """

    oid: int
    name: str
    usage: bool
    create: bool = False
    create_through: tuple[str, ...] = ()
    group_usage: bool = False
    in_index_query: bool = False
    extension: str = ""
    is_granted: bool = False
    holds_relation: bool = False


@dataclass(frozen=True)
class ListedDatabase:
    """A database of the server; ``can_connect`` also if the group holds something in it, so that it should."""

    name: str
    allows_connections: bool
    is_template: bool
    can_connect: bool


@dataclass(frozen=True)
class Totals:
    """The relations and columns of one schema that Metamapper could list, and how many of them it will list."""

    relations: int = 0
    visible_relations: int = 0
    columns: int = 0
    visible_columns: int = 0
    referable_relations: int = 0


@dataclass(frozen=True)
class RelationDetail:
    """A relation worth reporting; ``members`` counts all of its kind, of which only the first are details.

    ``through`` are the roles whose privilege reaches the login (an empty name is PUBLIC), ``owner`` is the owner if the
    login has that role's privileges.
    """

    category: str
    schema: str
    relation: str
    kind: str
    columns: int
    visible: int
    readable: int
    members: int
    owner: str
    through: tuple[str, ...]
    of_extension: bool
    held_by_group: bool


@dataclass(frozen=True)
class Creator:
    """A role that can create tables in a schema; an empty role is PUBLIC.

    ``is_inherited`` tells that the login has all its privileges anyway, ``is_member`` that it can create as a member of
    another role.
    """

    schema: str
    role: str
    is_inherited: bool = False
    is_member: bool = False


@dataclass(frozen=True)
class PathCreator:
    """A role that could make Metamapper's queries run its code; an empty role is PUBLIC.

    ``how``: it owns the schema, has CREATE on it, or owns a function or an operator in it.
    """

    schema: str
    role: str
    how: Literal["owner", "create", "object"]


@dataclass(frozen=True)
class SearchPath:
    """Along which schemas the login finds what it does not qualify.

    ``text`` is quoted as SET takes it. ``creators`` are those, but for superusers and the login itself, whose code
    could be found there; ``is_known`` is false where that cannot be read.
    """

    text: str = "pg_catalog"
    creators: tuple[PathCreator, ...] = ()
    is_known: bool = True

    @property
    def is_trusted(self) -> bool:
        """Whether Metamapper's queries can run with it without running code of other roles."""
        return self.is_known and not self.creators


@dataclass(frozen=True)
class Default:
    """Default privileges on the tables of a role; an empty schema is all schemas, an empty grantee is PUBLIC."""

    role: str
    schema: str
    grantee: str
    privileges: tuple[str, ...]


@dataclass(frozen=True)
class QueryFailure:
    """How a query of Metamapper's form failed: the server's SQLSTATE and message."""

    sqlstate: str
    message: str


@dataclass(frozen=True)
class LongDefault:
    """A column whose default has more characters than Metamapper can store."""

    schema: str
    relation: str
    column: str
    characters: int


@dataclass(frozen=True)
class Undecodable:
    """The relations whose texts do not reach Metamapper, by names with non-ASCII characters as octal numbers.

    ``client_encoding`` is the one of its session, ``remedy_encoding`` the one with which they would reach it.
    ``failure`` is the error of the server, or of the decoding, for the first. There may be more than those in
    ``relations``.
    """

    relations: tuple[QualifiedName, ...]
    client_encoding: str
    remedy_encoding: str
    failure: QueryFailure


class TimeLimit(NamedTuple):
    """A setting that ends a statement or a transaction of the login after so many milliseconds.

    0 is a limit that ends even the first, short message; which setting it is, is not known then.
    """

    name: str
    milliseconds: int


@dataclass(frozen=True)
class ScanResult:
    """What queries of Metamapper's form returned, on a connection like Metamapper's.

    ``seen`` is None if the scan failed. ``misread`` are relations that were returned with the oid of another object or
    with none; ``misread_schemas`` schemas with such indexes. ``oids`` are those that were returned, by schema and
    relation. ``time_limit`` is the least that a scan has, and ``milliseconds`` how long the query for tables took.
    """

    seen: VisibleColumns | None
    definitions_failure: QueryFailure | None = None
    index_failure: QueryFailure | None = None
    misread: tuple[QualifiedName, ...] = ()
    misread_schemas: tuple[str, ...] = ()
    long_defaults: tuple[LongDefault, ...] = ()
    undecodable: Undecodable | None = None
    oids: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    time_limit: TimeLimit | None = None
    milliseconds: float = 0.0


@dataclass(frozen=True)
class Loss:
    """A relation of which less will be seen than before; ``exists`` and ``usage`` tell why.

    ``existing_columns`` are those that it has, seen or not; ``elsewhere`` is a schema in which its name exists and is
    not seen either, empty for none. ``oid`` is None if it does not exist.
    """

    schema: str
    relation: str
    columns_before: int
    columns: int
    existing_columns: int
    exists: bool
    usage: bool
    elsewhere: str
    oid: int | None = None

    @property
    def is_gone(self) -> bool:
        """Whether what is not visible no longer exists, so that no privilege brings it back."""
        return self.columns == self.existing_columns and (not self.exists or self.usage) and not self.elsewhere


@dataclass(frozen=True)
class Unchecked:
    """Aspects that could not be checked, wholly or in part, for a database or the whole server."""

    aspects: tuple[Aspect, ...]
    reason: str
    remedies: Remedies = ()
    is_of_the_server: bool = False


@dataclass(frozen=True)
class DatabaseFacts:
    """All that is known about one database."""

    name: str
    group: str
    reader: UnquotedNameParser
    session: SessionFacts
    expectation: Expectation
    schemas: Mapping[str, Schema]
    totals: Mapping[str, Totals]
    details: tuple[RelationDetail, ...]
    creators: tuple[Creator, ...]
    defaults: tuple[Default, ...]
    namesakes: frozenset[QualifiedName]
    scan: ScanResult
    losses: tuple[Loss, ...] = ()
    scope: DatabaseScope | None = None
    search_path: SearchPath = SearchPath()
    unchecked: tuple[Unchecked, ...] = ()

    @property
    def user(self) -> str:
        """The login."""
        return self.session.session_user

    @property
    def beneficiary(self) -> str:
        """The role that remedies grant to: the group, or the user where there is no group."""
        return self.user if self.session.group_oid is None else self.group

    def of(self, category: str) -> tuple[RelationDetail, ...]:
        """Return the details of a category."""
        return tuple(detail for detail in self.details if detail.category == category)
