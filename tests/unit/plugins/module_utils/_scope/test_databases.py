# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the existing databases the options select."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import ListedDatabase
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.databases import (
    PROVIDERS_OWN,
    entry_obstacles,
    has_pattern,
    named,
    resolve,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.entry import DatabaseEntry
from hypothesis import assume, given, strategies

from tests.support.values.names import HOSTILE, a_listed_database, an_entry, names

DATABASES = (
    a_listed_database("warehouse"),
    a_listed_database("Warehouse"),
    a_listed_database(HOSTILE),
    a_listed_database("tenant_1"),
    a_listed_database("tenant_2"),
    a_listed_database("pg_data"),
    a_listed_database("template1", is_template=True),
    a_listed_database("template0", is_template=True, allows_connections=False),
    a_listed_database("closed", allows_connections=False),
    a_listed_database("foreign", can_connect=False),
    *(a_listed_database(name) for name in sorted(PROVIDERS_OWN)),
)


def problems_of(*entries: DatabaseEntry) -> tuple[Problem, ...]:
    """Return the problems of some entries on a server with all kinds of databases."""
    targets = resolve(entries, DATABASES, "admin")
    return (*entry_obstacles(targets, DATABASES, "admin"), *targets.problems)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([], (), id="no entry"),
        pytest.param(["warehouse"], ("warehouse",), id="a name, and not its case twin"),
        pytest.param([HOSTILE], (HOSTILE,), id="a hostile name"),
        pytest.param(["*'; --"], (HOSTILE,), id="a hostile name by a pattern"),
        pytest.param(["tenant_?"], ("tenant_1", "tenant_2"), id="a pattern"),
        pytest.param(
            ["*"],
            ("Warehouse", "pg_data", "tenant_1", "tenant_2", "warehouse", HOSTILE),
            id="all: no template, no provider's own, none that cannot be entered",
        ),
        pytest.param(["tenant_*", "tenant_2"], ("tenant_1", "tenant_2"), id="a name out of a pattern"),
        pytest.param(["template1"], ("template1",), id="a template by its name"),
        pytest.param(["rdsadmin"], ("rdsadmin",), id="a provider's own by its name"),
        pytest.param(["no_such"], (), id="a name that does not exist"),
    ],
)
def test_databases_meant(entries: list[str], expected: tuple[str, ...]) -> None:
    assert resolve([an_entry(name) for name in entries], DATABASES, "admin").names == expected


@pytest.mark.parametrize("names_of_entries", [["tenant_*", "tenant_2"], ["tenant_2", "tenant_*"]])
def test_a_database_with_an_entry_of_its_own_belongs_to_it(names_of_entries: list[str]) -> None:
    targets = resolve([an_entry(name) for name in names_of_entries], DATABASES, "admin").targets
    assert [(target.name, target.entry.name) for target in targets] == [
        ("tenant_1", "tenant_*"),
        ("tenant_2", "tenant_2"),
    ]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([an_entry("warehouse"), an_entry("tenant_*")], [], id="nothing wrong"),
        pytest.param([an_entry("*", allow_empty=True), an_entry("warehouse")], [], id="a name beside all"),
        pytest.param(
            [an_entry(HOSTILE + "x")],
            ['Database "we""ird.näme\'; --x" not found (as a name or a pattern). Did you mean "we""ird.näme\'; --"?'],
            id="a hostile name that does not exist",
        ),
        pytest.param(
            [an_entry("tennant_*")],
            ['Database "tennant_*" not found (as a name or a pattern).'],
            id="a pattern without a match",
        ),
        pytest.param([an_entry("tennant_*", allow_empty=True)], [], id="a pattern that may be empty"),
        pytest.param([an_entry("no_such", allow_empty=True)], [], id="a name that may be missing"),
        pytest.param([an_entry("closed")], ['The database "closed" accepts no connections.'], id="no connections"),
        pytest.param([an_entry("foreign")], ['Role "admin" may not connect to database "foreign".'], id="no CONNECT"),
        pytest.param(
            [an_entry("clos*")],
            [
                'Every database that the pattern "clos*" matches is left out: 1, for example "closed". '
                "It accepts no connections."
            ],
            id="a pattern over what cannot be entered",
        ),
        pytest.param([an_entry("clos*", allow_empty=True)], [], id="the same, and it may be empty"),
        pytest.param(
            [an_entry("wearhouse")],
            ['Database "wearhouse" not found (as a name or a pattern). Did you mean "warehouse"?'],
            id="a typo",
        ),
        pytest.param(
            [an_entry("tenant_*"), an_entry("*_2")],
            ['The database "tenant_2" matches two patterns, "tenant_*" and "*_2".'],
            id="two patterns",
        ),
        pytest.param([an_entry("tenant_*"), an_entry("*_2"), an_entry("tenant_2")], [], id="two patterns and a name"),
        pytest.param(
            [an_entry("no_such"), an_entry("closed"), an_entry("foreign")],
            [
                'The database "closed" accepts no connections.',
                'Role "admin" may not connect to database "foreign".',
                'Database "no_such" not found (as a name or a pattern).',
            ],
            id="all that is wrong at once",
        ),
    ],
)
def test_what_is_wrong_with_databases(entries: list[DatabaseEntry], expected: list[str]) -> None:
    assert [problem.message for problem in problems_of(*entries)] == expected


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("closed", "ALTER DATABASE closed ALLOW_CONNECTIONS true;"),
        ("foreign", 'GRANT CONNECT ON DATABASE "foreign" TO admin;'),
    ],
)
def test_the_statement_that_opens_a_database(name: str, statement: str) -> None:
    assert [problem.statement for problem in problems_of(an_entry(name))] == [statement]


@given(strategies.lists(names(), max_size=6), strategies.lists(names(), max_size=4, unique=True))
def test_every_database_is_a_target_at_most_once_and_exists(existing: list[str], listed: list[str]) -> None:
    databases: list[ListedDatabase] = [a_listed_database(name) for name in existing]
    found = resolve([an_entry(name, allow_empty=True) for name in [*listed, "*"]], databases, "admin").names
    expected = set(existing) - (PROVIDERS_OWN - set(listed))
    if "*" in existing:  # an entry that is the name of a database is no pattern
        assume(not any(set("*?[") & set(name) for name in listed if name not in existing))
        expected = set(existing) & {*listed, "*"}
    assert found == tuple(sorted(expected))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(
            ["*"],
            [
                ("azure_maintenance", "*", "It belongs to the provider of the server."),
                ("azure_sys", "*", "It belongs to the provider of the server."),
                ("closed", "*", "It accepts no connections."),
                ("cloudsqladmin", "*", "It belongs to the provider of the server."),
                ("foreign", "*", 'Role "admin" lacks CONNECT on it.'),
                ("rdsadmin", "*", "It belongs to the provider of the server."),
            ],
            id="everything: templates are nothing to tell",
        ),
        pytest.param(["tenant_*"], [], id="nothing"),
        pytest.param(
            ["*", "closed", "foreign"], ["azure_maintenance", "azure_sys", "cloudsqladmin", "rdsadmin"], id="less"
        ),
        pytest.param(["c*", "*d"], ["closed", "cloudsqladmin"], id="each once"),
    ],
)
def test_what_patterns_leave_out(entries: list[str], expected: list[object]) -> None:
    found = resolve([an_entry(name) for name in entries], DATABASES, "admin").left_out
    told = [(one.database, one.entry, one.reason) for one in found]
    assert (told if expected and isinstance(expected[0], tuple) else [one.database for one in found]) == expected


def test_names_alone_need_no_catalog() -> None:
    entries = [an_entry("b"), an_entry(HOSTILE), an_entry("a")]
    assert (has_pattern(entries), has_pattern([*entries, an_entry("a*")])) == (False, True)
    assert named(entries).names == ("a", "b", HOSTILE)
