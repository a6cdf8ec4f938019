# SPDX-License-Identifier: GPL-3.0-or-later
"""A primary dies in the middle of a run and a replica takes its place: nothing is left half-done."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any, Callable, Iterator

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access import apply as applying
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres import transaction

from tests.support.modules.access import superuser_options
from tests.support.postgres.metamapper import scan_as
from tests.support.postgres.site import Site
from tools.postgres.server import Server, running
from tools.postgres.standby import Standby, standby_of
from tools.runners.modules import run_module

pytestmark = pytest.mark.thorough

STEPS = 5  # the group, two databases, the users, their passwords


class Address:
    """An address that leads to one server, and after a failover to another: a port that forwards new connections."""

    def __init__(self, target: Server) -> None:
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                try:
                    server = socket.create_connection((self.target.host, self.target.port))
                except OSError:
                    client.close()
                    continue
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                target.sendall(chunk)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.close()


@pytest.fixture
def pair(major: str) -> Iterator[tuple[Server, Standby]]:
    """A primary and its replica."""
    settings = ["wal_level=replica", "max_wal_senders=3", "autovacuum=off"]
    with running(major, settings=settings) as primary, standby_of(primary) as replica:
        yield primary, replica


def options(site: Site, databases: list[str], port: int) -> dict[str, Any]:
    """Return the options of the module: two databases, reached through an address."""
    entries = [{"name": name, "schemas": ["sales"]} for name in databases]
    users = [{"name": site.user, "password": site.password}]
    return {**superuser_options(site, users=users, databases=entries), "login_port": port}


def fail_over_before(step: int, fail_over: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a server fail before a step of the run."""
    take, taken = applying._take, iter(range(STEPS + 1))

    def watched(*arguments: Any) -> None:
        if next(taken) == step:
            fail_over()
        take(*arguments)

    monkeypatch.setattr(applying, "_take", watched)


@pytest.mark.parametrize("is_promoted", [True, False], ids=["promoted", "not yet promoted"])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_nothing_is_left_half_done(
    pair: tuple[Server, Standby], step: int, is_promoted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "FIRST_PAUSE_SECONDS", 0.001)
    primary, replica = pair
    site = Site(primary)
    databases = [site.create_database("first"), site.create_database("second")]
    for name in databases:
        site.run("CREATE SCHEMA sales; CREATE TABLE sales.a (id int); CREATE TABLE sales.b (id int)", database=name)
    address = Address(primary)

    def fail_over() -> None:
        replica.catch_up()
        primary.stop()
        if is_promoted:
            replica.promote()
        address.target = replica

    fail_over_before(step, fail_over, monkeypatch)
    outcome = run_module("access", options(site, databases, address.port))
    monkeypatch.undo()
    if not is_promoted:
        assert outcome.failed
        assert "during recovery" in outcome["msg"]
        replica.promote()
    way = {"host": "127.0.0.1", "port": address.port, "user": site.user, "password": site.password}
    seen = [scan_as(**way, dbname=name) for name in databases]
    assert all(columns is None or len(columns) == 2 for columns in seen)
    assert run_module("access", options(site, databases, address.port)).ok().changed is outcome.failed
    assert [len(scan_as(**way, dbname=name) or ()) for name in databases] == [2, 2]
    assert not run_module("access", options(site, databases, address.port)).ok().changed
    address.close()
