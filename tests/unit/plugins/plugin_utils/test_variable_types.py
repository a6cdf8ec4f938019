# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values are of the documented type, and the messages about the others."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._variable_types import is_unset, typed

HOSTILE = "we\"ird.näme\\'; --"
NAMES = {"type": "list", "elements": "str"}
ENTRY = {
    "type": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "schemas": {**NAMES, "required": True},
        "allow_empty": {"type": "bool", "default": False},
    },
}
ENTRIES = {**ENTRY, "type": "list", "elements": "dict"}
CHOICES = {"type": "str", "choices": ["yes", "accept-new"], "default": "yes"}
UNSET: list[Any] = ["", {}, []]
TRUE: list[Any] = [True, "True", "yes", "on", 1]
FALSE: list[Any] = [False, "no", "off", "0", 0]
ASPECTS = {**NAMES, "choices": ["missing", "lost", "breaks_scan"]}


class Vaulted:
    """A vaulted string as ansible-core before 2.19 passes it to filters: a sequence, but not a str."""

    __ENCRYPTED__ = True

    def __str__(self) -> str:
        return HOSTILE

    def __len__(self) -> int:
        return len(HOSTILE)

    def __getitem__(self, index: int) -> str:
        return HOSTILE[index]


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        pytest.param({"type": "str"}, HOSTILE, HOSTILE, id="text"),
        pytest.param({"type": "str"}, "0123", "0123", id="text of digits"),
        pytest.param({"type": "str"}, " blank ", " blank ", id="text with blanks"),
        pytest.param({}, "x", "x", id="text where no type is said"),
        pytest.param({"type": "str"}, Vaulted(), HOSTILE, id="vaulted text"),
        pytest.param({"type": "str", "default": ""}, None, "", id="null where the default is empty"),
        pytest.param({"type": "path"}, "~/.ssh/id", "~/.ssh/id", id="path, for the machine that uses it"),
        pytest.param(CHOICES, "accept-new", "accept-new", id="choice"),
        pytest.param(CHOICES, True, "yes", id="choice that YAML takes for a boolean"),
        pytest.param({"type": "int"}, 5432, 5432, id="number"),
        pytest.param({"type": "int"}, "5432", 5432, id="number as text"),
        pytest.param({"type": "int"}, " 5432\n", 5432, id="number as text of a template"),
        pytest.param({"type": "int"}, 0, 0, id="zero"),
        *[pytest.param({"type": "bool"}, value, True, id=f"true: {value}") for value in TRUE],
        *[pytest.param({"type": "bool"}, value, False, id=f"false: {value}") for value in FALSE],
        pytest.param(NAMES, [HOSTILE, "b"], [HOSTILE, "b"], id="list"),
        pytest.param(NAMES, ("a", "b"), ["a", "b"], id="tuple"),
        pytest.param(NAMES, [], [], id="empty list"),
        pytest.param(NAMES, "old", ["old"], id="a text is one name"),
        pytest.param(NAMES, "a,b", ["a,b"], id="a text with a comma is one name"),
        pytest.param(NAMES, "[ab]*", ["[ab]*"], id="a pattern is one name"),
        pytest.param(NAMES, "[ab]", ["[ab]"], id="a pattern in brackets is one name"),
        pytest.param(NAMES, Vaulted(), [HOSTILE], id="a vaulted text is one name"),
        pytest.param(NAMES, "", [], id="an empty text is an empty list"),
        pytest.param({**NAMES, "default": []}, None, [], id="null is an empty list where that is the default"),
        pytest.param(ASPECTS, "lost", ["lost"], id="one choice"),
        pytest.param(
            ENTRIES,
            [{"name": "w", "schemas": "sales", "allow_empty": "yes"}],
            [{"name": "w", "schemas": ["sales"], "allow_empty": True}],
            id="keys have types too",
        ),
        pytest.param(
            ENTRIES,
            [{"name": "w", "schemas": ["s"], "allow_empty": None}],
            [{"name": "w", "schemas": ["s"]}],
            id="a key that is null has its default",
        ),
        *[pytest.param(ENTRY, value, {}, id=f"mapping not set: {value!r}") for value in UNSET],
    ],
)
def test_a_value_in_its_type(option: dict[str, Any], value: Any, expected: Any) -> None:
    problems: list[str] = []
    assert (typed("metamapper_x", value, option, problems), problems) == (expected, [])


QUOTES = "Write it in quotes:"


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        pytest.param({"type": "str"}, 0o123, f"metamapper_x is a number, {QUOTES}", id="digits"),
        pytest.param({"type": "str"}, 1.10, f"metamapper_x is a number, {QUOTES}", id="digits with a dot"),
        pytest.param({"type": "str"}, True, f"metamapper_x is a boolean, {QUOTES}", id="yes"),
        pytest.param({"type": "str"}, datetime.date(2026, 1, 31), f"metamapper_x is a date, {QUOTES}", id="date"),
        pytest.param(
            {"type": "str"}, datetime.datetime(2026, 1, 31), f"metamapper_x is a date, {QUOTES}", id="date and time"
        ),
        pytest.param({"type": "str"}, ["x"], "metamapper_x is a list", id="list for text"),
        pytest.param({"type": "str"}, {"a": 1}, "metamapper_x is a mapping", id="mapping for text"),
        pytest.param({"type": "str"}, b"x", "metamapper_x is binary data", id="bytes"),
        pytest.param(NAMES, b"x", "metamapper_x is binary data, and not a list", id="bytes for a list"),
        pytest.param({"type": "str", "default": "u"}, None, "metamapper_x is empty.", id="null for a name"),
        pytest.param(CHOICES, "accept-nwe", "metamapper_x is none of Did you mean accept-new?", id="near a choice"),
        pytest.param(CHOICES, False, "metamapper_x is none of yes, accept-new.", id="no choice of the kind"),
        pytest.param({"type": "bool"}, "maybe", "metamapper_x is text, and neither true nor false.", id="maybe"),
        pytest.param({"type": "int"}, "many", "metamapper_x is text, and not a whole number.", id="words for a number"),
        pytest.param({"type": "int"}, 1.5, "metamapper_x is a number, and not a whole number.", id="half a number"),
        pytest.param({"type": "int"}, True, "metamapper_x is a boolean, and not a whole number.", id="boolean number"),
        pytest.param({"type": "int"}, -1, "metamapper_x is less than 0.", id="negative number"),
        pytest.param(
            NAMES, {"name": "old"}, "metamapper_x is a mapping, and not a list. [first, second]", id="mapping"
        ),
        pytest.param(NAMES, [{"name": "old"}], "metamapper_x[0] is a mapping", id="mapping for a name"),
        pytest.param(NAMES, ["a", None], "metamapper_x[1] is empty.", id="null for a name in a list"),
        pytest.param(NAMES, ["a", ""], "metamapper_x[1] is empty.", id="empty name in a list"),
        pytest.param(NAMES, ["a", 1], f"metamapper_x[1] is a number, {QUOTES}", id="number for a name in a list"),
        pytest.param(NAMES, '["old"]', "metamapper_x is text, and not a list. JSON", id="JSON on the command line"),
        pytest.param(ASPECTS, ["beauty"], "metamapper_x[0] is none of missing, lost, breaks_scan.", id="no choice"),
        pytest.param(
            ENTRIES, "warehouse", "metamapper_x is text, and not a list. [{name: ..., schemas: ...}]", id="text"
        ),
        pytest.param(
            ENTRIES, {"name": "w", "schemas": ["s"]}, "metamapper_x is a mapping, and not a list.", id="entry"
        ),
        pytest.param(ENTRIES, ["warehouse"], "metamapper_x[0] is text, and not a mapping", id="names for mappings"),
        pytest.param(ENTRIES, [{"name": "w"}], "metamapper_x[0].schemas is required.", id="missing key"),
        pytest.param(
            ENTRIES,
            [{"name": "w", "schemas": ["s"], "schema": 1}],
            "metamapper_x[0] has no key schema. Did you mean schemas?",
            id="unknown key",
        ),
        pytest.param(
            ENTRIES, [{"name": "w", "schemas": [1]}], f"metamapper_x[0].schemas[0] is a number, {QUOTES}", id="nested"
        ),
    ],
)
def test_what_is_said_about_another_value(option: dict[str, Any], value: Any, expected: str) -> None:
    """The message contains each word of the expected text, in this order."""
    problems: list[str] = []
    typed("metamapper_x", value, option, problems)
    (problem,) = problems
    rest = problem
    for word in expected.split():
        assert word in rest, problem
        rest = rest[rest.index(word) + len(word) :]


@pytest.mark.parametrize(
    ("place", "value", "is_wrong"),
    [
        ("metamapper_login_port", 0, True),
        ("metamapper_login_port", 65535, False),
        ("metamapper_login_port", "65536", True),
        ("metamapper_bastion.port", 70000, True),
        ("metamapper_connection_limit", -1, False),
        ("metamapper_connection_limit", -2, True),
        ("metamapper_wait_seconds", 0, False),
    ],
)
def test_ranges_of_numbers(place: str, value: Any, is_wrong: bool) -> None:
    problems: list[str] = []
    typed(place, value, {"type": "int"}, problems)
    assert bool(problems) is is_wrong


def test_a_text_stays_the_same_object() -> None:
    """The class of a string may mark it as one that must not be templated."""

    class Unsafe(str):
        __slots__ = ()

    text = Unsafe("{{ 7 * 7 }}")
    assert typed("metamapper_x", text, {"type": "str"}, []) is text


@pytest.mark.parametrize(
    ("value", "expected"), [(None, True), ("", True), ([], True), ({}, True), (0, False), (" ", False)]
)
def test_is_unset(value: Any, expected: bool) -> None:
    assert is_unset(value) is expected
