# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of committed transactions, and the problem where the catalog does not show a statement's effect."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.progress import Progress, not_shown
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement, simple

from tests.support.values.names import HOSTILE

GRANT = simple("GRANT CONNECT ON DATABASE {} TO {}", HOSTILE, "readers")
USAGE = simple("GRANT USAGE ON SCHEMA {} TO {}", "s", "readers")


@pytest.mark.parametrize(
    ("transactions", "committed"),
    [
        pytest.param([], [], id="none"),
        pytest.param([("the group", [])], [], id="one that wrote nothing"),
        pytest.param([("a", [GRANT, USAGE]), ("b", []), ("c", [USAGE])], ["a", "c"], id="in order"),
    ],
)
def test_what_wrote_something_is_remembered(
    transactions: list[tuple[str, list[Statement]]], committed: list[str]
) -> None:
    progress = Progress({}, {}, ())
    for what, statements in transactions:
        progress.keep(what, statements)
    assert progress.committed == committed
    assert progress.statements == [statement for _what, statements in transactions for statement in statements]


@pytest.mark.parametrize("statements", [[], [GRANT], [GRANT, USAGE]], ids=["none", "one", "two"])
def test_a_statement_that_the_catalog_does_not_show_is_a_problem(statements: list[Statement]) -> None:
    problems = not_shown(HOSTILE, statements)
    assert [problem.statement for problem in problems] == [f"{statement};" for statement in statements]
    assert {problem.database for problem in problems} <= {HOSTILE}
