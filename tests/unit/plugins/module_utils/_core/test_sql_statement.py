# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL statements as values; tests/integration/access/test_statement_quoting.py tests how a server parses them."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import (
    Statement,
    placeholders,
    quoted,
    simple,
    statement_text,
    texts,
)
from hypothesis import given

from tests.support.values.names import HOSTILE, PASSWORD, names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("sales", '"sales"', id="plain"),
        pytest.param(HOSTILE, '"we""ird.näme\'; --"', id="hostile"),
        pytest.param('"', '""""', id="a quote alone"),
        pytest.param("a\nb", '"a\nb"', id="a line break"),
        pytest.param("", '""', id="empty"),
    ],
)
def test_quoted(name: str, expected: str) -> None:
    assert quoted(name) == expected


@given(names())
def test_a_quoted_name_is_one_token_that_reads_back(name: str) -> None:
    inner = quoted(name)[1:-1]
    assert (inner.replace('""', ""), inner.replace('""', '"')) == (name.replace('"', ""), name)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        pytest.param(Statement("COMMIT"), "COMMIT", id="no name"),
        pytest.param(simple("DROP ROLE {}", HOSTILE), f"DROP ROLE {quoted(HOSTILE)}", id="hostile"),
        pytest.param(
            Statement("GRANT SELECT ON TABLE {} TO {}", (("sales", HOSTILE), ("readers",))),
            f"GRANT SELECT ON TABLE sales.{quoted(HOSTILE)} TO readers",
            id="qualified",
        ),
        pytest.param(simple("DROP ROLE {}", "{}{0}%s"), 'DROP ROLE "{}{0}%s"', id="place holders in a name"),
        pytest.param(
            Statement("ALTER ROLE {} PASSWORD {}", (("{}",),), Secret(PASSWORD)),
            "ALTER ROLE \"{}\" PASSWORD '********'",
            id="the secret is masked",
        ),
    ],
)
def test_statement_for_people(statement: Statement, expected: str) -> None:
    assert str(statement) == expected


@pytest.mark.parametrize(("count", "expected"), [(0, ""), (1, "{}"), (3, "{}, {}, {}")])
def test_place_holders(count: int, expected: str) -> None:
    assert placeholders(count) == expected


def test_a_statement_can_be_pasted() -> None:
    assert statement_text("GRANT {} TO {}", HOSTILE, "admin") == f"GRANT {quoted(HOSTILE)} TO admin;"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([simple("A {}", "a"), Statement("B")], ["A a", "B"], id="two, in order"),
    ],
)
def test_texts(statements: list[Statement], expected: list[str]) -> None:
    assert texts(statements) == expected
