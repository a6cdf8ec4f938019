# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What roles hold by direct grants, whoever made these, and the statements that take it back.

A REVOKE by anybody but the grantor, or the owner for what the owner granted, is a silent no-op, even by a superuser.
So each item has the role to become before it is taken back.
https://www.postgresql.org/docs/current/sql-revoke.html#SQL-REVOKE-NOTES
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Callable, Collection, Iterator, Mapping, NamedTuple, Sequence, Tuple

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog import acl_queries as ask
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import has_feature
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import (
    Name,
    Statement,
    quoted,
    simple,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import Query
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session

NAMES_IN_A_STATEMENT = 500

# What ALTER DEFAULT PRIVILEGES calls the kinds of pg_default_acl.
# https://www.postgresql.org/docs/current/catalog-pg-default-acl.html
DEFAULTS: Mapping[str, str] = MappingProxyType(
    {"r": "TABLES", "S": "SEQUENCES", "f": "FUNCTIONS", "T": "TYPES", "n": "SCHEMAS", "L": "LARGE OBJECTS"}
)


@dataclass(frozen=True)
class Held:
    """An item of an ACL: a privilege that ``grantor`` gave to ``grantee``.

    ``kind`` is a key of KINDS. ``schema`` is empty for what is in none. ``name`` is the object's; of a default
    privilege, the creator's; of a large object, its number. ``detail`` is the column, the arguments of a routine, or
    what a default privilege is about, as pg_default_acl has it. ``become`` is the role to be taken on for REVOKE: empty
    for none, None where the administrator can take on none that could. ``is_reachable`` tells whether REVOKE can name
    the object: a schema without USAGE hides it, and a default privilege may outlive its schema.
    """

    kind: str
    schema: str
    name: str
    detail: str
    privilege: str
    grantee: str
    grantor: str
    owner: str
    is_grant_option: bool
    become: str | None
    is_reachable: bool

    @property
    def is_revocable(self) -> bool:
        """Whether the administrator can take it back."""
        return self.become is not None and self.is_reachable

    @property
    def object(self) -> tuple[str, str, str, str]:
        """What identifies the object."""
        return (self.kind, self.schema, self.name, self.detail)

    def __str__(self) -> str:
        """Return privilege and object, for messages."""
        form = KINDS[self.kind].form(self)
        names = [*form.before_names, *form.item_names, *form.after_names]
        words = f"{form.before} {form.item} {form.after}".format(*(".".join(map(quoted, name)) for name in names))
        return " ".join(words.replace("REVOKE ", "").split())


class Form(NamedTuple):
    """A REVOKE in three parts, of which the one in the middle is repeated: each is a template with its names."""

    before: str
    before_names: tuple[Name, ...]
    item: str
    item_names: tuple[Name, ...]
    after: str
    after_names: tuple[Name, ...]


class Kind(NamedTuple):
    """How REVOKE says a kind of object, and its place in the order."""

    rank: int
    form: Callable[[Held], Form]


def _named(words: str, *, has_schema: bool = False) -> Callable[[Held], Form]:
    def form(held: Held) -> Form:
        name = (held.schema, held.name) if has_schema else (held.name,)
        return Form(f"REVOKE {held.privilege} ON {words} ", (), "{}", (name,), "", ())

    return form


def _column(held: Held) -> Form:
    after = ") ON TABLE {}", ((held.schema, held.name),)
    return Form(f"REVOKE {held.privilege} (", (), "{}", ((held.detail,),), *after)


def _routine(words: str) -> Callable[[Held], Form]:
    def form(held: Held) -> Form:
        # The server has quoted the types already; a brace in one of them is not a place for a name.
        arguments = held.detail.replace("{", "{{").replace("}", "}}")
        name = ((held.schema, held.name),)
        return Form(f"REVOKE {held.privilege} ON {words} ", (), f"{{}}({arguments})", name, "", ())

    return form


def _large_object(held: Held) -> Form:
    return Form(f"REVOKE {held.privilege} ON LARGE OBJECT ", (), held.name, (), "", ())


def _parameter(held: Held) -> Form:
    name = (tuple(held.name.split(".")),)
    return Form(f"REVOKE {held.privilege} ON PARAMETER ", (), "{}", name, "", ())


def _default(held: Held) -> Form:
    after = f" REVOKE {held.privilege} ON {DEFAULTS[held.detail]}"
    before = "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA "
    return Form(before, ((held.name,),), "{}", ((held.schema,),), after, ())


def _global_default(held: Held) -> Form:
    after = f" REVOKE {held.privilege} ON {DEFAULTS[held.detail]}"
    return Form("ALTER DEFAULT PRIVILEGES FOR ROLE ", (), "{}", ((held.name,),), after, ())


# Never SELECT without USAGE: the schema's goes after what is in it, and the way into the database last.
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "relation": Kind(0, _named("TABLE", has_schema=True)),
        "column": Kind(1, _column),
        "sequence": Kind(2, _named("SEQUENCE", has_schema=True)),
        "function": Kind(2, _routine("FUNCTION")),
        "procedure": Kind(2, _routine("PROCEDURE")),
        "type": Kind(2, _named("TYPE", has_schema=True)),
        "language": Kind(2, _named("LANGUAGE")),
        "foreign data wrapper": Kind(2, _named("FOREIGN DATA WRAPPER")),
        "foreign server": Kind(2, _named("FOREIGN SERVER")),
        "large object": Kind(2, _large_object),
        "default": Kind(3, _default),
        "global default": Kind(3, _global_default),
        "schema": Kind(4, _named("SCHEMA")),
        "database": Kind(5, _named("DATABASE")),
        "tablespace": Kind(5, _named("TABLESPACE")),
        "parameter": Kind(5, _parameter),
    }
)


def inspect_held(session: Session, roles: Collection[str], version_num: int, limit: int | None = None) -> list[Held]:
    """Return every item in this database, and on the database itself, that one of the roles holds or has passed on.

    With a limit, the items of so many objects, those first from which they are to be taken back first; all that hangs
    on an item is on the same object, and comes with it. One round trip. What a role owns is not there, but for what
    another has granted to it.
    """
    return _rows(session, ask.HELD, roles, version_num, limit)


def inspect_shared(session: Session, roles: Collection[str], version_num: int) -> list[Held]:
    """Return the same for databases, tablespaces and parameters; one round trip, from any database."""
    query = ask.HELD_SHARED_15 if has_feature(version_num, "parameter_acls") else ask.HELD_SHARED
    return _rows(session, query, roles, version_num)


def _rows(
    session: Session, query: Query, roles: Collection[str], version_num: int, limit: int | None = None
) -> list[Held]:
    parameters = {
        "roles": list(roles),
        "kinds": sorted(KINDS, key=lambda kind: KINDS[kind].rank),
        "limit": limit,
        # https://www.postgresql.org/docs/16/functions-info.html#FUNCTIONS-INFO-ACCESS-TABLE
        "set": "SET" if has_feature(version_num, "membership_options") else "MEMBER",
        "inherited_defaults": has_feature(version_num, "inherited_defaults"),
    }
    return [Held(*row) for row in session.rows(query, parameters)]


def in_order(held: Collection[Held]) -> list[Held]:
    """Return the items in the order in which they are to be taken back."""
    return sorted(held, key=place)


def place(held: Held) -> tuple[object, ...]:
    """Return where an item stands in the order; the first five say what goes into one statement."""
    form = KINDS[held.kind].form(held)
    group = (form.before, form.before_names, form.after, form.after_names)
    return (KINDS[held.kind].rank, held.become or "", held.grantee, held.kind, group, held.object, held.grantor)


def revoke_statements(held: Collection[Held], *, administrator: str) -> list[Statement]:
    """Return what takes some items back, in order; pure.

    ``administrator`` is the role to be again (``CURRENT_USER`` at the beginning) after having become another. An item
    that hangs on another one of these goes with that one (CASCADE), and has no statement of its own.
    """
    roots, holding = without_dependents(held)
    statements: list[Statement] = []
    current = ""
    for key, group in groupby(in_order(roots), key=lambda item: place(item)[:5]):
        become = str(key[1])
        if become != current:
            statements.append(_becoming(become or administrator))
            current = become
        statements += _statements_of(list(group), holding)
    return [*statements, _becoming(administrator)] if current else statements


def _becoming(role: str) -> Statement:
    return simple("SET LOCAL ROLE {}", role)


Given = Tuple[Tuple[str, str, str, str], str, str]


def without_dependents(held: Collection[Held]) -> tuple[list[Held], set[Given]]:
    """Return the items that do not hang on another, and what those that do hang on: (object, privilege, holder)."""
    sources = {(item.object, item.privilege, item.grantee) for item in held if item.is_grant_option}
    roots = [item for item in held if (item.object, item.privilege, item.grantor) not in sources]
    used = {(item.object, item.privilege, item.grantor) for item in held} & sources
    return roots, used


def _statements_of(items: Sequence[Held], holding: Collection[Given]) -> Iterator[Statement]:
    plain: list[Held] = []
    passed_on: list[Held] = []
    for item in items:
        (passed_on if (item.object, item.privilege, item.grantee) in holding else plain).append(item)
    for chosen, behaviour in ((plain, ""), (passed_on, " CASCADE")):
        for start in range(0, len(chosen), NAMES_IN_A_STATEMENT):
            yield _statement(chosen[start : start + NAMES_IN_A_STATEMENT], behaviour)


def _statement(items: Sequence[Held], behaviour: str) -> Statement:
    forms = [KINDS[item.kind].form(item) for item in items]
    first = forms[0]
    named = [name for form in forms for name in form.item_names]
    template = first.before + ", ".join(form.item for form in forms) + first.after + " FROM {}" + behaviour
    return Statement(template, (*first.before_names, *named, *first.after_names, (items[0].grantee,)))


def plain_statements(items: Collection[Held]) -> Iterator[Statement]:
    """Yield the same for items of one grantor, to be run by that one."""
    for _key, group in groupby(in_order(items), key=lambda item: place(item)[:5]):
        yield from _statements_of(list(group), ())
