# SPDX-License-Identifier: GPL-3.0-or-later
"""Metadata mode: every column is visible, no row can be read, and one run changes from one mode to the other."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest

from tests.support.modules.access import superuser_options
from tests.support.postgres.site import Site
from tools.runners.modules import Outcome, run_module

HOSTILE = "we\"ird.näme'; --"


class Place:
    """A database with two schemas, in which the group cannot create anything."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.owner = site.create_role("owner")
        site.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        for schema in ("sales", HOSTILE):
            site.run("CREATE SCHEMA {} AUTHORIZATION {}", schema, self.owner)
            site.run_as(self.owner, "CREATE TABLE {}.t (id int, name text)", schema)
            site.run_as(self.owner, "CREATE VIEW {}.v AS SELECT 1 AS one", schema)
            site.run_as(self.owner, "CREATE MATERIALIZED VIEW {}.m AS SELECT 1 AS one", schema)
            site.run_as(
                self.owner, "CREATE TABLE {}.p (id int) PARTITION BY LIST (id)", schema
            ) if self.partitions else None

    @property
    def partitions(self) -> bool:
        """Whether the server supports partitioned tables."""
        return float(self.site.server.major) >= 10

    def access(self, *, check: bool = False, metadata_schemas: tuple[str, ...] = (), **changes: Any) -> Outcome:
        """Run the module on both schemas."""
        site = self.site
        entry: dict[str, Any] = {"name": site.database, "schemas": ["sales", HOSTILE], "accept_breaks_scan": True}
        entry["metadata_schemas"] = list(metadata_schemas)
        options = {
            **superuser_options(site),
            "users": [{"name": site.user, "password": site.password}],
            "databases": [{**entry, "metadata_schemas": list(metadata_schemas)}],
        }
        return run_module("access", {**options, **changes}, check=check)

    def seen(self) -> set[tuple[str, str]]:
        """Return the tables and views that the user sees."""
        with self.site.login() as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT table_schema, table_name FROM information_schema.columns"
                " WHERE table_schema = ANY (%s)",
                [["sales", HOSTILE]],
            )
            return set(cursor.fetchall())

    def readable(self) -> set[str]:
        """Return the schemas in which at least one relation can be read; tries each relation."""
        found = set()
        with self.site.login() as connection, connection.cursor() as cursor:
            for schema in ("sales", HOSTILE):
                for relation in ("t", "v", "m", *(["p"] if self.partitions else []), *self.tomorrow):
                    quoted = schema.replace('"', '""')
                    try:
                        cursor.execute(f'SELECT * FROM "{quoted}".{relation}')
                        found.add(schema)
                    except psycopg2.errors.InsufficientPrivilege:
                        pass
        return found

    tomorrow: tuple[str, ...] = ()

    def create_tomorrow(self) -> None:
        """Create a table in each schema, after the last run of the module."""
        self.tomorrow = ("tomorrow",)
        for schema in ("sales", HOSTILE):
            self.site.run_as(self.owner, "CREATE TABLE {}.tomorrow (id int)", schema)


@pytest.fixture
def place(site: Site) -> Place:
    """A database with the two schemas."""
    return Place(site)


EVERYTHING = {(schema, name) for schema in ("sales", HOSTILE) for name in ("t", "v")}


def test_everything_is_seen_and_nothing_is_read(place: Place) -> None:
    assert place.access(privilege="metadata").ok().changed
    place.create_tomorrow()
    assert place.seen() >= EVERYTHING | {("sales", "tomorrow"), (HOSTILE, "tomorrow")}
    assert place.readable() == set()
    assert not place.access(privilege="metadata").ok().changed


def test_one_sensitive_schema(place: Place) -> None:
    place.access(metadata_schemas=(HOSTILE,)).ok()
    place.create_tomorrow()
    assert place.seen() >= EVERYTHING
    assert place.readable() == {"sales"}
    assert not place.access(metadata_schemas=(HOSTILE,)).ok().changed


@pytest.mark.parametrize(
    ("first", "second", "readable"),
    [
        pytest.param({}, {"privilege": "metadata"}, set(), id="select to metadata"),
        pytest.param({"privilege": "metadata"}, {}, {"sales", HOSTILE}, id="metadata to select"),
        pytest.param({}, {"metadata_schemas": (HOSTILE,)}, {"sales"}, id="one schema becomes sensitive"),
        pytest.param({"metadata_schemas": (HOSTILE,)}, {}, {"sales", HOSTILE}, id="it is sensitive no more"),
        pytest.param(
            {"metadata_schemas": (HOSTILE,)}, {"metadata_schemas": ("sales",)}, {HOSTILE}, id="the other one instead"
        ),
    ],
)
def test_a_change_of_mode_converges_in_one_run(
    place: Place, first: dict[str, Any], second: dict[str, Any], readable: set[str]
) -> None:
    place.access(**first).ok()
    planned = place.access(check=True, **second).ok()
    done = place.access(**second).ok()
    assert planned.statements == done.statements
    assert planned["after"]["databases"] == done["after"]["databases"]
    place.create_tomorrow()
    assert place.seen() >= EVERYTHING
    assert place.readable() == readable
    again = place.access(**second).ok()
    assert (again.changed, again.statements) == (False, [])


def test_what_makes_references_dangerous_is_refused(place: Place) -> None:
    place.site.run("GRANT CREATE ON SCHEMA {} TO PUBLIC", "public")
    refused = place.access(privilege="metadata")
    assert refused.failed
    (problem,) = refused["problems"]
    assert problem["statement"] == "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
    assert not place.site.server.execute(
        "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", parameters=[place.site.group]
    )
    place.site.run(problem["statement"])
    assert place.access(privilege="metadata").ok().changed


def test_it_can_be_accepted_expressly(place: Place) -> None:
    place.site.run("GRANT CREATE ON SCHEMA {} TO PUBLIC", "public")
    assert place.access(privilege="metadata", accept_references=True).ok().changed


def test_a_slip_in_metadata_schemas_is_refused(place: Place) -> None:
    refused = place.access(metadata_schemas=("slaes",))
    assert refused.failed
    assert 'The entry "slaes" of metadata_schemas means none of the schemas listed' in refused["msg"]


def test_what_another_grantor_gave_goes_too(place: Place) -> None:
    site = place.site
    place.access().ok()
    deputy = site.create_role("deputy")
    site.run("GRANT USAGE ON SCHEMA sales TO {}", deputy)
    site.run("GRANT SELECT ON sales.t TO {} WITH GRANT OPTION", deputy)
    site.run_as(deputy, "GRANT SELECT ON sales.t TO {}", site.group)
    planned = place.access(check=True, privilege="metadata").ok()
    done = place.access(privilege="metadata").ok()
    assert done.statements == planned.statements
    assert place.readable() == set()
    assert not place.access(privilege="metadata").ok().changed


ROWS = {
    "a column, to the group": "GRANT SELECT (id) ON sales.t TO {0}",
    "a column, to the user": "GRANT SELECT (id) ON sales.t TO {1}",
    "a relation, to the user": "GRANT SELECT ON sales.t TO {1}",
    "future relations, to the user": "ALTER DEFAULT PRIVILEGES FOR ROLE {2} IN SCHEMA sales"
    " GRANT SELECT ON TABLES TO {1}",
}


@pytest.mark.parametrize("statement", ROWS.values(), ids=ROWS)
def test_what_lets_rows_be_read_is_revoked(place: Place, statement: str) -> None:
    place.access(privilege="metadata").ok()
    site = place.site
    site.run(statement, site.group, site.user, place.owner)
    planned = place.access(check=True, privilege="metadata").ok()
    assert planned.changed
    assert place.access(privilege="metadata").ok().statements == planned.statements
    place.create_tomorrow()
    assert place.readable() == set()
    assert not place.access(privilege="metadata").ok().changed
