# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Rows of a query as dataclasses or NamedTuples, by the names of the columns."""

from __future__ import annotations

import dataclasses
from operator import itemgetter
from typing import Any, Callable, Iterable, Iterator, Sequence, TypeVar

Record = TypeVar("Record")


def to_records(columns: Sequence[str], rows: Iterable[Sequence[Any]], record: type[Record]) -> list[Record]:
    """Return a record for each row; an array of the server's becomes a tuple.

    Raises TypeError, whether there are rows or not, where the columns are not the fields of the record, each once.
    """
    fields = _fields(record)
    missing, extra = sorted(set(fields) - set(columns)), sorted(set(columns) - set(fields))
    if missing or extra or len(columns) != len(fields):
        raise TypeError(
            f"A query for {record.__name__} returns the columns {', '.join(columns)}: missing {_named(missing)}, "
            f"not a field {_named(extra)}."
        )
    return list(map(record, *_in_order(columns, list(rows), fields)))


def _fields(record: type[Any]) -> tuple[str, ...]:
    if dataclasses.is_dataclass(record):
        return tuple(field.name for field in dataclasses.fields(record) if field.init)
    return tuple(record._fields)


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _in_order(columns: Sequence[str], rows: list[Sequence[Any]], fields: Sequence[str]) -> Iterator[Iterable[Any]]:
    """Yield the values of each field."""
    for field in fields:
        value: Callable[[Sequence[Any]], Any] = itemgetter(columns.index(field))
        values = [value(row) for row in rows]
        is_array = list in set(map(type, values))
        yield [tuple(one) if isinstance(one, list) else one for one in values] if is_array else values
