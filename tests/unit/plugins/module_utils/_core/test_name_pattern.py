# SPDX-License-Identifier: GPL-3.0-or-later
"""Which existing names a name or a pattern matches."""

from __future__ import annotations

import fnmatch

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.name_pattern import (
    is_pattern,
    is_system_schema,
    matching,
)
from hypothesis import given, strategies

from tests.support.values.names import HOSTILE, names

EXISTING = frozenset({"sales", "Sales", "tenant_1", "tenant_2", "tenant_test_1", "a.b", "a*", "[x]", HOSTILE})


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param("sales", {"sales"}, id="a name, and not its case twin"),
        pytest.param(HOSTILE, {HOSTILE}, id="the hostile name"),
        pytest.param("we?ird*", {HOSTILE}, id="the hostile name by a pattern"),
        pytest.param("tenant_?", {"tenant_1", "tenant_2"}, id="one character"),
        pytest.param("tenant_[2-9]", {"tenant_2"}, id="a range"),
        pytest.param("a*", {"a*"}, id="a pattern that is a name is the name"),
        pytest.param("[x]", {"[x]"}, id="a class that is a name is the name"),
        pytest.param("a.?", {"a.b"}, id="a dot is an ordinary character"),
        pytest.param("a?b", {"a.b"}, id="a dot is matched like any other"),
        pytest.param("*", EXISTING, id="all"),
        pytest.param("sale", set(), id="a name matches whole names only"),
        pytest.param("SALES", set(), id="the case matters"),
        pytest.param("tennant_*", set(), id="a pattern without a match"),
    ],
)
def test_names_meant(entry: str, expected: set[str]) -> None:
    assert matching(entry, EXISTING) == expected


@pytest.mark.parametrize(
    ("entry", "expected"), [("a", False), (HOSTILE, False), ("a*", True), ("?", True), ("[a", True), ("a]", False)]
)
def test_what_may_be_a_pattern(entry: str, expected: bool) -> None:
    assert is_pattern(entry) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("pg_catalog", True), ("pg_", True), ("information_schema", True), ("PG_x", False), ("pgx", False)],
)
def test_postgresqls_own_schemas(name: str, expected: bool) -> None:
    assert is_system_schema(name) is expected


@given(strategies.sets(names(), max_size=6), names() | strategies.sampled_from(["*", "?", "[a-z]*"]))
def test_an_entry_is_a_name_or_a_pattern_and_never_both(existing: set[str], entry: str) -> None:
    by_pattern = {name for name in existing if fnmatch.fnmatchcase(name, entry)}
    assert matching(entry, existing) == ({entry} if entry in existing else by_pattern)
