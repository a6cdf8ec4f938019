# SPDX-License-Identifier: GPL-3.0-or-later
"""The problem that reports a failed transaction: what was refused, which sessions blocked it, and the remedy."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement, simple
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.lock_holders import LockHolder
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server_error import ServerError
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.transaction_problems import (
    another_run,
    held_by,
    transaction_problem,
)

from tests.support.values.names import HOSTILE, PASSWORD

PASSWORD_STATEMENT = Statement("ALTER ROLE {} PASSWORD {}", ((HOSTILE,),), Secret(PASSWORD))
HOLDER = LockHolder(7, "bob", "", "")
END = "SELECT pg_catalog.pg_terminate_backend(7);"


def test_a_refused_statement_shows_no_password() -> None:
    problem = transaction_problem("warehouse", ServerError("42501", "no"), "Cannot change", PASSWORD_STATEMENT)
    assert PASSWORD not in repr(problem)
    assert "credcheck" in str(problem)


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        pytest.param("55P03", "lock_timeout_ms", id="a lock"),
        pytest.param("XX000", "Other sessions changed the same objects", id="a clash"),
        pytest.param("42501", "Nothing of this transaction was kept.", id="a refusal"),
        pytest.param("", "Nothing of this transaction was kept.", id="no answer"),
    ],
)
def test_what_to_do(code: str, advice: str) -> None:
    problem = transaction_problem(HOSTILE, ServerError(code, "refused"), "Cannot change")
    assert (advice in str(problem), problem.database, problem.sqlstate) == (True, HOSTILE, code)


def test_a_long_statement_is_cut_in_the_message_and_whole_beside_it() -> None:
    statement = simple("GRANT USAGE ON SCHEMA {} TO {}", "x" * 1000, "readers")
    problem = transaction_problem("warehouse", ServerError("42501", "no"), "Cannot change", statement)
    assert len(problem.message) < 500
    assert problem.statement == str(statement)


def test_another_run() -> None:
    problem = another_run("warehouse", ServerError("55P03", "timeout"), 300, [HOLDER])
    assert "held by process 7" in problem.message
    assert problem.statement == END


@pytest.mark.parametrize(("holders", "ends"), [([HOLDER], [(END,)]), ([], [])], ids=["known", "nobody"])
def test_who_may_hold_the_lock(holders: list[LockHolder], ends: list[tuple[str, ...]]) -> None:
    problem = transaction_problem("warehouse", ServerError("55P03", "timeout"), "Cannot change")
    found = held_by(problem, holders)
    assert [remedy.statements for remedy in found.remedies if remedy.statements] == ends
    assert (found == problem) is not bool(ends)
