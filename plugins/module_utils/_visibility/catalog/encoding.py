# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which texts do not reach Metamapper in the encoding of its session, according to the server and Python."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

from ..._core.unquoted_names import QualifiedName
from ..._postgres.driver import ServerError
from . import metamapper_queries as queries
from .facts import QueryFailure, Undecodable
from .metamapper_connection import MetamapperConnection

MOST_EXAMPLES = 5
# The SQLSTATEs of text that an encoding cannot represent: character_not_in_repertoire, untranslatable_character.
NOT_IN_ENCODING = frozenset({"22021", "22P05"})
INSUFFICIENT_PRIVILEGE = "42501"


class EscapedName(NamedTuple):
    """A relation by names in ASCII."""

    oid: int
    schema: str
    relation: str


def undecodable_texts(connection: MetamapperConnection) -> Undecodable | None:
    """Return which texts of a scan do not arrive; None if all do, or if that cannot be told."""
    encodings = connection.session.connection.encodings
    if encodings == ("UTF8", "UTF8"):
        return None
    client, server = encodings
    try:
        connection.begin(is_own_path=True)
        suspects = [
            oid for (oid,) in connection.session.rows(queries.BEYOND_ASCII, {"needs_quotes": connection.needs_quotes})
        ]
    except ServerError as error:
        if error.sqlstate != INSUFFICIENT_PRIVILEGE:
            raise
        return None
    found, failure = _failing(connection, suspects)
    if failure is None:
        return None
    return Undecodable(
        relations=_escaped_names(connection, found),
        client_encoding=client,
        remedy_encoding="UTF8" if server != "SQL_ASCII" or _are_utf8(connection, suspects) else "LATIN1",
        failure=failure,
    )


def _failing(connection: MetamapperConnection, suspects: Sequence[int]) -> tuple[list[int], QueryFailure | None]:
    """Return the first of the relations whose texts do not arrive, and how it fails."""
    found: list[int] = []
    first: QueryFailure | None = None
    parts = [list(suspects)] if suspects else []
    while parts and len(found) < MOST_EXAMPLES:
        part = parts.pop()
        failure = _fails_on(connection, part)
        first = first or failure
        if failure and len(part) == 1:
            found += part
        elif failure:
            middle = len(part) // 2
            parts += [part[middle:], part[:middle]]
    return found, first


def _parameters(connection: MetamapperConnection, relations: Sequence[int]) -> Mapping[str, Any]:
    return {"relations": list(relations), "needs_quotes": connection.needs_quotes}


def _fails_on(connection: MetamapperConnection, relations: Sequence[int]) -> QueryFailure | None:
    connection.begin(is_own_path=True)
    try:
        connection.session.rows(queries.TEXTS, _parameters(connection, relations))
    except ServerError as error:
        if error.sqlstate not in NOT_IN_ENCODING:
            raise
        return QueryFailure(error.sqlstate, error.text)
    return None


def _are_utf8(connection: MetamapperConnection, relations: Sequence[int]) -> bool:
    """Return whether all texts of these relations would arrive in UTF-8."""
    connection.begin(is_own_path=True)
    try:
        connection.session.rows(queries.TEXTS_IN_UTF8, _parameters(connection, relations))
    except ServerError as error:
        if error.sqlstate not in NOT_IN_ENCODING:
            raise
        return False
    return True


def _escaped_names(connection: MetamapperConnection, relations: Sequence[int]) -> tuple[QualifiedName, ...]:
    connection.begin(is_own_path=True)
    rows = connection.session.records(queries.ESCAPED_NAMES, {"relations": list(relations)}, EscapedName)
    return tuple((row.schema, row.relation) for row in rows)
