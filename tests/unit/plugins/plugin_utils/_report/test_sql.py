# SPDX-License-Identifier: GPL-3.0-or-later
"""The script for psql: in order of server, database and role, each statement once, and nothing else but comments.

tests/integration/roles/test_verify.py runs one.
"""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.sql import HEAD, connect, render_sql

from tests.support.values.findings import CREATED, HOSTILE, OVERRIDE, PASSED, Result, finding, report, result

BACKSLASH = "we\"ird.näme\\'; --"
QUOTED = '"we""ird.näme\\\'; --"'


def failed(*findings: Result) -> Result:
    """Return a failed result with these findings."""
    return result([], findings, message="failed")


def lines(**servers: Result | None) -> list[str]:
    """Return the lines of a script without its head and its comments."""
    text = render_sql(report(**servers))
    assert text.startswith(HEAD)
    return [line for line in text[len(HEAD) :].splitlines() if line and not line.startswith("--")]


def connected(argument: str) -> str:
    """Return the psql command that connects with these parameters, which are escaped already."""
    return f"\\connect -reuse-previous=on '{argument}'"


def test_databases_and_statements_in_order_each_once() -> None:
    found = [
        finding("missing", "failure", "1", "GRANT a TO g;", database="two"),
        finding("missing", "failure", "2", "GRANT a TO g; GRANT b TO g;", database="two"),
        finding("missing", "failure", "3", "GRANT a TO g;", database="one"),
        finding("excess", "failure", "4", "ALTER ROLE m NOCREATEDB;"),
    ]
    assert lines(db=failed(*found)) == [
        connected("dbname=''postgres''"),
        "ALTER ROLE m NOCREATEDB;",
        connected("dbname=''one''"),
        "GRANT a TO g;",
        connected("dbname=''two''"),
        "GRANT a TO g;",
        "GRANT b TO g;",
    ]


def test_roles_are_taken_and_left() -> None:
    remedy = {"kind": "sql", "text": "GRANT a TO g;", "role": BACKSLASH, "database": "other"}
    found = {**finding("missing", "failure", "r", database="d"), "remedy": remedy}
    assert lines(db=failed(found)) == [
        connected("dbname=''other''"),
        f"SET ROLE {QUOTED};",
        "GRANT a TO g;",
        "RESET ROLE;",
    ]


def test_several_servers_are_connected_to_by_host() -> None:
    found = finding("missing", "failure", "r", "GRANT a TO g;", database="d")
    given = {**failed(found), "request": {"login_host": "10.0.0.1", "login_port": 5433}}
    assert lines(one=given, two=failed(found)) == [
        connected("host=''10.0.0.1'' port=''5433'' dbname=''d''"),
        "GRANT a TO g;",
        connected("host=''two'' dbname=''d''"),
        "GRANT a TO g;",
    ]


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        pytest.param("plain", "''plain''", id="plain"),
        pytest.param("it's", "''it\\\\''s''", id="quote"),
        pytest.param("back\\slash", "''back\\\\\\\\slash''", id="backslash"),
        pytest.param("a b=c", "''a b=c''", id="like a parameter"),
        pytest.param("two\nlines", "''two\\nlines''", id="line feed"),
        pytest.param(":x", "'':x''", id="like a variable"),
    ],
)
def test_a_database_is_quoted_for_libpq_and_for_psql(name: str, argument: str) -> None:
    (server,) = report(db=PASSED).servers
    assert connect(server, name, by_host=False) == connected(f"dbname={argument}")


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(finding("exposed", "warning", "r", "REVOKE a FROM PUBLIC;", database="d"), id="warning"),
        pytest.param(finding("missing", "information", "r", "GRANT a TO g;", database="d"), id="note"),
        pytest.param(finding("breaks_scan", "failure", "r", "ALTER SCHEMA a RENAME TO b;", database="d"), id="rename"),
        pytest.param(finding("connection", "failure", "r", "Ask\nthe owner.", database="d"), id="sentence"),
        pytest.param(finding("connection", "failure", HOSTILE, OVERRIDE, database=OVERRIDE), id="hostile"),
        pytest.param(finding("missing", "failure", "r", 'GRANT "\udc80" TO g;', database="d"), id="not UTF-8"),
    ],
)
def test_what_has_to_be_decided_is_not_run(found: Result) -> None:
    assert [line for line in lines(db=failed(found)) if not line.startswith("\\connect")] == []
    assert render_sql(report(db=failed(found))).encode()


def test_a_statement_with_hidden_characters_is_exact_and_says_so() -> None:
    statement = 'GRANT "a\u202eb" TO g;'
    text = render_sql(report(db=failed(finding("missing", "failure", "r", statement, database="d"))))
    assert f'\n-- Hidden characters are in: GRANT "a⟨U+202E⟩b" TO g;\n{statement}' in text


def test_with_nothing_to_fix_it_says_so() -> None:
    assert render_sql(report_of({"a": PASSED}, created=CREATED)).endswith("-- There is nothing to fix.")
