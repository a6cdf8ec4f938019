# SPDX-License-Identifier: GPL-3.0-or-later
"""At no moment does a scan by the user succeed and see less than before: Metamapper would hide documentation."""

from __future__ import annotations

from typing import Any, Callable
from unittest import mock

import pytest

from tests.support.modules.access import version
from tests.support.postgres.metamapper import Seen, scan_as
from tests.support.postgres.site import Site
from tools.runners.modules import Outcome, run_module

SESSION = "ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session.Session._send"
SERVER_FACTS = "ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts.ServerFacts"
# Names that need quoting, and with which Metamapper's own query works although it does not quote them.
SCHEMAS = ('a-b"c', "ord'er", "été;--")

WRITES = ("GRANT", "REVOKE", "ROLE")


class Watched:
    """Two databases, and a scan of each one after every statement of the module that changes something."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.owner = site.create_role("own'er\"")
        self.databases = [site.create_database(name) for name in ("first", "second")]
        self.scans = 0
        self.seen: dict[str, Seen] = dict.fromkeys(self.databases)
        self.losses: list[str] = []
        for database in self.databases:
            for schema in SCHEMAS:
                self.run(database, "CREATE SCHEMA {} AUTHORIZATION {}", schema, self.owner)
                self.run(database, "SET ROLE {}; CREATE TABLE {}.t(id int); CREATE VIEW {}.v AS SELECT 1 AS id",
                         self.owner, schema, schema)  # fmt: skip

    def run(self, database: str, script: str, *names: str) -> None:
        """Run statements as the superuser."""
        self.site.run(script, *names, database=database)

    def options(self) -> dict[str, Any]:
        """Return options of module access."""
        server = self.site.server
        return {
            "login_host": server.host,
            "login_port": server.port,
            "login_password": server.password,
            "group": self.site.group,
            "users": [{"name": self.site.user, "password": self.site.password}],
            "databases": [{"name": name, "schemas": list(SCHEMAS)} for name in self.databases],
        }

    def scan(self, moment: str) -> None:
        """Scan as Metamapper does; record a loss if the scan succeeds but sees less than the last successful one."""
        for database in self.databases:
            server = self.site.server
            found = scan_as(
                host=server.host,
                port=server.port,
                dbname=database,
                user=self.site.user,
                password=self.site.password,
            )
            self.scans += found is not None
            known = self.seen[database]
            if known is not None and found is not None and not known <= found:
                self.losses.append(f"{database} after {moment}: lost {sorted(known - found)}")
            self.seen[database] = found if found is not None else known

    def access(self, **changes: Any) -> Outcome:
        """Run the module, statement by statement, with scans in between."""

        def send(session: Any, statements: Any) -> Any:
            opening = [session.connection.text(statement) for statement in session._opening]
            session._opening = []
            session.round_trips += 1
            for text in (*opening, *statements):
                result = session.connection.execute(text, 60.0)
                if session.connection._raw.info.transaction_status == 0 or any(word in text for word in WRITES):
                    self.scan(text[:80])
            return result

        self.scan("the beginning")
        with mock.patch(SESSION, send):
            outcome = run_module("access", {**self.options(), **changes}).ok()
        self.scan("the end")
        return outcome


@pytest.fixture
def watched(site: Site) -> Watched:
    """Two databases in which every change is watched."""
    return Watched(site)


def granted(watched: Watched) -> None:
    run_module("access", watched.options()).ok()


def user_without_membership(watched: Watched) -> None:
    site = watched.site
    site.create_role_exactly(site.user, site.password)
    for database in watched.databases:
        watched.run(database, "GRANT USAGE ON SCHEMA {} TO {}", SCHEMAS[0], site.user)
        watched.run(database, "GRANT SELECT ON {}.t TO {}", SCHEMAS[0], site.user)


def noinherit(watched: Watched) -> None:
    granted(watched)
    site = watched.site
    site.run("ALTER ROLE {} NOINHERIT", site.user)
    if version(site.server) >= 160000:
        site.run("GRANT {} TO {} WITH INHERIT FALSE", site.group, site.user)


def table_added(watched: Watched) -> None:
    granted(watched)
    for database in watched.databases:
        watched.run(database, "CREATE TABLE {}.added(id int)", SCHEMAS[1])
        watched.run(database, "CREATE TABLE {}.added(id int)", SCHEMAS[0])


def usage_lost(watched: Watched) -> None:
    granted(watched)
    for database in watched.databases:
        watched.run(database, "REVOKE USAGE ON SCHEMA {} FROM {}", SCHEMAS[0], watched.site.group)


def all_privileges_lost(watched: Watched) -> None:
    granted(watched)
    for database in watched.databases:
        watched.run(database, "REVOKE ALL ON ALL TABLES IN SCHEMA {} FROM {}", SCHEMAS[2], watched.site.group)
        watched.run(database, "REVOKE ALL ON SCHEMA {} FROM {}", SCHEMAS[2], watched.site.group)


def nologin_and_wrong_password(watched: Watched) -> None:
    granted(watched)
    watched.site.run("ALTER ROLE {} NOLOGIN PASSWORD 'another'", watched.site.user)


def group_with_other_privileges(watched: Watched) -> None:
    granted(watched)
    for database in watched.databases:
        watched.run(database, "CREATE SCHEMA extra; CREATE TABLE extra.t(id int)")
        watched.run(database, "GRANT USAGE ON SCHEMA extra TO {0}; GRANT SELECT ON extra.t TO {0}", watched.site.group)


def second_database_only(watched: Watched) -> None:
    everything = watched.options()
    everything["databases"] = everything["databases"][1:]
    run_module("access", everything).ok()


STARTS: dict[str, Callable[[Watched], None]] = {
    "nothing": lambda watched: None,
    "granted": granted,
    "user-without-membership": user_without_membership,
    "noinherit": noinherit,
    "table-added": table_added,
    "usage-lost": usage_lost,
    "all-privileges-lost": all_privileges_lost,
    "nologin-and-wrong-password": nologin_and_wrong_password,
    "group-with-other-privileges": group_with_other_privileges,
    "second-database-only": second_database_only,
}


@pytest.mark.parametrize("start", STARTS)
def test_no_scan_that_succeeds_sees_less_than_before(watched: Watched, start: str) -> None:
    STARTS[start](watched)
    watched.access()
    assert watched.losses == []
    # In the end both databases are seen entirely: the scans above did not all fail.
    for database in watched.databases:
        seen = watched.seen[database] or frozenset()
        assert {(schema, name, "id") for schema in SCHEMAS for name in ("t", "v")} <= seen


def test_the_first_scan_that_succeeds_sees_everything(watched: Watched) -> None:
    watched.access()
    assert watched.scans > 0
    run_again = watched.access()
    assert not run_again.changed
    assert watched.losses == []


@pytest.mark.parametrize("limit", [None, 1], ids=["one-transaction", "small-transactions"])
def test_while_access_is_taken_back_no_scan_succeeds_with_less(watched: Watched, limit: int | None) -> None:
    watched.access()
    scans = watched.scans
    with mock.patch(f"{SERVER_FACTS}.names_per_transaction", limit):
        removed = watched.access(state="absent")
    assert removed.changed
    assert watched.losses == []
    # Scans saw everything until the user lost LOGIN; later ones failed, which hides nothing.
    assert watched.scans > scans
