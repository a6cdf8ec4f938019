# SPDX-License-Identifier: GPL-3.0-or-later
"""Every wait is bounded: a blocking lock ends the check of its database, and the finding names the lock's holder."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Iterator

import pytest

from tests.support.modules.visibility import found, look, make_reader
from tests.support.patience import soon
from tests.support.postgres.site import Site
from tools.postgres.server import running


@pytest.fixture
def reader(site: Site) -> Site:
    """A site with group and user, and a table with a default, a key and a view that they may read."""
    make_reader(site)
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.t (id serial PRIMARY KEY, note text DEFAULT 'x')")
    site.run("CREATE TABLE sales.u ()")
    site.run("CREATE VIEW sales.v AS SELECT id FROM sales.t")
    site.run("GRANT USAGE ON SCHEMA sales TO {}; GRANT SELECT ON sales.t, sales.v TO {}", site.group, site.group)
    return site


@contextlib.contextmanager
def holding(site: Site, statement: str) -> Iterator[Any]:
    """Hold a statement's locks for the length of a with block, as an application with a name."""
    connection = site.server.connect(site.database, application_name="nightly load")
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(statement)
        yield connection.info.backend_pid
        cursor.execute("ROLLBACK")


LOCKS = {
    "a table": "LOCK TABLE sales.t IN ACCESS EXCLUSIVE MODE",
    "truncate": "TRUNCATE sales.t, sales.u",
    "a catalog": "LOCK TABLE pg_catalog.pg_description IN ACCESS EXCLUSIVE MODE",
    "a catalog that the check reads": "LOCK TABLE pg_catalog.pg_default_acl IN ACCESS EXCLUSIVE MODE",
}


@pytest.mark.parametrize("statement", LOCKS.values(), ids=LOCKS.keys())
def test_a_lock_in_the_way_is_a_failure_that_names_its_holder(reader: Site, statement: str) -> None:
    other = reader.create_database("other")
    entries = [{"name": name, "schemas": ["*"], "allow_empty": True} for name in (reader.database, other)]
    with holding(reader, statement) as process:
        started = time.monotonic()
        outcome = look(reader, databases=entries, lock_timeout_ms=300)
        assert time.monotonic() - started < 10 * soon()
    failures = found(outcome, "connection", "failure")
    if not failures:  # this version needs no such lock
        assert {one["name"]: one["status"] for one in outcome["databases"]}[reader.database] != "failure"
        return
    (one,) = failures
    assert one["database"] == reader.database
    assert all(word in one["reason"] for word in (f"Process {process}", '"postgres"', '"nightly load"'))
    assert f"pg_terminate_backend({process})" in one["remedy"]
    (end,) = (remedy["statements"] for remedy in one["remedies"] if "statements" in remedy)
    assert len(end) == 1  # however many relations the process has locked
    statuses = {one["name"]: one["status"] for one in outcome["databases"]}
    assert statuses[other] != "failure"
    assert "missing" in outcome["not_checked"][-1]["aspects"] + outcome["not_checked"][0]["aspects"]


def test_a_lock_that_everybody_waits_for_is_found(reader: Site) -> None:
    with holding(reader, LOCKS["a catalog that the check reads"]):
        assert found(look(reader, "sales", lock_timeout_ms=100), "connection", "failure")
    look(reader, "sales", lock_timeout_ms=100).ok()


@pytest.mark.thorough
def test_a_prepared_transaction_that_holds_a_lock_is_named_with_what_ends_it(major: str) -> None:
    with running(major, settings=["max_prepared_transactions=2"]) as server:
        site = Site(server)
        make_reader(site)
        with contextlib.closing(server.connect(site.database)) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(LOCKS["a catalog that the check reads"])
            cursor.execute("PREPARE TRANSACTION 'for''got'")
        (one,) = found(look(site, "sales", lock_timeout_ms=100), "connection", "failure")
        assert 'The prepared transaction "for\'got" (role "' in one["reason"]
        (end,) = (statement for remedy in one["remedies"] for statement in remedy.get("statements", []))
        server.execute(end, database=site.database)
        assert not found(look(site, "sales"), "connection", "failure")


@pytest.mark.parametrize("milliseconds", [1, 2, 100_000])
@pytest.mark.parametrize("where", ["ALTER ROLE {} SET", "ALTER DATABASE {} SET"])
def test_a_time_limit_of_the_login_that_a_scan_reaches_breaks_it(reader: Site, where: str, milliseconds: int) -> None:
    many = "CREATE TABLE sales.more{n} (a int, b int, c int); GRANT SELECT ON sales.more{n} TO PUBLIC;"
    reader.run("".join(many.format(n=number) for number in range(100)))
    reader.run(f"{where} statement_timeout = {milliseconds}", reader.user if "ROLE" in where else reader.database)
    failures = found(look(reader, "sales"), "breaks_scan", "failure")
    assert len(failures) == (milliseconds < 100)
    for statement in (one for failure in failures for remedy in failure["remedies"] for one in remedy["statements"]):
        reader.server.execute(statement)  # in another database, because the limit in this one applies to every role
    look(reader, "sales").ok()
