# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the module waits for the server, and how many statements it runs: neither grows with the objects."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.postgres.site import Site
from tools.postgres.proxy import Proxy, proxy
from tools.runners.modules import Outcome, run_module

DELAY_SECONDS = 0.05
UNCHANGED = 3
# For the server as a whole, a superuser also queries the stored verifier.
UNCHANGED_SERVER = 4
CHANGED = 12
# A statement with a password is sent alone; a setting that takes effect at BEGIN is set before and reset after COMMIT.
WITH_A_PASSWORD = 4


def options(site: Site, through: Proxy, databases: list[str]) -> dict[str, Any]:
    """Return options of module access, through a proxy."""
    return {
        "login_host": "127.0.0.1",
        "login_port": through.port,
        "login_password": site.server.password,
        "ssl_mode": "disable",
        "group": site.group,
        "users": [{"name": site.user, "password": site.password}],
        "databases": [{"name": name, "schemas": ["s*"]} for name in databases],
    }


def fill(site: Site, database: str, *, schemas: int, tables: int = 3) -> None:
    """Create schemas with tables."""
    script = """
    DO $$ BEGIN
      FOR s IN 1..{schemas} LOOP
        EXECUTE format('CREATE SCHEMA "s''%s"', s);
        FOR t IN 1..{tables} LOOP EXECUTE format('CREATE TABLE "s''%s"."t""%s"(id int)', s, t); END LOOP;
      END LOOP;
    END $$"""
    site.run(script.replace("{schemas}", str(schemas)).replace("{tables}", str(tables)), database=database)


def counted(site: Site, databases: list[str], *, delay_seconds: float = 0.0) -> tuple[Outcome, list[int], float]:
    """Run the module through a proxy; return outcome, round trips of each connection, and duration in seconds."""
    with proxy(site.server.host, site.server.port, delay_seconds=delay_seconds) as between:
        start = time.monotonic()
        outcome = run_module("access", options(site, between, databases)).ok()
        return outcome, between.round_trips, time.monotonic() - start


@pytest.mark.parametrize("count", [1, 3])
def test_at_most_three_a_database_when_nothing_changes_and_twelve_when_something_does(site: Site, count: int) -> None:
    databases = [site.create_database(f"d'b\" {number}") for number in range(count)]
    for database in databases:
        fill(site, database, schemas=2)
    made, first, _seconds = counted(site, databases)
    assert made.changed
    # The connections: server, inspection of each database, group, writing to each database, users.
    looks, writes = first[1 : 1 + count], first[2 + count : 2 + 2 * count]
    assert len(first) == 2 * count + 3
    assert first[0] <= UNCHANGED
    assert [look + write <= CHANGED for look, write in zip(looks, writes)] == [True] * count
    assert first[0] + first[1 + count] + first[-1] <= CHANGED + WITH_A_PASSWORD
    again, second, _seconds = counted(site, databases)
    assert not again.changed
    # One connection more is the test login of the user, which sends no query.
    assert len(second) == count + 2
    assert sorted(second)[0] == 0
    assert second[0] <= UNCHANGED_SERVER
    assert max(second[1:]) <= UNCHANGED


def test_the_seconds_behind_a_slow_line_are_those_of_the_round_trips(site: Site) -> None:
    fill(site, site.database, schemas=20)
    counted(site, [site.database])
    again, trips, seconds = counted(site, [site.database], delay_seconds=DELAY_SECONDS)
    assert not again.changed
    # Each login takes a few round trips of its own; nothing else may wait.
    turns_of_logins = 6 * len(trips)
    assert seconds < (sum(trips) + turns_of_logins) * 2 * DELAY_SECONDS + 1


def test_round_trips_and_statements_do_not_grow_with_schemas_and_tables(site: Site) -> None:
    few, many = site.create_database("few"), site.create_database("many")
    fill(site, few, schemas=2)
    fill(site, many, schemas=200, tables=5)
    for_few, trips_for_few, _seconds = counted(site, [few])
    site.run("DROP ROLE {}", site.user, database="postgres")
    for_many, trips_for_many, _seconds = counted(site, [many])
    # One statement less for the group, which exists, and one more because 1,000 tables take two statements of 500.
    assert len(for_many.statements) == len(for_few.statements) - 1 + 1
    # Before there is a role, the survey does not ask what they hold.
    assert (trips_for_many[1], trips_for_many[2]) == (trips_for_few[1] + 1, trips_for_few[3])
    again, trips, _seconds = counted(site, [many])
    assert (again.changed, trips[0] <= UNCHANGED_SERVER, max(trips[1:]) <= UNCHANGED) == (False, True, True)
