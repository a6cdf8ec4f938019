# SPDX-License-Identifier: GPL-3.0-or-later
"""The entries of the option databases, and the problems in them that are found without a server."""

from __future__ import annotations

from typing import Any, Mapping

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.entry import (
    DatabaseEntry,
    entries_from_option,
    entry_problems,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.options import DATABASE_ARGUMENTS

from tests.support.values.names import HOSTILE, entry_options

TOO_LONG = "ä" * 32


def wrong(*entries: Mapping[str, Any]) -> list[str]:
    """Return the messages about some entries; empty where nothing is wrong."""
    return [problem.message for problem in entry_problems(entries_from_option(entries))]


def wrong_entry(**changes: Any) -> list[str]:
    """Return the messages about the options of one database."""
    return wrong(entry_options(**changes))


def test_everything_is_taken_over() -> None:
    given = entry_options(
        name=HOSTILE,
        schemas=["a", HOSTILE, "a"],
        exclude_schemas=["a*"],
        metadata_schemas=["b", "b"],
        creators=["x"],
        allow_empty=True,
        accept_breaks_scan=True,
    )
    expected = DatabaseEntry(HOSTILE, ("a", HOSTILE), ("a*",), ("x",), True, ("b",), True)
    assert entries_from_option([given]) == (expected,)
    assert set(given) == set(DATABASE_ARGUMENTS)


@pytest.mark.parametrize(
    ("creators", "expected"),
    [
        pytest.param(["auto"], None, id="auto"),
        pytest.param(["auto", "auto"], None, id="auto twice"),
        pytest.param([], (), id="nobody"),
        pytest.param([HOSTILE, "b", HOSTILE], (HOSTILE, "b"), id="names, each once"),
    ],
)
def test_creators(creators: list[str], expected: tuple[str, ...] | None) -> None:
    assert entries_from_option([entry_options(creators=creators)])[0].creators == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"name": ""}, "The name of a database is empty.", id="empty name"),
        pytest.param({"name": TOO_LONG}, "64 bytes", id="64 bytes"),
        pytest.param({"schemas": []}, 'No schema is listed for database "warehouse".', id="no schema"),
        pytest.param({"schemas": ["a", ""]}, "The name of a schema is empty.", id="empty schema"),
        pytest.param({"schemas": [HOSTILE * 5]}, "85 bytes", id="a hostile schema that is too long"),
        pytest.param({"creators": ["auto", "x"]}, 'mix "auto" with names', id="auto and a name"),
        pytest.param({"creators": [""]}, "The name of a creator is empty.", id="empty creator"),
        pytest.param({"creators": ["pg_database_owner"]}, "stands for the owner", id="a creator that creates nothing"),
    ],
)
def test_what_is_wrong_with_a_database(changes: Mapping[str, Any], expected: str) -> None:
    assert [expected in message for message in wrong_entry(**changes)] == [True]


@pytest.mark.parametrize("key", ["name", "schemas"])
def test_a_pattern_may_be_longer_than_a_name(key: str) -> None:
    pattern = "tenant_" + "[0-9]" * 12
    assert wrong_entry(**{key: pattern if key == "name" else [pattern]}) == []


@pytest.mark.parametrize("schema", ["pg_catalog", "pg_*", "pg_no_such", "information_schema"])
@pytest.mark.parametrize("key", ["schemas", "metadata_schemas"])
def test_postgresqls_own_schemas_are_refused(schema: str, key: str) -> None:
    assert wrong_entry(**{"schemas": ["a"], key: [schema], "allow_empty": True}) == [
        f'The schema "{schema}" listed for database "warehouse" is PostgreSQL\'s own.'
    ]


def test_postgresqls_own_schemas_may_be_excluded() -> None:
    assert wrong_entry(exclude_schemas=["pg_*", "information_schema"]) == []


def test_no_schema_may_be_listed_where_nothing_may_match() -> None:
    assert wrong_entry(schemas=[], allow_empty=True) == []


def test_no_database_is_reserved() -> None:
    assert wrong_entry(name="pg_data") == []


def test_a_database_that_is_listed_twice_and_no_database() -> None:
    assert wrong(entry_options(name=HOSTILE), entry_options(name="a"), entry_options(name=HOSTILE)) == [
        'The database "we""ird.näme\'; --" is listed more than once.'
    ]
    assert wrong() == ["No database is listed."]
