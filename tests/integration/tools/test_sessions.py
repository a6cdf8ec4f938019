# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of the tests that are used again: like new ones, and never in the way."""

from __future__ import annotations

import time
from typing import Iterator

import psycopg2
import pytest

from tests.support.postgres.site import Site, identifiers
from tools.postgres.server import Server
from tools.postgres.sessions import Sessions

pytestmark = pytest.mark.majorless

PID = "SELECT pg_catalog.pg_backend_pid()"


@pytest.fixture
def sessions(server: Server) -> Iterator[Sessions]:
    """Return sessions with the server of the test run."""
    kept = Sessions(server.connect)
    yield kept
    kept.close()


def run(sessions: Sessions, statement: str, database: str = "postgres") -> list[tuple[int]]:
    """Run a statement and return its rows."""
    with sessions.session(database) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.mark.parametrize(
    ("statement", "question"),
    [
        ("SET work_mem = '1MB'", "SELECT 1 FROM pg_settings WHERE name = 'work_mem' AND setting = '1024'"),
        ("SET ROLE pg_monitor", "SELECT 1 WHERE current_user <> session_user"),
        ("CREATE TEMPORARY TABLE kept (id int)", "SELECT 1 FROM pg_class WHERE relname = 'kept'"),
        ("SELECT pg_advisory_lock(4711)", "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711"),
        ("BEGIN; LOCK TABLE pg_class", "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock'"),
    ],
    ids=["setting", "role", "temporary table", "lock of a session", "transaction"],
)
def test_nothing_is_left_in_it(statement: str, question: str, sessions: Sessions, server: Server) -> None:
    run(sessions, statement)
    assert run(Sessions(server.connect), question) == []
    assert run(sessions, question) == []


def test_it_is_used_again_until_it_ends(sessions: Sessions, server: Server) -> None:
    ((first,),) = run(sessions, PID)
    assert run(sessions, PID) == [(first,)]
    server.execute("SELECT pg_terminate_backend(%s)", parameters=[first])
    while server.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", parameters=[first]):
        time.sleep(0.01)
    ((second,),) = run(sessions, PID)
    with pytest.raises(psycopg2.Error):
        run(sessions, "SELECT 1 / 0")
    ((third,),) = run(sessions, PID)
    assert len({first, second, third}) == 3


def test_few_are_kept_and_none_is_in_the_way_of_a_database(site: Site) -> None:
    for name in ("template1", site.database, "postgres", site.database):
        site.server.execute(PID, database=name)
    others = "SELECT datname FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'postgres'"
    kept = [row for row in site.server.execute(others) if row != (None,)]
    assert kept == [(site.database,)]
    site.server.execute(identifiers("DROP DATABASE {}", site.database))
