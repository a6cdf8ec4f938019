# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Privileges on objects, and the few statements that grant them or revoke them. Pure.

A REVOKE by anybody but the grantor, or the owner for what the owner granted, is a silent no-op, even by a superuser. So
each item of an ACL names the role to assume before it is revoked.
https://www.postgresql.org/docs/current/sql-revoke.html#SQL-REVOKE-NOTES
"""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from typing import Any, Collection, Iterable, Iterator, NamedTuple, Sequence, Tuple

from ..._core.sql_statement import Statement, placeholders, simple
from ..catalog.facts import AclItem
from .object_kinds import DEFAULTS, OBJECT_KINDS, Form, Privileged

NAMES_PER_STATEMENT = 500


class Grant(NamedTuple):
    """A desired privilege of the group; the fields are those of AclItem. ``object_id`` is a relation's.

    ``grant_as`` is the role to assume for GRANT, empty for none. A tuple, as there is one for each relation: creating a
    frozen dataclass takes several times as long.
    """

    kind: str
    privilege: str
    schema: str
    name: str
    detail: str = ""
    object_id: int = 0
    grant_as: str = ""


def grant_statements(grants: Iterable[Grant], group: str) -> list[Statement]:
    """Return few statements that make the grants, as named lists: never SELECT without USAGE."""
    by_kind: dict[tuple[int, str, str], list[Grant]] = defaultdict(list)
    for grant in grants:
        by_kind[-OBJECT_KINDS[grant.kind].rank, grant.kind, grant.privilege].append(grant)
    return [statement for key in sorted(by_kind) for statement in _statements("GRANT", by_kind[key], " TO {}", group)]


def grant_statements_by_role(grants: Collection[Grant], group: str, *, administrator: str) -> list[Statement]:
    """Return what makes the grants, those that need no assumed role first; ``administrator`` as in revoking."""
    statements: list[Statement] = []
    for role, some in groupby(sorted(grants, key=lambda grant: grant.grant_as), key=lambda grant: grant.grant_as):
        statements += [*([_taking_on(role)] if role else []), *grant_statements(some, group)]
    has_taken_on = any(grant.grant_as for grant in grants)
    return [*statements, _taking_on(administrator)] if has_taken_on else statements


def revoke_statements(items: Collection[AclItem], *, administrator: str) -> list[Statement]:
    """Return what revokes some items, in order.

    ``administrator`` is the role to return to (``CURRENT_USER`` at the beginning) after another one was assumed. An
    item that depends on another one of these goes with that one (CASCADE), and has no statement of its own.
    """
    roots, sources = without_dependents(items)
    statements: list[Statement] = []
    current = ""
    for (_rank, role), group in groupby(sorted(roots, key=revoke_order), key=lambda item: revoke_order(item)[:2]):
        if role != current:
            statements.append(_taking_on(role or administrator))
            current = role
        statements += _revokes(list(group), sources)
    return [*statements, _taking_on(administrator)] if current else statements


def roles_revoked_as(items: Iterable[AclItem]) -> frozenset[str]:
    """Return the roles that are assumed to revoke some items."""
    return frozenset(item.revoke_as for item in items if item.revoke_as)


def plain_revokes(items: Iterable[AclItem]) -> Iterator[Statement]:
    """Yield the same for items of one grantor, to be run by the grantor."""
    yield from _revokes(sorted(items, key=revoke_order), ())


def revoke_order(item: AclItem) -> tuple[int, str, str, str, str, str, str, str, str]:
    """Return the position of an item in the order of revoking."""
    rank = OBJECT_KINDS[item.kind].rank
    role = item.revoke_as or ""
    return (rank, role, item.grantee, item.kind, item.privilege, item.schema, item.name, item.detail, item.grantor)


Source = Tuple[Tuple[str, str, str, str], str, str]


def without_dependents(items: Collection[AclItem]) -> tuple[list[AclItem], set[Source]]:
    """Return the items that do not depend on another, and what those that do depend on: (object, privilege, holder)."""
    options = {(item.object, item.privilege, item.grantee) for item in items if item.is_grant_option}
    if not options:
        return list(items), set()
    roots = [item for item in items if (item.object, item.privilege, item.grantor) not in options]
    used = {(item.object, item.privilege, item.grantor) for item in items} & options
    return roots, used


def _taking_on(role: str) -> Statement:
    return simple("SET LOCAL ROLE {}", role)


def _revokes(items: Sequence[AclItem], sources: Collection[Source]) -> Iterator[Statement]:
    alike: dict[tuple[str, str, str, bool, bool], list[AclItem]] = defaultdict(list)
    for item in items:
        cascades = (item.object, item.privilege, item.grantee) in sources
        alike[item.grantee, item.kind, item.privilege, item.keeps_privilege, cascades].append(item)
    for (grantee, _kind, _privilege, keeps, cascades), some in alike.items():
        action = "REVOKE GRANT OPTION FOR" if keeps else "REVOKE"
        yield from _statements(action, some, " FROM {}" + (" CASCADE" if cascades else ""), grantee)


def _statements(action: str, items: Sequence[Privileged], ending: str, grantee: str) -> Iterator[Statement]:
    """Yield what grants or revokes one privilege on objects of one kind."""
    if items[0].kind == "default":
        yield from _default_statements(action, items, ending, grantee)
        return
    parts: dict[tuple[Any, ...], list[Form]] = defaultdict(list)
    for item in items:
        form = OBJECT_KINDS[item.kind].form(action, item)
        parts[form.before, form.before_names, form.after, form.after_names].append(form)
    for (before, before_names, after, after_names), forms in parts.items():
        for some in _chunks(forms):
            template = before + ", ".join(form.item for form in some) + after + ending
            names = [name for form in some for name in form.item_names]
            yield Statement(template, (*before_names, *names, *after_names, (grantee,)))


def _default_statements(action: str, items: Iterable[Privileged], ending: str, grantee: str) -> Iterator[Statement]:
    # One statement makes the cross product of creators and schemas.
    # https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
    schemas: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for item in items:
        schemas[item.name, item.privilege, item.detail].append(item.schema)
    creators: dict[tuple[tuple[str, ...], str, str], list[str]] = defaultdict(list)
    for (creator, privilege, detail), its_schemas in schemas.items():
        creators[tuple(its_schemas), privilege, detail].append(creator)
    for (in_schemas, privilege, detail), who in creators.items():
        for some in _chunks(in_schemas):
            template = (
                f"ALTER DEFAULT PRIVILEGES FOR ROLE {placeholders(len(who))} IN SCHEMA {placeholders(len(some))} "
                f"{action} {privilege} ON {DEFAULTS[detail]}{ending}"
            )
            yield Statement(template, tuple((name,) for name in (*who, *some, grantee)))


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), NAMES_PER_STATEMENT):
        yield items[start : start + NAMES_PER_STATEMENT]
