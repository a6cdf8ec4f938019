"""What a session sends: statements with their names quoted, and what travels with a query."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement, simple
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import render
from psycopg2 import sql

from tests.support.values.names import HOSTILE, PASSWORD


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        pytest.param(Statement("COMMIT"), sql.Composed([sql.SQL("COMMIT")]), id="no name"),
        pytest.param(
            simple("DROP ROLE {}", HOSTILE),
            sql.Composed([sql.SQL("DROP ROLE "), sql.Identifier(HOSTILE)]),
            id="hostile",
        ),
        pytest.param(
            Statement("ALTER ROLE {} PASSWORD {}", (("{}",),), Secret(PASSWORD)),
            sql.Composed(
                [sql.SQL("ALTER ROLE "), sql.Identifier("{}"), sql.SQL(" PASSWORD "), sql.Literal(PASSWORD)],
            ),
            id="the secret is a literal",
        ),
        pytest.param(
            Statement("TABLE {}", ((HOSTILE, "a.b"),)),
            sql.Composed([sql.SQL("TABLE "), sql.Identifier(HOSTILE, "a.b")]),
            id="qualified",
        ),
    ],
)
def test_statement_for_the_server(statement: Statement, expected: sql.Composed) -> None:
    assert render(statement) == expected
