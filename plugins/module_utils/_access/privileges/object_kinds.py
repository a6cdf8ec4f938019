# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The kinds of objects that have privileges, and how GRANT and REVOKE name them: one table, one row per kind. Pure.

https://www.postgresql.org/docs/current/sql-grant.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Callable, Mapping, NamedTuple, Protocol

from ..._core.sql_statement import Name, quoted

# What ALTER DEFAULT PRIVILEGES calls the kinds of pg_default_acl.
# https://www.postgresql.org/docs/current/catalog-pg-default-acl.html
DEFAULTS: Mapping[str, str] = MappingProxyType(
    {"r": "TABLES", "S": "SEQUENCES", "f": "FUNCTIONS", "T": "TYPES", "n": "SCHEMAS", "L": "LARGE OBJECTS"}
)


class Privileged(Protocol):
    """A privilege on an object: a Grant or an AclItem, whose fields mean what AclItem says."""

    @property
    def kind(self) -> str:
        """A key of OBJECT_KINDS."""

    @property
    def schema(self) -> str:
        """The schema of the object; empty for what is in none."""

    @property
    def name(self) -> str:
        """The name of the object; of a default privilege, of its creator."""

    @property
    def detail(self) -> str:
        """The column, the arguments, or what a default privilege is about."""

    @property
    def privilege(self) -> str:
        """The privilege."""


class Form(NamedTuple):
    """A GRANT or REVOKE in three parts, of which the middle one is repeated: each is a template with its names."""

    before: str
    before_names: tuple[Name, ...]
    item: str
    item_names: tuple[Name, ...]
    after: str = ""
    after_names: tuple[Name, ...] = ()


class ObjectKind(NamedTuple):
    """How a statement with some action (GRANT, REVOKE) names objects of a kind.

    ``rank`` is the place in the order of revoking: never SELECT without USAGE, so that the schema's privilege goes
    after those in it, and that on the database last. Granting goes the other way round.
    """

    rank: int
    form: Callable[[str, Privileged], Form]


def _named(words: str, *, has_schema: bool = False) -> Callable[[str, Privileged], Form]:
    def form(action: str, on: Privileged) -> Form:
        return Form(
            f"{action} {on.privilege} ON {words} ", (), "{}", ((on.schema, on.name) if has_schema else (on.name,),)
        )

    return form


def _column(action: str, on: Privileged) -> Form:
    return Form(f"{action} {on.privilege} (", (), "{}", ((on.detail,),), ") ON TABLE {}", ((on.schema, on.name),))


def _routine(words: str) -> Callable[[str, Privileged], Form]:
    def form(action: str, on: Privileged) -> Form:
        # The server has quoted the types already; a brace in one of them is not a placeholder.
        arguments = on.detail.replace("{", "{{").replace("}", "}}")
        return Form(f"{action} {on.privilege} ON {words} ", (), f"{{}}({arguments})", ((on.schema, on.name),))

    return form


def _large_object(action: str, on: Privileged) -> Form:
    return Form(f"{action} {on.privilege} ON LARGE OBJECT ", (), on.name, ())


def _parameter(action: str, on: Privileged) -> Form:
    return Form(f"{action} {on.privilege} ON PARAMETER ", (), "{}", (tuple(on.name.split(".")),))


def _default(action: str, on: Privileged) -> Form:
    after = f" {action} {on.privilege} ON {DEFAULTS[on.detail]}"
    return Form("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA ", ((on.name,),), "{}", ((on.schema,),), after)


def _global_default(action: str, on: Privileged) -> Form:
    after = f" {action} {on.privilege} ON {DEFAULTS[on.detail]}"
    return Form("ALTER DEFAULT PRIVILEGES FOR ROLE ", (), "{}", ((on.name,),), after)


OBJECT_KINDS: Mapping[str, ObjectKind] = MappingProxyType(
    {
        "relation": ObjectKind(0, _named("TABLE", has_schema=True)),
        "column": ObjectKind(1, _column),
        "sequence": ObjectKind(2, _named("SEQUENCE", has_schema=True)),
        "function": ObjectKind(2, _routine("FUNCTION")),
        "procedure": ObjectKind(2, _routine("PROCEDURE")),
        "type": ObjectKind(2, _named("TYPE", has_schema=True)),
        "language": ObjectKind(2, _named("LANGUAGE")),
        "foreign data wrapper": ObjectKind(2, _named("FOREIGN DATA WRAPPER")),
        "foreign server": ObjectKind(2, _named("FOREIGN SERVER")),
        "large object": ObjectKind(2, _large_object),
        "default": ObjectKind(3, _default),
        "global default": ObjectKind(3, _global_default),
        "schema": ObjectKind(4, _named("SCHEMA")),
        "database": ObjectKind(5, _named("DATABASE")),
        "tablespace": ObjectKind(5, _named("TABLESPACE")),
        "parameter": ObjectKind(5, _parameter),
    }
)


def schema_of(on: Privileged) -> str:
    """Return the schema that a privilege is in or on; empty for none."""
    return on.name if on.kind == "schema" else on.schema


def described(on: Privileged) -> str:
    """Return privilege and object, for messages."""
    if on.kind in ("relation", "schema", "database"):
        return f"{on.privilege} on {on.kind} {'.'.join(quoted(part) for part in (on.schema, on.name) if part)}"
    if on.kind == "default" and on.detail == "r":
        return f"{on.privilege} on future relations of {quoted(on.name)} in schema {quoted(on.schema)}"
    form = OBJECT_KINDS[on.kind].form("", on)
    names = [*form.before_names, *form.item_names, *form.after_names]
    words = f"{form.before} {form.item} {form.after}".format(*(".".join(map(quoted, name)) for name in names))
    return " ".join(words.split())
