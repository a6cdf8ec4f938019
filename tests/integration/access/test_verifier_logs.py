# SPDX-License-Identifier: GPL-3.0-or-later
"""No verifier appears in logs or statistics that a session can keep it out of."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

from tests.support.modules.access import superuser_options
from tests.support.postgres.site import Site
from tools.postgres.server import DEFAULT_MAJOR, Server, running
from tools.runners.modules import run_module
from tools.system_packages import extension

MAJOR = float(os.environ.get("MM_PG") or DEFAULT_MAJOR)
STORED = re.compile(r"SCRAM-SHA-256\$\d|md5[0-9a-f]{32}")
ALWAYS = ["shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track_utility=on"]
# Settings with which a server records statements, and the first major version that has them.
PLACES: dict[str, tuple[list[str], float]] = {
    "log_statement": (["log_statement=all"], 9.6),
    "log_min_duration_statement": (["log_min_duration_statement=0"], 9.6),
    "log_min_duration_sample": (["log_min_duration_sample=0", "log_statement_sample_rate=1"], 13),
    "log_transaction_sample_rate": (["log_transaction_sample_rate=1"], 12),
    "debug_print": (["debug_print_parse=on", "debug_print_rewritten=on", "debug_print_plan=on"], 9.6),
}


KNOWN_PLACES = [name for name, (_settings, since) in PLACES.items() if since <= MAJOR]


@pytest.fixture(scope="module", params=KNOWN_PLACES)
def curious(request: pytest.FixtureRequest, major: str) -> Iterator[Server]:
    """A server with one of these settings."""
    settings, _since = PLACES[request.param]
    with running(major, settings=[*ALWAYS, *settings]) as server:
        server.execute("CREATE EXTENSION pg_stat_statements")
        yield server


@contextlib.contextmanager
def fresh_database(server: Server) -> Iterator[Site]:
    """A database with a table."""
    own = Site(server)
    own.run("CREATE SCHEMA sales; CREATE TABLE sales.t()")
    try:
        yield own
    finally:
        own.clean_up()


@pytest.fixture
def site(curious: Server) -> Iterator[Site]:
    """A fresh database on the server with these settings."""
    with fresh_database(curious) as own:
        yield own


def seen(site: Site, position: int) -> list[str]:
    """Return the places in which a verifier appears."""
    log = site.server.logged()[position:]
    statements = str(site.server.execute("SELECT query FROM pg_stat_statements"))
    activity = str(site.server.execute("SELECT query FROM pg_stat_activity"))
    texts = {"log": log, "pg_stat_statements": statements, "pg_stat_activity": activity}
    return [place for place, text in texts.items() if STORED.search(text)]


def set_passwords(site: Site) -> int:
    """Set two passwords, and return where the server's log ended before."""
    options = superuser_options(site, databases=[{"name": site.database, "schemas": ["sales"]}])
    position = len(site.server.logged())
    for password in ("first p4ss", "second p4ss"):
        users = [{"name": site.user, "password": password}]
        assert run_module("access", {**options, "users": users}).ok().changed
    return position


def test_no_verifier_of_a_superuser_is_seen(site: Site) -> None:
    position = set_passwords(site)
    assert seen(site, position) == []


def test_a_verifier_that_is_not_kept_out_is_seen(site: Site) -> None:
    position = len(site.server.logged())
    site.run(f"CREATE ROLE {{}} PASSWORD 'md5{'0' * 32}'", site.user)
    assert {"log", "pg_stat_statements"} <= set(seen(site, position))


@pytest.mark.majorless
@pytest.mark.thorough
def test_pgaudit_redacts_every_password() -> None:
    """pgaudit redacts a statement with a password only if it is sent alone; otherwise it logs the whole message."""
    major, library = extension("pgaudit")
    with tempfile.TemporaryDirectory(prefix="mm-pgaudit-") as directory:
        Path(directory).chmod(0o755)  # the server runs as another user than root
        loaded = shutil.copy(library, directory)
        settings = [
            f"shared_preload_libraries={loaded},pg_stat_statements",
            "pgaudit.log=all",
            "pgaudit.log_catalog=on",
        ]
        with running(major, settings=settings) as server, fresh_database(server) as site:
            server.execute("CREATE EXTENSION pg_stat_statements")
            position = set_passwords(site)
            assert seen(site, position) == []
            log = site.server.logged()[position:]
            assert log.count("PASSWORD <REDACTED>") == 2
            site.run(f"SELECT 1; CREATE ROLE planted PASSWORD 'md5{'0' * 32}'; DROP ROLE planted")
            assert "log" in seen(site, position)
