# SPDX-License-Identifier: GPL-3.0-or-later
"""A scan by a user that is being retired or dropped, at each step and in new and old sessions: an error or all tables.

It must never see fewer: Metamapper hides the documentation of whatever a successful scan does not find.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any, Callable, Iterator

import psycopg2
import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access import apply as applying
from ansible_collections.metamapper.postgresql.plugins.module_utils._access import apply_roles

from tests.support.modules.access import superuser_options
from tests.support.postgres.metamapper import Seen, scan, scan_as
from tests.support.postgres.pgbouncer import pgbouncer
from tests.support.postgres.site import Site
from tools.postgres.server import Server
from tools.runners.modules import Outcome, run_module

# A session that is starting has passed the check of LOGIN, but does not appear in pg_stat_activity yet.
# https://www.postgresql.org/docs/current/runtime-config-developer.html#GUC-POST-AUTH-DELAY
STARTING = {"options": "-c post_auth_delay=1"}
UNTIL_IT_STARTS = 0.2


class Watch:
    """Scans as a user, in sessions that are old, new and still starting, between the steps of a run."""

    def __init__(self, site: Site, pooler: int) -> None:
        self.site = site
        self.whole = scan_as(**self.way())
        self.seen: list[Seen] = []
        self.steps = 0
        self._open = psycopg2.connect(**self.way())
        self._open.autocommit = True
        self._pooler = pooler
        self._threads: list[threading.Thread] = []

    def way(self, **changes: Any) -> dict[str, Any]:
        """Return the connection parameters of the user."""
        site = self.site
        server = {"host": site.server.host, "port": site.server.port, "dbname": site.database}
        return {**server, "user": site.user, "password": site.password, **changes}

    def look(self) -> None:
        """Scan in the open session, in a new one, and in one of the pooler; start one whose login takes a second."""
        self.steps += 1
        self.seen.append(self._in_the_open_session())
        self.seen.append(scan_as(**self.way()))
        self.seen.append(scan_as(**self.way(port=self._pooler)))
        self._threads.append(threading.Thread(target=self._start))
        self._threads[-1].start()
        time.sleep(UNTIL_IT_STARTS)

    def _in_the_open_session(self) -> Seen:
        try:
            return scan(self._open)
        except psycopg2.Error:
            return None

    def _start(self) -> None:
        self.seen.append(scan_as(**self.way(**STARTING)))

    def end(self) -> None:
        """Wait for the sessions that were starting."""
        for thread in self._threads:
            thread.join()
        with contextlib.suppress(psycopg2.Error):
            self._open.close()


@pytest.fixture(scope="module")
def pooler(server: Server) -> Iterator[int]:
    """The port of a pooler that keeps its clients' sessions and accepts further clients without asking the server."""
    with pgbouncer(server) as port:
        yield port


def rotate(site: Site, *, ends: bool) -> Outcome:
    """Replace this user by another one."""
    users = [{"name": site.role_name("second"), "password": site.password}, {"name": site.user, "state": "retired"}]
    databases = [{"name": site.database, "schemas": ["sales"]}]
    return run_module("access", superuser_options(site, users=users, databases=databases, end_connections=ends))


def revoke(site: Site, *, ends: bool) -> Outcome:
    """Revoke all access."""
    users = [{"name": site.user}]
    return run_module(
        "access", superuser_options(site, state="absent", users=users, end_connections=ends, wait_seconds=2)
    )


@pytest.mark.thorough
@pytest.mark.parametrize("ends", [False, True], ids=["sessions stay", "sessions are ended"])
@pytest.mark.parametrize("run", [rotate, revoke])
def test_no_scan_finds_less(
    site: Site, pooler: int, run: Callable[..., Outcome], ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.a (id int); CREATE TABLE sales.b (id int, name text)")
    users = [{"name": site.user, "password": site.password}]
    databases = [{"name": site.database, "schemas": ["sales"]}]
    run_module("access", superuser_options(site, users=users, databases=databases)).ok()
    watch = Watch(site, pooler)
    assert watch.whole is not None
    assert len(watch.whole) == 3
    monkeypatch.setattr(apply_roles, "CONFIRMATION_SECONDS", 1.2)
    take = applying._take

    def watched(*arguments: Any) -> None:
        watch.look()
        take(*arguments)

    monkeypatch.setattr(applying, "_take", watched)
    try:
        outcome = run(site, ends=ends)
        watch.look()
    finally:
        watch.end()
    assert watch.steps >= 3
    assert set(watch.seen) <= {watch.whole, None}
    assert watch.whole in watch.seen
    if ends or run is rotate:
        outcome.ok()
    else:
        assert "sessions" in outcome["msg"]
    monkeypatch.undo()
    run(site, ends=True).ok()
    assert scan_as(**watch.way()) is None
