# SPDX-License-Identifier: GPL-3.0-or-later
"""Every wait is bounded: for a login, a statement, a lock or a COMMIT, whichever side stops answering."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any, Iterator

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import (
    Login,
    Timeouts,
    attempt_login,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server_error import (
    OutcomeUnknown,
    ServerError,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session, open_session

from tests.support.patience import eventually, soon
from tests.support.postgres.fake_server import Client, demands_iterations, fake_server
from tests.support.postgres.site import Site
from tools.postgres.proxy import Proxy, proxy
from tools.postgres.server import DEFAULT_MAJOR

MAJOR = float(os.environ.get("MM_PG") or DEFAULT_MAJOR)
QUICK = Timeouts(connect_seconds=2, statement_seconds=1, lock_ms=200)
SLEEP = "SELECT pg_catalog.pg_sleep(100)"


def login(site: Site, port: int = 0, timeouts: Timeouts = QUICK) -> Login:
    """Return the superuser's login, on the server's port or on another one."""
    server = site.server
    return Login(server.user, Secret(server.password), server.host, port or server.port, timeouts=timeouts)


@contextlib.contextmanager
def through_a_proxy(site: Site) -> Iterator[tuple[Proxy, Session]]:
    """Yield a proxy and a session through it that is inside a transaction."""
    with proxy(site.server.host, site.server.port) as between, open_session(
        login(site, between.port), site.database
    ) as session:
        session.begin("READ WRITE")
        session.run(["CREATE TABLE public.written()"])
        yield between, session


def is_running(site: Site, statement: str) -> bool:
    """Tell whether the server still runs a statement."""
    query = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND datname = %s AND query LIKE %s"
    return bool(site.server.execute(query, parameters=[site.database, f"%{statement}%"]))


def ends(site: Site, statement: str) -> bool:
    """Tell whether the server stops running a statement."""
    return eventually(lambda: not is_running(site, statement), 5)


@pytest.mark.parametrize("silence", ["fall_silent", "swallow"])
def test_a_server_that_falls_silent_is_given_up(site: Site, silence: str) -> None:
    with through_a_proxy(site) as (between, session):
        getattr(between, silence)()
        started = time.monotonic()
        with pytest.raises(ServerError) as caught:
            session.rows("SELECT 1")
        assert time.monotonic() - started < 8 * soon()
    error = caught.value
    assert (error.is_timeout, error.is_connection_lost, error.is_unreachable) == (True, True, True)
    assert site.database in str(error)


@pytest.mark.parametrize("silence", ["fall_silent", "swallow"])
def test_a_commit_without_an_answer_is_of_unknown_outcome(site: Site, silence: str) -> None:
    with through_a_proxy(site) as (between, session):
        getattr(between, silence)()
        with pytest.raises(OutcomeUnknown, match="either all of the transaction or nothing"):
            session.commit()


def test_a_server_that_is_killed_during_commit_leaves_the_outcome_unknown(site: Site) -> None:
    with through_a_proxy(site) as (between, session):
        between.close()
        with pytest.raises(OutcomeUnknown):
            session.commit()


def test_a_statement_that_takes_too_long_is_ended_by_the_server(site: Site) -> None:
    with open_session(login(site), site.database) as session:
        session.begin("READ ONLY")
        with pytest.raises(ServerError) as caught:
            session.rows(SLEEP)
        assert (caught.value.sqlstate, session.connection.is_lost) == ("57014", False)


def test_a_lock_is_waited_for_so_long(site: Site) -> None:
    site.run("CREATE TABLE t()")
    with contextlib.closing(site.server.connect(site.database)) as other, other.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        with open_session(login(site), site.database) as session:
            session.begin("READ ONLY")
            with pytest.raises(ServerError) as caught:
                session.rows("SELECT 1 FROM public.t")
    assert (caught.value.sqlstate, caught.value.is_unreachable) == ("55P03", True)


SCRIPT = """
import json, signal, sys, time
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import (
    Login, Timeouts, attempt_login,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import open_session
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits that it is ignored
options = json.load(sys.stdin)
login = Login(options["user"], Secret(options["password"]), options["host"], options["port"],
              timeouts=Timeouts(options["connect_seconds"], 300, 5000))
if options["is_probe"]:
    print(attempt_login(login, options["database"], {}))
    sys.exit(1)
try:
    with open_session(login, options["database"]) as session:
        session.begin("READ ONLY")
        session.rows("SELECT 1")
        print("connected", flush=True)
        session.rows("SELECT pg_catalog.pg_sleep(100)")
except Exception as error:
    print(error, flush=True)
    sys.exit(1)
"""


@contextlib.contextmanager
def child(**place: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a process that logs in and runs a long statement."""
    options: dict[str, Any] = {"user": "admin", "password": "p4ss", "host": "127.0.0.1", "database": "warehouse"}
    options.update({"connect_seconds": 10, "is_probe": False, **place})
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(options))
        process.stdin.close()
        process.stdin = None  # communicate() would flush the closed file
        try:
            yield process
        finally:
            process.kill()


def child_on(site: Site) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
    """Start the process, connected to the site's server."""
    server = site.server
    place = {"user": server.user, "password": server.password, "host": server.host, "port": server.port}
    return child(**place, database=site.database)


def test_ctrl_c_acts_at_once_and_cancels_the_statement(site: Site) -> None:
    with child_on(site) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "connected\n"
        time.sleep(0.3)
        assert is_running(site, "pg_sleep(100)")
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(10)
        assert time.monotonic() - started < 2 * soon()
    assert ends(site, "pg_sleep(100)")


def test_nothing_runs_on_for_a_module_that_is_killed(site: Site) -> None:
    with child_on(site) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "connected\n"
        process.kill()
    limit = "SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'"
    with open_session(login(site, timeouts=Timeouts()), site.database) as session:
        session.begin("READ ONLY")
        assert session.rows(limit) == [(305000,)]


@pytest.mark.majorless
@pytest.mark.parametrize("is_probe", [False, True], ids=["login", "probe"])
def test_a_login_that_computes_is_given_up_and_the_process_ends(is_probe: bool) -> None:
    started = time.monotonic()
    with fake_server(demands_iterations(2_000_000_000)) as server, child(
        port=server.port, connect_seconds=2, is_probe=is_probe
    ) as process:
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (1, "")
    assert "no answer within" in output
    assert time.monotonic() - started < 10 * soon()


@pytest.mark.majorless
def test_ctrl_c_acts_at_once_on_a_login_that_computes() -> None:
    with fake_server(demands_iterations(2_000_000_000)) as server, child(
        port=server.port, connect_seconds=60
    ) as process:
        time.sleep(2)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(10)
        assert time.monotonic() - started < 2 * soon()
    assert process.returncode in (1, -signal.SIGINT)


@pytest.mark.majorless
@pytest.mark.thorough
def test_a_server_that_never_answers_a_login_is_given_up() -> None:
    def hang(client: Client) -> None:
        client.read()

    with fake_server(hang) as server:
        silent = Login("admin", Secret("p4ss"), "127.0.0.1", server.port, timeouts=QUICK)
        started = time.monotonic()
        with pytest.raises(ServerError) as caught:
            open_session(silent, "warehouse")
        attempt = attempt_login(silent, "warehouse", {})
    assert caught.value.is_unreachable
    assert not attempt.succeeded
    assert time.monotonic() - started < 15 * soon()


LIMITS = {"statement_timeout": 9.6, "idle_session_timeout": 14, "transaction_timeout": 17}
KNOWN_LIMITS = [limit for limit, since in LIMITS.items() if since <= MAJOR]


@pytest.mark.parametrize("limit", KNOWN_LIMITS)
@pytest.mark.parametrize("pause", [0.0, 0.3], ids=["at once", "after a pause"])
def test_time_limits_of_a_database_are_not_ours(site: Site, limit: str, pause: float) -> None:
    site.run(f"ALTER DATABASE {{}} SET {limit} = '1ms'", site.database, database="postgres")
    patient = Timeouts(connect_seconds=5, statement_seconds=60)
    with open_session(login(site, timeouts=patient), site.database) as session:
        for _transaction in range(3):
            time.sleep(pause)
            session.begin("READ ONLY")
            session.rows("SELECT pg_catalog.pg_sleep(0.05)")
            session.rows("SELECT pg_catalog.pg_sleep(0.05)")
            session.commit()


def test_names_are_looked_for_in_pg_catalog_alone(site: Site) -> None:
    site.run("CREATE SCHEMA evil; CREATE FUNCTION evil.version() RETURNS text LANGUAGE sql AS $$SELECT text 'evil'$$")
    site.run("ALTER DATABASE {} SET search_path = evil, pg_catalog", site.database, database="postgres")
    with open_session(login(site), site.database) as session:
        session.begin("READ ONLY")
        assert session.rows("SELECT version() = 'evil'") == [(False,)]


@pytest.mark.parametrize("keeps_jit", [False, True], ids=["ours", "as the login has it"])
def test_no_query_of_ours_is_compiled(site: Site, keeps_jit: bool) -> None:
    can_compile = MAJOR >= 11
    if can_compile:
        site.run("ALTER DATABASE {} SET jit = on", site.database, database="postgres")
    with open_session(login(site), site.database) as session:
        session.begin("READ ONLY", keeps_jit=keeps_jit)
        expected = ("on" if keeps_jit else "off") if can_compile else None
        assert session.rows("SELECT pg_catalog.current_setting('jit', true)") == [(expected,)]


def sockets() -> set[str]:
    """Return the sockets that this process has open."""
    links = (os.readlink(entry.path) for entry in list(os.scandir("/proc/self/fd")) if os.path.islink(entry.path))
    return {link for link in links if link.startswith("socket:")}


def test_a_login_that_is_refused_leaves_no_connection(site: Site) -> None:
    """An open connection keeps its server process waiting for the password, and that one blocks DROP DATABASE."""
    without = replace(login(site), password=None)
    database = site.database  # made now: before CREATE DATABASE, the idle sessions of the tests are closed
    before = sockets()
    with pytest.raises(ServerError) as refused:
        open_session(without, database)
    assert (refused.value.is_connection_lost, sockets()) == (True, before)
