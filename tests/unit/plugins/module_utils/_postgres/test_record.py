# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows as records, by the names of the columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Sequence

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.record import to_records

from tests.support.values.names import HOSTILE


@dataclass(frozen=True)
class Schema:
    name: str
    oid: int
    creators: tuple[str, ...] = ()
    note: str = field(default="", init=False)


class Relation(NamedTuple):
    schema: str
    relation: str


COLUMNS = ("oid", "creators", "name")


@pytest.mark.parametrize(
    ("columns", "rows", "record", "expected"),
    [
        pytest.param(COLUMNS, [], Schema, [], id="no row"),
        pytest.param(COLUMNS, [(7, ["a"], HOSTILE)], Schema, [Schema(HOSTILE, 7, ("a",))], id="in another order"),
        pytest.param(
            COLUMNS,
            [(7, None, "a"), (8, [], "b")],
            Schema,
            [Schema("a", 7, None), Schema("b", 8, ())],  # type: ignore[arg-type]
            id="NULL stays None",
        ),
        pytest.param(("relation", "schema"), [("t", HOSTILE)], Relation, [Relation(HOSTILE, "t")], id="a NamedTuple"),
    ],
)
def test_records(columns: Sequence[str], rows: list[Any], record: type[Any], expected: list[Any]) -> None:
    assert to_records(columns, rows, record) == expected


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        pytest.param(("oid", "name"), "missing creators, not a field none", id="a column is missing"),
        pytest.param((*COLUMNS, "owner"), "missing none, not a field owner", id="a column too much"),
        pytest.param(("oid", "creator", "name"), "missing creators, not a field creator", id="a misspelled column"),
        pytest.param((*COLUMNS, "oid"), "missing none, not a field none", id="a column twice"),
        pytest.param((*COLUMNS, "note"), "missing none, not a field note", id="a field that is no argument"),
    ],
)
@pytest.mark.parametrize("rows", [[], [()]], ids=["no row", "a row"])
def test_columns_that_are_not_the_fields(columns: Sequence[str], rows: list[Any], words: str) -> None:
    with pytest.raises(TypeError, match=words) as caught:
        to_records(columns, rows, Schema)
    assert "Schema" in str(caught.value)
