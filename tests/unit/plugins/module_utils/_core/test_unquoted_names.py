# SPDX-License-Identifier: GPL-3.0-or-later
"""How PostgreSQL parses names without quotes."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.unquoted_names import (
    Effect,
    UnquotedNameParser,
    safe_name,
)

OLD = UnquotedNameParser(version=150018, database="wh")
NEW = UnquotedNameParser(version=170010, database="wh")
SCHEMAS = {"good": True, "sales": True, "Sales": True, "nous": False, "a": True, "Nous": True, "123": True, "-": True}
RELATIONS = {("good", "mixed"), ("sales", "t"), ("a", "b")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("good.t", ("good", "t"), id="plain"),
        pytest.param("Good.T", ("good", "t"), id="folded"),
        pytest.param("été.ÉTÉ", ("été", "ÉtÉ"), id="only ASCII is folded"),
        pytest.param('"Good"."T"', ("Good", "T"), id="quoted"),
        pytest.param('"a""b".c', ('a"b', "c"), id="a quote in quotes"),
        pytest.param('a"b.c', ('a"b', "c"), id="a quote inside a word"),
        pytest.param(" a . b ", ("a", "b"), id="blanks around words"),
        pytest.param("a b.c", None, id="a blank inside a word"),
        pytest.param("a.", None, id="nothing after the dot"),
        pytest.param(".a", None, id="nothing before the dot"),
        pytest.param('"a.b', None, id="a quote that stays open"),
        pytest.param('"a"b.c', None, id="text after a quoted word"),
        pytest.param("a.b.c", ("a", "b", "c"), id="three words"),
        pytest.param("", None, id="empty"),
    ],
)
def test_words(text: str, words: tuple[str, ...] | None) -> None:
    assert NEW.words(text) == words


@pytest.mark.parametrize(("version", "words"), [(150018, ("a\vb",)), (160014, ("a\vb",)), (170010, None)])
def test_a_vertical_tab_is_a_blank_from_17_on(version: int, words: tuple[str, ...] | None) -> None:
    assert UnquotedNameParser(version, "wh").words("a\vb") == words


@pytest.mark.parametrize(
    ("schema", "effect"),
    [
        ("good", "fine"),
        ("order", "fails"),
        ("Sales", "wrong id"),
        ("Gone", "fails"),
        ("a b", "fails"),
        ("a.b", "fails"),
        ('"x', "fails"),
        ('"good"', "wrong id"),
        (" good", "wrong id"),
        ("123", "wrong id"),
        ("-", "wrong id"),
    ],
)
def test_the_effect_of_the_name_of_a_schema(schema: str, effect: Effect) -> None:
    assert NEW.schema_effect(schema, SCHEMAS.keys()) == effect


@pytest.mark.parametrize(
    ("schema", "relation", "old", "new"),
    [
        pytest.param("good", "t", "fine", "fine", id="plain"),
        pytest.param("good", "a-b", "fine", "fine", id="dash"),
        pytest.param("good", "Other", "no id", "no id", id="mixed case"),
        pytest.param("good", "Mixed", "wrong id", "wrong id", id="mixed case with a twin"),
        pytest.param("good", "mixed ", "wrong id", "wrong id", id="trailing blank with a twin"),
        pytest.param("good", "a b", "fails", "no id", id="blank"),
        pytest.param("good", '"x', "fails", "no id", id="leading quote"),
        pytest.param("good", "a.", "fails", "no id", id="trailing dot"),
        pytest.param("good", "a.b", "fails", "fails", id="dot"),
        pytest.param("good", "a.b.c", "fails", "fails", id="two dots"),
        pytest.param("wh", "a.b", "wrong id", "wrong id", id="dot, in a schema named like the database"),
        pytest.param("wh", "nous.b", "fails", "fails", id="the same, and the other schema is closed"),
        pytest.param("nous", "t", "fails", "fails", id="no USAGE"),
        pytest.param("Nous", "t", "fails", "fails", id="no USAGE on the twin of the schema"),
        pytest.param("123", "t", "fine", "fine", id="digits are a word here"),
        pytest.param("-", "t", "fine", "fine", id="so is a dash"),
    ],
)
def test_the_effect_of_the_name_of_a_relation(schema: str, relation: str, old: Effect, new: Effect) -> None:
    found = [reader.relation_effect(schema, relation, SCHEMAS, RELATIONS) for reader in (OLD, NEW)]
    assert found == [old, new]


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("Sales Dept", set(), "sales_dept"),
        ("Sales", {"sales"}, "sales_2"),
        ("Sales", {"sales", "sales_2"}, "sales_3"),
        ("123", set(), "_123"),
        ("-", set(), "renamed"),
        ("we\"ird.näme'; --", set(), "we_ird_n_me"),
    ],
)
def test_a_safe_name(name: str, taken: set[str], expected: str) -> None:
    assert safe_name(name, taken) == expected


@pytest.mark.parametrize(
    ("relation", "expected"),
    [("orders", False), ("Orders", True), ("a.b", True), ("a b", True), ('"x', True), ('a"b', False), ("42", False)],
)
def test_the_names_of_relations_that_do_not_come_back(relation: str, expected: bool) -> None:
    assert NEW.is_unquotable_relation(relation) is expected


@pytest.mark.parametrize(
    ("reader", "effect", "expected"),
    [
        (NEW, "fine", False),
        (NEW, "fails", True),
        (NEW, "wrong id", True),
        (NEW, "no id", False),
        (OLD, "no id", True),
        (OLD, "fine", False),
    ],
)
def test_what_breaks_a_scan(reader: UnquotedNameParser, effect: Effect, expected: bool) -> None:
    assert reader.breaks_scan(effect) is expected
