# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases that are inspected in parallel: the same result as one after the other, and no session left by a signal."""

from __future__ import annotations

import contextlib
import signal
from typing import Any

import pytest

from tests.support.modules.access import superuser_options
from tests.support.modules.visibility import options as visibility_options
from tests.support.patience import eventually, soon
from tests.support.postgres.site import Site
from tools.runners.modules import run_module, start_module

pytestmark = pytest.mark.thorough

COUNT = 4
LONG_MS = 60_000


@pytest.fixture
def databases(site: Site) -> list[str]:
    """Databases with a table each."""
    names = [site.create_database(f"d{number}") for number in range(COUNT)]
    for name in names:
        site.server.execute("CREATE SCHEMA sales; CREATE TABLE sales.t (a int)", database=name)
    return names


def access_options(site: Site, databases: list[str], **changes: Any) -> dict[str, Any]:
    """Return options of module access for these databases."""
    entries = [{"name": name, "schemas": ["sales"]} for name in databases]
    users = [{"name": site.user, "password": site.password}]
    return superuser_options(site, users=users, databases=entries, **changes)


def reader_options(site: Site, databases: list[str], **changes: Any) -> dict[str, Any]:
    """Return options of module visibility for these databases."""
    entries = [{"name": name, "schemas": ["sales"]} for name in databases]
    return {**visibility_options(site, "sales"), "databases": entries, **changes}


def sessions(site: Site) -> int:
    """Return how many sessions the user has."""
    query = "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE usename = %s"
    return len(site.server.execute(query, parameters=[site.user]))


def waiting(site: Site) -> int:
    """Return how many sessions of the user wait for a lock."""
    query = "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE usename = %s AND wait_event_type = 'Lock'"
    return len(site.server.execute(query, parameters=[site.user]))


def test_access_finds_and_does_the_same(site: Site, databases: list[str]) -> None:
    listed = [*databases, "there is none"]
    refused = [run_module("access", access_options(site, listed, parallel_databases=count)) for count in (1, 3)]
    assert refused[0].failed
    assert refused[0]["problems"] == refused[1]["problems"]
    checked = [
        run_module("access", access_options(site, databases, parallel_databases=count), check=True).ok()
        for count in (1, 3)
    ]
    assert checked[0].statements == checked[1].statements
    assert run_module("access", access_options(site, databases, parallel_databases=3)).ok().changed
    assert not run_module("access", access_options(site, databases, parallel_databases=3)).ok().changed


def test_visibility_finds_the_same(site: Site, databases: list[str]) -> None:
    run_module("access", access_options(site, databases)).ok()
    site.server.execute("REVOKE SELECT ON sales.t FROM PUBLIC, {}".format(f'"{site.group}"'), database=databases[2])
    listed = [*databases, "there is none"]
    found = [run_module("visibility", reader_options(site, listed, parallel_databases=count)) for count in (1, 3, 8)]
    assert found[0].failed
    for other in found[1:]:
        assert other.result["findings"] == found[0].result["findings"]
        assert other.result["seen"] == found[0].result["seen"]


def test_a_signal_leaves_no_session(site: Site, databases: list[str]) -> None:
    run_module("access", access_options(site, databases)).ok()
    with contextlib.ExitStack() as stack:
        for name in databases[1:]:
            connection = stack.enter_context(contextlib.closing(site.server.connect(name)))
            connection.cursor().execute("BEGIN; LOCK TABLE pg_catalog.pg_default_acl IN ACCESS EXCLUSIVE MODE")
        wanted = reader_options(site, databases, parallel_databases=3, lock_timeout_ms=LONG_MS)
        process = stack.enter_context(start_module("visibility", wanted))  # not a fork: a signal kills that at once
        assert eventually(lambda: waiting(site) == 3, 20)
        process.send_signal(signal.SIGINT)
        assert eventually(lambda: sessions(site) == 0, soon())
