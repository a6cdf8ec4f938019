# SPDX-License-Identifier: GPL-3.0-or-later
"""Exclusive mode revokes the extraneous privileges of group and users, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.modules.access import superuser_options
from tests.support.postgres.acls import acls
from tests.support.postgres.site import Site
from tools.runners.modules import Outcome, run_module, start_module

HOSTILE = "we\"ird.näme'; --"


class Place:
    """A database with a listed schema and one with a hostile name that used to be listed."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.owner = site.create_role("owner")
        for schema in ("sales", HOSTILE):
            site.run("CREATE SCHEMA {} AUTHORIZATION {}", schema, self.owner)
            site.run_as(self.owner, "CREATE TABLE {}.t (id serial, name text)", schema)

    def access(self, *schemas: str, check: bool = False, diff: bool = False, **changes: Any) -> Outcome:
        """Run the module in exclusive mode; on schema sales, unless others are named."""
        return run_module("access", {**self.options(*schemas), **changes}, check=check, diff=diff)

    def options(self, *schemas: str) -> dict[str, Any]:
        """Return the options of such a run."""
        site = self.site
        return {
            **superuser_options(site),
            "users": [{"name": site.user, "password": site.password}],
            "databases": [{"name": site.database, "schemas": list(schemas or ("sales",)), "accept_breaks_scan": True}],
            "exclusive": True,
        }

    def held(self) -> set[tuple[str, str]]:
        """Return what pg_shdepend records about grants to group or user: the role and a description of the object."""
        rows = self.site.run(
            "SELECT r.rolname::text, pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)"
            " FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid"
            " WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'a'"
        )
        return {row for row in rows if row[0] in (self.site.group, self.site.user)}

    def acls(self) -> Any:
        """Return all ACLs of the database and all of the whole server."""
        return acls(self.site.server, self.site.database)


@pytest.fixture
def place(site: Site) -> Place:
    """A database with the two schemas."""
    return Place(site)


def test_narrowing_the_list_takes_back_exactly_that_schema(place: Place) -> None:
    place.access().ok()
    narrow = place.held()
    place.access("sales", HOSTILE).ok()
    assert place.held() > narrow
    planned = place.access(check=True, diff=True).ok()
    assert planned.changed
    assert planned["disappears"] == [{"database": place.site.database, "schemas": [HOSTILE]}]
    assert "out of scope" in planned["diff"]["before"]
    assert place.held() > narrow
    done = place.access().ok()
    assert done.statements == planned.statements
    assert done["disappears"] == planned["disappears"]
    assert done["after"]["databases"] == planned["after"]["databases"]
    assert place.held() == narrow
    again = place.access().ok()
    assert (again.changed, again.statements, again["disappears"]) == (False, [], [])


BY_HAND = {
    "a privilege on a listed relation": "GRANT INSERT ON sales.t TO {}",
    "a column": "GRANT UPDATE (name) ON sales.t TO {}",
    "a sequence": "GRANT USAGE ON sales.t_id_seq TO {}",
    "CREATE on a listed schema": "GRANT CREATE ON SCHEMA sales TO {}",
    "a function": "GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) TO {}",
    "a default privilege of another kind": "ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT USAGE ON SEQUENCES TO {}",
    "a default privilege without a schema": "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {}",
    "CREATE on the database": "GRANT CREATE ON DATABASE {} TO {}",
}


@pytest.mark.parametrize("who", ["group", "user"])
@pytest.mark.parametrize("statement", BY_HAND.values(), ids=BY_HAND)
def test_what_was_granted_by_hand_is_taken_back(place: Place, statement: str, who: str) -> None:
    place.access().ok()
    exact = place.held()
    name = getattr(place.site, who)
    names = [place.site.database, name] if "DATABASE" in statement else [name]
    place.site.run(statement, *names)
    assert place.access().ok().changed
    assert place.held() == exact
    assert not place.access().ok().changed


def test_without_it_nothing_is_taken_back(place: Place) -> None:
    place.access().ok()
    place.site.run("GRANT INSERT ON sales.t TO {}", place.site.group)
    left = place.access(exclusive=False).ok()
    assert (left.changed, left["disappears"]) == (False, [])


def test_others_keep_what_they_have(place: Place) -> None:
    other = place.site.create_role("other")
    place.site.run("GRANT SELECT ON sales.t TO {}; GRANT SELECT ON sales.t TO PUBLIC", other)
    place.access().ok()
    acl = "SELECT relacl::text FROM pg_catalog.pg_class WHERE oid = 'sales.t'::regclass"
    before = place.site.run(acl)
    place.site.run("GRANT INSERT ON sales.t TO {}", place.site.group)
    place.access().ok()
    assert place.site.run(acl) == before


def test_what_another_grantor_gave_goes_too(place: Place) -> None:
    place.access().ok()
    exact = place.held()
    deputy = place.site.create_role("deputy")
    place.site.run("GRANT USAGE ON SCHEMA {} TO {} WITH GRANT OPTION", HOSTILE, deputy)
    place.site.run_as(deputy, "GRANT USAGE ON SCHEMA {} TO {}", HOSTILE, place.site.group)
    done = place.access().ok()
    assert f"SET LOCAL ROLE {deputy}" in done.statements
    assert place.held() == exact


def test_a_change_of_mode_takes_the_other_grantor_along(place: Place) -> None:
    place.site.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    place.access().ok()
    deputy = place.site.create_role("deputy")
    place.site.run("GRANT USAGE ON SCHEMA sales TO {}; GRANT SELECT ON sales.t TO {} WITH GRANT OPTION", deputy, deputy)
    place.site.run_as(deputy, "GRANT SELECT ON sales.t TO {}", place.site.group)
    assert place.access(privilege="metadata").ok().changed
    with place.site.login() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('sales.t', 'SELECT'), has_table_privilege('sales.t', 'REFERENCES')")
        assert cursor.fetchone() == (False, True)
    assert not place.access(privilege="metadata").ok().changed


OPTIONS = {
    "a relation": "GRANT SELECT ON sales.t TO {} WITH GRANT OPTION",
    "a schema": "GRANT USAGE ON SCHEMA sales TO {} WITH GRANT OPTION",
    "a default privilege": "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA sales"
    " GRANT SELECT ON TABLES TO {} WITH GRANT OPTION",
    "the database": "GRANT CONNECT ON DATABASE {database} TO {} WITH GRANT OPTION",
}


@pytest.mark.parametrize("statement", OPTIONS.values(), ids=OPTIONS)
def test_of_a_desired_privilege_the_grant_option_alone_goes(place: Place, statement: str) -> None:
    place.access().ok()
    acl = place.acls()
    site = place.site
    statement = statement.replace("{owner}", f'"{place.owner}"').replace("{database}", f'"{site.database}"')
    site.run(statement, site.group)
    assert place.acls() != acl
    planned = place.access(check=True).ok()
    done = place.access().ok()
    assert done.statements == planned.statements
    assert [text for text in done.statements if "REVOKE GRANT OPTION FOR" in text] == done.statements
    assert place.acls() == acl
    assert not place.access().ok().changed


def test_a_database_that_left_the_list_is_entered(place: Place) -> None:
    site = place.site
    other = site.create_database("other")
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.t (id int)", database=other)
    both = [{"name": name, "schemas": ["sales"]} for name in (site.database, other)]
    place.access(databases=both).ok()
    planned = place.access(check=True).ok()
    done = place.access().ok()
    assert done["disappears"] == [{"database": other, "schemas": ["sales"]}]
    assert (done.changed, done.statements) == (True, planned.statements)
    query = "SELECT 1 FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid JOIN pg_database b ON b.oid = d.dbid"
    parameters = [site.group, other]
    assert site.server.execute(query + " WHERE r.rolname = %s AND b.datname = %s", parameters=parameters) == []
    assert not place.access().ok().changed


def test_what_a_retired_user_holds_goes(place: Place) -> None:
    site = place.site
    old = site.create_role("old")
    site.run("GRANT USAGE ON SCHEMA {} TO {}; GRANT SELECT ON {}.t TO {}", HOSTILE, old, HOSTILE, old)
    users = [{"name": site.user, "password": site.password}, {"name": old, "state": "retired"}]
    assert place.access(users=users).ok().changed
    query = "SELECT 1 FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid WHERE r.rolname = %s"
    assert site.server.execute(query, parameters=[old]) == []
    assert not place.access(users=users).ok().changed


def test_usage_that_the_scan_needs_is_kept(place: Place) -> None:
    place.access().ok()
    site = place.site
    site.run("GRANT SELECT ON {}.t TO PUBLIC; GRANT USAGE ON SCHEMA {} TO {}", HOSTILE, HOSTILE, site.group)
    place.access().ok()
    usage = "SELECT has_schema_privilege(%s, %s, 'USAGE')"
    parameters = [site.group, HOSTILE]
    assert site.server.execute(usage, database=site.database, parameters=parameters) == [(True,)]
    assert not place.access().ok().changed
    site.run("GRANT USAGE ON SCHEMA {} TO PUBLIC", HOSTILE)
    assert place.access().ok().changed
    site.run("REVOKE USAGE ON SCHEMA {} FROM PUBLIC; REVOKE SELECT ON {}.t FROM PUBLIC", HOSTILE, HOSTILE)
    site.run("GRANT USAGE ON SCHEMA {} TO {}", HOSTILE, site.group)
    assert place.access().ok().changed
    assert site.server.execute(usage, database=site.database, parameters=parameters) == [(False,)]


def test_runs_with_different_lists_end_with_one_of_the_lists(place: Place) -> None:
    lists = [("sales",), (HOSTILE,)]
    ends = []
    for names in lists:
        place.access(*names).ok()
        ends.append(place.acls())
    for _round in range(3):
        processes = [start_module("access", place.options(*lists[number % 2])) for number in range(4)]
        results = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
        assert [result.get("msg") for result in results] == [None] * 4
        assert place.acls() in ends
