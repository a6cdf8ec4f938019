"""The verifier is in no log and no statistics that the session can keep it out of: it is planted, and looked for."""

from __future__ import annotations

import os
import re
from typing import Iterator

import pytest

from tests.support.postgres.site import Site
from tools.postgres.server import DEFAULT_MAJOR, Server, running
from tools.runners.modules import run_module

MAJOR = float(os.environ.get("MM_PG") or DEFAULT_MAJOR)
STORED = re.compile(r"SCRAM-SHA-256\$\d|md5[0-9a-f]{32}")
ALWAYS = ["shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track_utility=on"]
# Where a verifier would be seen: the settings, and since which major.
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
    """A server that logs in one of the ways."""
    settings, _since = PLACES[request.param]
    with running(major, settings=[*ALWAYS, *settings]) as server:
        server.execute("CREATE EXTENSION pg_stat_statements")
        yield server


@pytest.fixture
def site(curious: Server) -> Iterator[Site]:
    """A fresh database there."""
    own = Site(curious)
    own.run("CREATE SCHEMA sales; CREATE TABLE sales.t()")
    try:
        yield own
    finally:
        own.clean_up()


def seen(site: Site, position: int) -> list[str]:
    """Return where a verifier is seen."""
    log = site.server.logged()[position:]
    statements = str(site.server.execute("SELECT query FROM pg_stat_statements"))
    activity = str(site.server.execute("SELECT query FROM pg_stat_activity"))
    texts = {"log": log, "pg_stat_statements": statements, "pg_stat_activity": activity}
    return [place for place, text in texts.items() if STORED.search(text)]


def test_no_verifier_of_a_superuser_is_seen(site: Site) -> None:
    options = {
        "login_host": site.server.host,
        "login_port": site.server.port,
        "login_password": site.server.password,
        "group": site.group,
        "databases": [{"name": site.database, "schemas": ["sales"]}],
    }
    position = len(site.server.logged())
    for password in ("first p4ss", "second p4ss"):
        users = [{"name": site.user, "password": password}]
        assert run_module("access", {**options, "users": users}).ok().changed
    assert seen(site, position) == []


def test_a_verifier_that_is_not_kept_out_is_seen(site: Site) -> None:
    position = len(site.server.logged())
    site.run(f"CREATE ROLE {{}} PASSWORD 'md5{'0' * 32}'", site.user)
    assert {"log", "pg_stat_statements"} <= set(seen(site, position))
