# SPDX-License-Identifier: GPL-3.0-or-later
"""Which schemas an entry selects, with which privilege, what patterns leave out, and the problems of an entry."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import SchemaFacts
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.unquoted_names import UnquotedNameParser
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.account import DatabaseScope
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.databases import Target
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.entry import DatabaseEntry, Privilege
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.schemas import SchemaRules, left_out
from hypothesis import given, strategies

from tests.support.values.names import DIRECT, HOSTILE, a_schema, an_entry, names

SCHEMAS = (
    a_schema("sales", DIRECT),
    a_schema("hr"),
    a_schema("tenant_1"),
    a_schema("tenant_test_1"),
    a_schema("public"),
    a_schema("a*"),
    a_schema("cron", extension="pg_cron"),
    a_schema("Sales2"),
    a_schema("Used", holds_relation=True),
    a_schema(HOSTILE),
)
PLAIN = ("a*", "hr", "public", "sales", "tenant_1", "tenant_test_1")


def read(
    entry: DatabaseEntry, *schemas: SchemaFacts, privilege: Privilege = "SELECT"
) -> tuple[DatabaseScope, tuple[Problem, ...]]:
    """Return what an entry selects in a database, which has all kinds of schemas unless some are given."""
    return SchemaRules(privilege, 170000).scope(Target("warehouse", entry), schemas or SCHEMAS)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(an_entry("w", "sales"), ("sales",), id="a name"),
        pytest.param(an_entry("w", "tenant_*", exclude_schemas=("*_test_*",)), ("tenant_1",), id="less a pattern"),
        pytest.param(an_entry("w", "sales", "hr", exclude_schemas=("sales",)), ("hr",), id="a name less a name"),
        pytest.param(an_entry("w", "a*"), ("a*",), id="a pattern that is a name"),
        pytest.param(an_entry("w", exclude_schemas=("*",)), (), id="nothing left"),
        pytest.param(an_entry("w", "no_such"), (), id="what does not exist"),
        pytest.param(an_entry("w", "*"), ("Used", *PLAIN), id="all: no extension's, no new one that needs quotes"),
        pytest.param(an_entry("w", "S*"), (), id="a pattern over a name that needs quotes"),
        pytest.param(
            an_entry("w", "*", accept_breaks_scan=True), ("Used", *PLAIN), id="the same for an accepting entry"
        ),
        pytest.param(an_entry("w", "*", "cron"), ("Used", "a*", "cron", *PLAIN[1:]), id="an extension's by its name"),
        pytest.param(an_entry("w", "Sales2"), (), id="a name that needs quotes"),
        pytest.param(an_entry("w", "Sales2", accept_breaks_scan=True), ("Sales2",), id="the same, accepted"),
        pytest.param(an_entry("w", HOSTILE, accept_breaks_scan=True), (HOSTILE,), id="a hostile name, accepted"),
    ],
)
def test_schemas_in_scope(entry: DatabaseEntry, expected: tuple[str, ...]) -> None:
    assert tuple(read(entry)[0].schemas) == expected


@pytest.mark.parametrize(
    ("metadata", "privilege", "expected"),
    [
        pytest.param((), "SELECT", {"hr": "SELECT", "sales": "SELECT"}, id="all readable"),
        pytest.param(("h*",), "SELECT", {"hr": "REFERENCES", "sales": "SELECT"}, id="some for their columns alone"),
        pytest.param((), "REFERENCES", {"hr": "REFERENCES", "sales": "REFERENCES"}, id="metadata mode"),
        pytest.param(("tenant_1",), "SELECT", {"hr": "SELECT", "sales": "SELECT"}, id="none of those listed"),
    ],
)
def test_the_privilege_of_each_schema(
    metadata: tuple[str, ...], privilege: Privilege, expected: dict[str, str]
) -> None:
    entry = an_entry("w", "sales", "hr", metadata_schemas=metadata)
    assert read(entry, privilege=privilege)[0].schemas == expected


def test_what_patterns_left_out_and_took_in() -> None:
    scope, problems = read(an_entry("w", "hr", "*"))
    assert [(one.database, one.schema, one.entry, one.reason) for one in scope.left_out] == [
        ("warehouse", "Sales2", "*", "Metamapper does not quote names, and its scan fails on this one or misreads it."),
        ("warehouse", "cron", "*", 'It belongs to the extension "pg_cron".'),
        ("warehouse", HOSTILE, "*", "Metamapper does not quote names, and its scan fails on this one or misreads it."),
    ]
    assert scope.taken_in == ("Used", "a*", "public", "tenant_1", "tenant_test_1")
    assert (len(scope.schemas), scope.existing, problems) == (7, 10, ())


NAMELESS = 'The schema {} is listed for database "warehouse". Metamapper does not quote names, and its scan fails'
WRONG: dict[str, tuple[DatabaseEntry, list[str]]] = {
    "nothing": (an_entry("w", "sales", "tenant_*"), []),
    "a typo": (
        an_entry("w", "slaes"),
        ['Schema "slaes" not found in database "warehouse" (as a name or a pattern). Did you mean "sales"?'],
    ),
    "a pattern that matches nothing": (
        an_entry("w", "no_*"),
        ['Schema "no_*" not found in database "warehouse" (as a name or a pattern).'],
    ),
    "a name that may be missing": (an_entry("w", "slaes", allow_empty=True), []),
    "what is excluded": (
        an_entry("w", "sales", "tenant_*", exclude_schemas=("sales", "tenant_*")),
        [
            'Every schema of database "warehouse" that "sales" means is excluded again.',
            'Every schema of database "warehouse" that "tenant_*" means is excluded again.',
        ],
    ),
    "a pattern of which all is left out": (
        an_entry("w", "cr*"),
        [
            'Every schema of database "warehouse" that the pattern "cr*" matches is left out. '
            'It belongs to the extension "pg_cron".'
        ],
    ),
    "a name that needs quotes": (
        an_entry("w", "Sales2", allow_empty=True),
        [NAMELESS.format('"Sales2"') + " on this one or misreads it."],
    ),
    "one that is in use": (an_entry("w", "Used"), [NAMELESS.format('"Used"') + " on this one or misreads it."]),
    "one that is accepted": (an_entry("w", "Sales2", HOSTILE, accept_breaks_scan=True), []),
    "metadata of what is not listed": (
        an_entry("w", "sales", metadata_schemas=("hr", "s*")),
        ['The entry "hr" of metadata_schemas means none of the schemas listed for "warehouse".'],
    ),
    "metadata of what is left out": (an_entry("w", "*", metadata_schemas=("cron", "Sales?")), []),
}


@pytest.mark.parametrize(("entry", "expected"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong(entry: DatabaseEntry, expected: list[str]) -> None:
    assert [problem.message for problem in read(entry)[1]] == expected


@pytest.mark.parametrize("entry", [one for one, messages in WRONG.values() if messages])
def test_a_problem_has_keys_and_a_remedy(entry: DatabaseEntry) -> None:
    for problem in read(entry)[1]:
        keys: dict[str, Any] = problem.as_dict()
        assert (keys["database"], bool(keys["object"]), bool(keys["remedy"])) == ("warehouse", True, True)


@pytest.mark.parametrize(
    ("entry", "schema", "expected"),
    [
        pytest.param(
            an_entry("w", "*"),
            "auth",
            'Add "auth" to exclude_schemas',
            id="pattern",
        ),
        pytest.param(
            an_entry("w", "*", "auth"),
            "auth",
            'Remove "auth" from schemas',
            id="name",
        ),
        pytest.param(
            an_entry("w", "we*"),
            HOSTILE,
            'Add "we""ird.näme\'; --" to exclude_schemas',
            id="a hostile name",
        ),
    ],
)
def test_how_to_leave_a_schema_out(entry: DatabaseEntry, schema: str, expected: str) -> None:
    (remedy,) = left_out(entry, schema)
    assert remedy.instruction == f'{expected} in the entry of "w" in metamapper_databases.'


ENTRY_NAMES = names() | strategies.sampled_from(["*", "?", "[a-z]*", "s*"])
FACTS = strategies.builds(
    a_schema,
    names(),
    strategies.just(DIRECT),
    extension=strategies.sampled_from(["", "", "pg_cron"]),
    holds_relation=strategies.booleans(),
)
ENTRIES = strategies.builds(
    DatabaseEntry,
    strategies.just("warehouse"),
    strategies.lists(ENTRY_NAMES, min_size=1, max_size=4).map(tuple),
    strategies.lists(ENTRY_NAMES, max_size=2).map(tuple),
    allow_empty=strategies.booleans(),
    metadata_schemas=strategies.lists(ENTRY_NAMES, max_size=2).map(tuple),
    accept_breaks_scan=strategies.booleans(),
)
SOME_SCHEMAS = strategies.lists(FACTS, min_size=1, max_size=6, unique_by=lambda schema: schema.name)


@given(ENTRIES, SOME_SCHEMAS)
def test_a_pattern_never_takes_in_what_would_break_a_scan(entry: DatabaseEntry, schemas: list[SchemaFacts]) -> None:
    found = read(entry, *schemas)[0].schemas
    for schema in schemas:
        if UnquotedNameParser(170000, "warehouse").is_unquotable_schema(schema.name) and schema.name in found:
            assert schema.holds_relation or (schema.name in entry.schemas and entry.accept_breaks_scan)


@given(ENTRIES, SOME_SCHEMAS)
def test_names_alone_mean_what_the_entry_meant(entry: DatabaseEntry, schemas: list[SchemaFacts]) -> None:
    scope, _problems = read(entry, *schemas)
    resolved = scope.resolved()
    if not resolved["schemas"]:
        return
    again, _problems = read(
        DatabaseEntry(
            resolved["name"],
            tuple(resolved["schemas"]),
            metadata_schemas=tuple(resolved["metadata_schemas"]),
            accept_breaks_scan=resolved["accept_breaks_scan"],
        ),
        *schemas,
    )
    assert (again.schemas, again.left_out, again.taken_in) == (scope.schemas, (), ())
