"""Which existing names a list of names and patterns means."""

from __future__ import annotations

import fnmatch

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.name_pattern import (
    Matched,
    is_system_schema,
    matching,
    never,
)
from hypothesis import given, strategies

from tests.support.values.names import HOSTILE, names

EXISTING = ("sales", "Sales", "tenant_1", "tenant_2", "tenant_test_1", "a.b", "a*", "[x]", HOSTILE)
POSTGRESQLS_OWN = ("information_schema", "pg_catalog", "pg_toast")


@pytest.mark.parametrize(
    ("entries", "excludes", "expected"),
    [
        pytest.param([], [], (), id="nothing"),
        pytest.param(["sales"], [], ("sales",), id="a name, and not its case twin"),
        pytest.param([HOSTILE], [], (HOSTILE,), id="the hostile name"),
        pytest.param(["we?ird*"], [], (HOSTILE,), id="the hostile name by a pattern"),
        pytest.param(["sales", "sales"], [], ("sales",), id="a name twice"),
        pytest.param(["tenant_?"], [], ("tenant_1", "tenant_2"), id="one character"),
        pytest.param(["tenant_[2-9]"], [], ("tenant_2",), id="a range"),
        pytest.param(["tenant_*"], ["tenant_test_*"], ("tenant_1", "tenant_2"), id="a pattern less a pattern"),
        pytest.param(["sales", "tenant_1"], ["sales"], ("tenant_1",), id="a name less a name"),
        pytest.param(["a*"], [], ("a*",), id="a pattern that is a name is the name"),
        pytest.param(["[x]"], [], ("[x]",), id="a class that is a name is the name"),
        pytest.param(["tenant_*"], ["a*"], ("tenant_1", "tenant_2", "tenant_test_1"), id="an exclude is a name, too"),
        pytest.param(["a.?"], [], ("a.b",), id="a dot is an ordinary character"),
        pytest.param(["a?b"], [], ("a.b",), id="a dot is matched like any other"),
        pytest.param(["*"], ["no_such"], tuple(sorted(EXISTING)), id="excludes may match nothing"),
        pytest.param(["*"], ["*"], (), id="everything excluded"),
        pytest.param(["sale"], [], (), id="a name matches whole names only"),
        pytest.param(["SALES"], [], (), id="the case matters"),
    ],
)
def test_names_meant(entries: list[str], excludes: list[str], expected: tuple[str, ...]) -> None:
    assert matching(entries, [*EXISTING, *POSTGRESQLS_OWN], excludes=excludes).names == expected


@pytest.mark.parametrize(
    ("entries", "excludes", "expected"),
    [
        pytest.param(["sales", "tenant_*"], [], (), id="all contribute"),
        pytest.param(["slaes", "sales"], [], ("slaes",), id="a name that does not exist"),
        pytest.param(["tennant_*"], [], ("tennant_*",), id="a pattern without a match"),
        pytest.param([HOSTILE + "x"], [], (HOSTILE + "x",), id="a hostile name that does not exist"),
        pytest.param(["sales"], ["sales"], ("sales",), id="a name that is excluded"),
        pytest.param(["information_schem?"], [], ("information_schem?",), id="a pattern never means PostgreSQL's own"),
    ],
)
def test_entries_that_contribute_nothing(entries: list[str], excludes: list[str], expected: tuple[str, ...]) -> None:
    assert matching(entries, [*EXISTING, *POSTGRESQLS_OWN], excludes=excludes).unmatched == expected


@pytest.mark.parametrize("entry", ["pg_catalog", "pg_*", "pg_no_such", "information_schema"])
def test_postgresqls_own_schemas_are_refused(entry: str) -> None:
    assert matching([entry], POSTGRESQLS_OWN) == Matched(refused=(entry,))


def test_no_database_is_reserved() -> None:
    assert matching(["pg_data"], ["pg_data"], is_reserved=never).names == ("pg_data",)


@given(strategies.lists(names(), max_size=6), strategies.lists(names() | strategies.just("*"), max_size=4))
def test_every_entry_is_accounted_for_and_no_name_is_invented(existing: list[str], entries: list[str]) -> None:
    matched = matching(entries, existing)
    meant = {
        name
        for entry in entries
        for name in existing
        if not is_system_schema(name)
        and (name == entry or (entry not in existing and fnmatch.fnmatchcase(name, entry)))
    }
    assert set(matched.names) == meant


@given(names())
def test_a_name_means_itself_whatever_it_looks_like(name: str) -> None:
    assert matching([name], [name, "other"], is_reserved=never) == Matched(names=(name,))
