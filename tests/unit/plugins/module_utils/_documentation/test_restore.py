# SPDX-License-Identifier: GPL-3.0-or-later
"""Which fields a restore writes, which it keeps, and which it cannot write."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.catalog import Entries, Entry
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.content import Text
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.restore import (
    Plan,
    Write,
    altered,
    plan_restore,
    still_missing,
    texts_before_and_after,
)

HOSTILE = "we\"ird.näme\\'; --"
PATH = ("sales", HOSTILE)


def planned(wanted: Text, current: Text | None, *, only_missing: bool) -> Plan:
    """Return the plan for one table; it is hidden in Metamapper if its current text is None."""
    entries: Entries = {} if current is None else {PATH: Entry("id", current)}
    return plan_restore({PATH: wanted}, entries, only_missing=only_missing)


def outcome(plan: Plan) -> tuple[dict[str, Any], list[str], list[str]]:
    """Return the fields that are written, then the names of those that cannot be written and of those that are kept."""
    fields = dict(plan.writes[0].fields) if plan.writes else {}
    return fields, [remark.field for remark in plan.not_written], [remark.field for remark in plan.kept]


A = Text("a", "r", ("t",))
CASES = {
    "the same": (A, A, {}, [], []),
    "in another order": (Text(tags=("a", "b")), Text(tags=("b", "a")), {}, [], []),
    "trimmed when it was stored": (Text(" a ", "r\n"), Text("a", "r"), {}, [], []),
    "escaped when it was stored": (Text(readme="a & b"), Text(readme="a &amp; b"), {}, [], []),
    "all missing": (A, Text(), {"short_desc": "a", "readme": "r", "tags": ["t"]}, [], []),
    "one missing, one other": (A, Text("b", "", ("t",)), {"readme": "r"}, [], ["short_desc"]),
    "the file has nothing of it": (Text("a"), Text("a", "r"), {}, [], []),
    "hidden": (A, None, {}, [""], []),
    "140": (Text("x" * 140 + " "), Text(), {"short_desc": "x" * 140 + " "}, [], []),
    "141": (Text("x" * 141, "r"), Text(), {"readme": "r"}, ["short_desc"], []),
    "10 tags": (Text(tags=tuple("abcdefghij")), Text(), {"tags": list("abcdefghij")}, [], []),
    "11 tags": (Text(tags=tuple("abcdefghijk")), Text(), {}, ["tags"], []),
    "a tag of 31": (Text(tags=("x" * 31,)), Text(), {}, ["tags"], []),
    "a tag of blanks": (Text(tags=(" ",)), Text(), {}, ["tags"], []),
}


@pytest.mark.parametrize(("wanted", "current", "fields", "not_written", "kept"), CASES.values(), ids=CASES)
def test_what_is_missing(
    wanted: Text, current: Text | None, fields: dict[str, Any], not_written: list[str], kept: list[str]
) -> None:
    assert outcome(planned(wanted, current, only_missing=True)) == (fields, not_written, kept)


def test_all_replaces_and_empties_nothing() -> None:
    plan = planned(Text("a", "", ("t",)), Text("b", "r"), only_missing=False)
    assert outcome(plan) == ({"short_desc": "a", "tags": ["t"]}, [], [])
    assert texts_before_and_after(plan) == ({PATH: Text("b")}, {PATH: Text("a", "", ("t",))})


def test_a_text_that_is_refused_and_differs_is_kept_or_not_written() -> None:
    long = Text("x" * 141)
    assert outcome(planned(long, Text("b"), only_missing=True)) == ({}, [], ["short_desc"])
    assert outcome(planned(long, Text("b"), only_missing=False)) == ({}, ["short_desc"], [])
    assert outcome(planned(long, long, only_missing=False)) == ({}, [], [])


def test_nothing_in_the_file() -> None:
    assert plan_restore({}, {PATH: Entry("id", A)}, only_missing=False) == Plan()


def test_what_is_still_missing_and_what_was_altered() -> None:
    write = Write(PATH, Entry("id", Text()), {"short_desc": "a", "tags": ["t"]})
    assert still_missing(write, Text("b")) == {"tags": ["t"]}
    assert altered(write, Text("a", "of somebody", ("t",))) == []
    assert [remark.field for remark in altered(write, Text("a", "", ("u",)))] == ["tags"]
