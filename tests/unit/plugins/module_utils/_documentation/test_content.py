# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation that people wrote: how it is read, counted and compared."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.content import (
    Documentation,
    Text,
    as_place,
    count_by_kind,
    differing,
    documented_tables,
    losses,
    text_of,
    written,
)

HOSTILE = "we\"ird.näme\\'; --"
ORDERS = ("sales", "orders")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param({}, Text(), id="a schema without tags"),
        pytest.param({"short_desc": None, "readme": None, "tags": None}, Text(), id="nulls"),
        pytest.param({"short_desc": HOSTILE, "tags": ["b", "a"]}, Text(HOSTILE, "", ("a", "b")), id="tags are sorted"),
    ],
)
def test_text_of(item: dict[str, object], expected: Text) -> None:
    assert text_of(item) == expected


def test_what_is_empty_is_not_in_the_dictionary() -> None:
    assert (Text().as_dict(), bool(Text())) == ({}, False)
    assert Text("a", "", ("t",)).as_dict() == {"short_desc": "a", "tags": ["t"]}


def test_written_and_counts() -> None:
    texts = {("sales",): Text(tags=("x",)), ORDERS: Text(), (*ORDERS, HOSTILE): Text("a")}
    assert written(texts) == {("sales",): Text(tags=("x",)), (*ORDERS, HOSTILE): Text("a")}
    assert count_by_kind(texts) == {"schemas": 1, "tables": 1, "columns": 1}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(("sales",), {"schema": "sales", "table": "", "column": ""}, id="schema"),
        pytest.param((HOSTILE, "a", "b"), {"schema": HOSTILE, "table": "a", "column": "b"}, id="column"),
    ],
)
def test_as_place(path: tuple[str, ...], expected: dict[str, str]) -> None:
    assert as_place(path) == expected


def test_differing() -> None:
    before: Documentation = {ORDERS: Text("a"), ("same",): Text("b"), ("old",): Text("c")}
    after: Documentation = {ORDERS: Text("d"), ("same",): Text("b")}
    assert differing(before, after) == ({ORDERS: Text("a"), ("old",): Text("c")}, {ORDERS: Text("d")})
    assert differing({}, {}) == ({}, {})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(Text("a"), Text("a"), [], id="the same"),
        pytest.param(Text("a"), Text("a", "new"), [], id="more"),
        pytest.param(Text(), Text("a"), [], id="there was none"),
        pytest.param(Text("a", "r"), Text("a"), [ORDERS], id="one is gone"),
        pytest.param(Text(tags=("a",)), Text(tags=("b",)), [ORDERS], id="replaced"),
        pytest.param(Text("a"), None, [ORDERS], id="all gone"),
    ],
)
def test_losses(before: Text, after: Text | None, expected: list[tuple[str, ...]]) -> None:
    assert losses({ORDERS: before}, {} if after is None else {ORDERS: after}) == expected


def test_documented_tables() -> None:
    texts: Documentation = {("sales",): Text(tags=("x",)), ORDERS: Text("b"), (*ORDERS, "id"): Text("a")}
    texts["hr", "t"] = Text("c")
    assert documented_tables(texts) == {"hr": ["t"], "sales": ["orders"]}
    assert documented_tables({}) == {}
