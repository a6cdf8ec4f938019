# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Why something that roles hold cannot be taken back, and the statement that mends it. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import Callable, Collection, Iterator, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.acl_item import (
    Held,
    place,
    plain_statements,
    without_dependents,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import quoted, remedy

NAMES_IN_A_MESSAGE = 3


def held_problems(
    held: Collection[Held], *, roles: Collection[str], database: str, administrator: str
) -> list[Problem]:
    """Return why some items cannot be taken back, each with the statement that a superuser has to run; pure.

    ``roles`` are those that the items are taken from. What one of these has passed on to others is never taken.
    """
    others = [item for item in held if item.grantee not in roles]
    roots, _holding = without_dependents([item for item in held if item.grantee in roles])
    unreachable = [item for item in roots if not item.is_reachable and item.become is not None]
    beyond = [item for item in roots if item.become is None]
    return [
        *_passed_on(others, database),
        *_out_of_reach(beyond, database, administrator),
        *_orphans([item for item in unreachable if not item.schema], database),
        *_hidden([item for item in unreachable if item.schema], database, administrator),
    ]


def _shown(items: Sequence[Held]) -> str:
    more = len(items) - NAMES_IN_A_MESSAGE
    return ", ".join(map(str, items[:NAMES_IN_A_MESSAGE])) + (f" and {more} more" if more > 0 else "")


def _script(items: Sequence[Held], grantor: str) -> str:
    statements = [remedy("SET ROLE {}", grantor), *(f"{statement};" for statement in plain_statements(items))]
    return " ".join([*statements, "RESET ROLE;"])


def _by(items: Sequence[Held], key: Callable[[Held], str]) -> Iterator[tuple[str, list[Held]]]:
    for value, group in groupby(sorted(items, key=lambda item: (key(item), place(item))), key=key):
        yield value, list(group)


def _out_of_reach(items: Sequence[Held], database: str, administrator: str) -> Iterator[Problem]:
    for grantor, group in _by(items, lambda item: item.grantor):
        message = (
            f"{_shown(group)} in database {quoted(database)} was granted by {quoted(grantor)}, and nobody else can "
            f"take it back; role {quoted(administrator)} cannot become {quoted(grantor)}."
        )
        script = _script(group, grantor)
        yield Problem(message, f"Have a superuser run there: {script}", database=database, statement=script)


def _passed_on(items: Sequence[Held], database: str) -> Iterator[Problem]:
    for grantor, group in _by(items, lambda item: item.grantor):
        whom = ", ".join(sorted({quoted(item.grantee) for item in group}))
        message = (
            f"The role {quoted(grantor)} has passed on to {whom}, in database {quoted(database)}: {_shown(group)}."
        )
        script = _script(group, grantor)
        advice = f"Grant it to them by another role if they need it, and have a superuser run there: {script}"
        yield Problem(message, advice, database=database, object=grantor, statement=script)


def _hidden(items: Sequence[Held], database: str, administrator: str) -> Iterator[Problem]:
    for schema, group in _by(items, lambda item: item.schema):
        for actor, hidden in _by(group, lambda item: item.become or administrator):
            message = (
                f"Cannot take back {_shown(hidden)} in database {quoted(database)}: role {quoted(actor)} has no USAGE "
                f"on schema {quoted(schema)}, and so cannot name what is in it."
            )
            mend = remedy("GRANT USAGE ON SCHEMA {} TO {}", schema, actor)
            yield Problem(
                message, f"Have its owner run there: {mend}", database=database, object=schema, statement=mend
            )


def _orphans(items: Sequence[Held], database: str) -> Iterator[Problem]:
    for grantee, group in _by(items, lambda item: item.grantee):
        message = (
            f"Default privileges of {', '.join(sorted({quoted(item.name) for item in group}))} for {quoted(grantee)} "
            f"in database {quoted(database)} have outlived their schema; REVOKE cannot name them."
        )
        mend = remedy("DROP OWNED BY {}", grantee)
        advice = f"Have a superuser run there, if {quoted(grantee)} owns nothing there: {mend}"
        yield Problem(message, advice, database=database, object=grantee, statement=mend)
