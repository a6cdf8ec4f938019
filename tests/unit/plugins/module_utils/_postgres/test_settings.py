# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of each transaction, and of a connection without the server's time limits."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.settings import (
    END_WHEN_CLIENT_IS_GONE,
    RESTART_CLOCK,
    Setting,
    limits,
    search_path_statement,
    startup_options,
)
from psycopg2 import sql

from tests.support.values.names import HOSTILE


@pytest.mark.parametrize(
    ("version", "lifted", "checks"),
    [(90624, [], [RESTART_CLOCK]), (130000, [], []), (140000, [], [END_WHEN_CLIENT_IS_GONE])],
)
def test_waits_have_an_end(version: int, lifted: list[str], checks: list[str]) -> None:
    found = list(limits(version, statement_ms=3000, lock_ms=5))
    assert [query for query in found if isinstance(query, str)] == [*lifted, *checks]
    assert [query.seq[-1] for query in found if isinstance(query, sql.Composed)][:2] == [
        sql.Literal("3000"),
        sql.Literal("5"),
    ]


@pytest.mark.parametrize(
    ("version", "environment", "expected"),
    [
        pytest.param(90624, "", "-c statement_timeout=0", id="9.6"),
        pytest.param(140000, "", "-c statement_timeout=0 -c idle_session_timeout=0", id="14"),
        pytest.param(
            170000,
            "-c geqo=off",
            "-c geqo=off -c statement_timeout=0 -c idle_session_timeout=0 -c transaction_timeout=0",
            id="17, beside those of the environment",
        ),
    ],
)
def test_a_connection_without_the_limits_of_others(
    version: int, environment: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", environment)
    assert startup_options(version) == expected


def test_names_and_values_are_quoted_for_the_server() -> None:
    assert Setting(HOSTILE, "a'b").statement() == sql.SQL("SET LOCAL {} = {}").format(
        sql.Identifier(HOSTILE), sql.Literal("a'b")
    )
    assert search_path_statement(HOSTILE).seq[1] == sql.Literal(HOSTILE)  # type: ignore[union-attr]
