# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotation: the new user sees at least what the old one sees before the old one loses LOGIN and its membership."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import psycopg2
import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.role_queries import (
    STARTING_PROCESSES,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.identifier import quoted

from tests.support.modules.access import superuser_options
from tests.support.patience import eventually
from tests.support.postgres.site import Site
from tools.runners.modules import Outcome, run_module

HOSTILE = "we\"ird.näme'; --"


class Place:
    """A database with a schema that the first user can read."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.first = site.user
        self.second = site.role_name("metamapper'2")
        for schema in ("sales", HOSTILE):
            site.run("CREATE SCHEMA {}", schema)
            site.run("CREATE TABLE {}.t (id int)", schema)
        self.access(self.first).ok()

    def access(self, user: str, *retired: str, check: bool = False, **changes: Any) -> Outcome:
        """Grant access to a user, and retire others."""
        site = self.site
        options = {
            **superuser_options(site),
            "users": [
                {"name": user, "password": site.password},
                *({"name": name, "state": "retired"} for name in retired),
            ],
            "databases": [{"name": site.database, "schemas": ["sales"]}],
        }
        return run_module("access", {**options, **changes}, check=check)

    def can_login(self, user: str) -> bool:
        """Tell whether a user can log in with its password."""
        try:
            with self.site.login(user):
                return True
        except psycopg2.OperationalError:
            return False

    def is_member(self, user: str) -> bool:
        """Tell whether a user is a member of the group."""
        query = (
            "SELECT 1 FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles g ON g.oid = a.roleid"
            " JOIN pg_catalog.pg_roles m ON m.oid = a.member WHERE g.rolname = %s AND m.rolname = %s"
        )
        return bool(self.site.server.execute(query, parameters=[self.site.group, user]))


@pytest.fixture
def place(site: Site) -> Place:
    """A database to which the first user has access."""
    return Place(site)


def test_the_new_user_works_and_the_old_one_does_not(place: Place) -> None:
    planned = place.access(place.second, place.first, check=True).ok()
    assert place.can_login(place.first)
    done = place.access(place.second, place.first).ok()
    assert done.statements == planned.statements
    assert (place.can_login(place.first), place.is_member(place.first)) == (False, False)
    assert (place.can_login(place.second), place.is_member(place.second)) == (True, True)
    again = place.access(place.second, place.first).ok()
    assert (again.changed, again.statements) == (False, [])


def test_a_retired_user_that_does_not_exist_is_fine(place: Place) -> None:
    place.access(place.second, place.first, place.site.role_name("never")).ok()
    assert not place.can_login(place.first)


@pytest.mark.parametrize("check", [True, False], ids=["check mode", "applied"])
def test_a_retired_user_that_is_misspelled_is_noted(place: Place, check: bool) -> None:
    done = place.access(place.second, f"{place.first}_", check=check).ok()
    (note,) = done.warnings
    assert f"Did you mean {quoted(place.first)}?" in note


@pytest.mark.parametrize("is_known", [False, True], ids=["a new user", "a user that is there already"])
def test_nobody_retires_while_the_new_user_sees_less(place: Place, is_known: bool) -> None:
    if is_known:
        place.access(place.second).ok()
    place.site.run("GRANT USAGE ON SCHEMA {} TO {}", HOSTILE, place.first)
    place.site.run("GRANT SELECT ON {}.t TO {}", HOSTILE, place.first)
    refused = place.access(place.second, place.first)
    assert refused.failed
    (problem,) = refused["problems"]
    assert "sees what" in problem["message"]
    assert problem["object"] == '"we""ird.näme\'; --"."t"'
    assert (place.can_login(place.first), place.is_member(place.first)) == (True, True)
    place.site.run("REVOKE SELECT ON {}.t FROM {}", HOSTILE, place.first)
    assert place.access(place.second, place.first).ok().changed
    assert not place.can_login(place.first)


def test_what_is_seen_in_another_database_counts_too(place: Place) -> None:
    other = place.site.create_database("other")
    place.site.run("CREATE SCHEMA x; CREATE TABLE x.t (id int)", database=other)
    place.site.run("GRANT USAGE ON SCHEMA x TO {}", place.first, database=other)
    place.site.run("GRANT SELECT ON x.t TO {}", place.first, database=other)
    refused = place.access(place.second, place.first)
    assert refused["problems"][0]["database"] == other
    assert place.can_login(place.first)


def test_a_membership_of_another_grantor_goes_too(place: Place) -> None:
    site = place.site
    deputy = site.create_role("deputy", "CREATEROLE")
    site.run("GRANT {} TO {} WITH ADMIN OPTION", site.group, deputy)
    site.run_as(deputy, "GRANT {} TO {}", site.group, place.first)
    place.access(place.second, place.first).ok()
    assert not place.is_member(place.first)


def test_a_user_cannot_be_both(place: Place) -> None:
    refused = place.access(place.first, place.first)
    assert "listed more than once" in refused["msg"]


def test_somebody_has_to_take_the_place(place: Place) -> None:
    refused = place.access(place.second, users=[{"name": place.first, "state": "retired"}])
    assert "no present user to take their place" in refused["msg"]
    assert place.can_login(place.first)


def test_a_role_that_is_more_than_a_reader_does_not_retire_by_a_slip(place: Place) -> None:
    manager = place.site.create_role("manager", "LOGIN CREATEDB")
    refused = place.access(place.second, manager)
    assert "more than a plain reader" in refused["msg"]
    assert place.site.run("SELECT rolcanlogin FROM pg_catalog.pg_roles WHERE rolname LIKE 'manager%'") == [(True,)]


@pytest.mark.parametrize("ends", [False, True], ids=["they stay", "they are ended"])
def test_with_a_session_open_the_login_goes_and_the_membership_waits(place: Place, ends: bool) -> None:
    with place.site.login(place.first):
        planned = place.access(place.second, place.first, check=True, end_connections=ends).ok()
        done = place.access(place.second, place.first, end_connections=ends).ok()
        assert not place.can_login(place.first)
        assert place.is_member(place.first) is not ends
        assert any("sessions open" in warning for warning in done.warnings) is not ends
        assert len(done.statements) == len(planned.statements)
        if not ends:
            again = place.access(place.second, place.first).ok()
            assert (again.changed, place.is_member(place.first)) == (False, True)
    if not ends:
        assert place.access(place.second, place.first).ok().changed
        assert not place.is_member(place.first)
    assert not place.access(place.second, place.first).ok().changed


def test_a_session_that_is_starting_keeps_the_membership(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = "ansible_collections.metamapper.postgresql.plugins.module_utils._access.apply_roles"
    monkeypatch.setattr(f"{steps}.SECONDS_FOR_SESSIONS_TO_START", 0.2)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(f"{steps}.inspect_starting", lambda _session: 1)  # such a session does not show its role
        done = place.access(place.second, place.first).ok()
    assert (place.can_login(place.first), place.is_member(place.first)) == (False, True)
    assert any("sessions are starting" in warning for warning in done.warnings)
    assert place.access(place.second, place.first).ok().changed
    assert not place.is_member(place.first)


def test_a_session_that_is_starting_is_seen(place: Place) -> None:
    server = place.site.server
    with contextlib.closing(server.connect()) as admin, contextlib.closing(server.connect()) as holder:
        with holder.cursor() as lock:
            lock.execute("BEGIN; LOCK TABLE pg_catalog.pg_db_role_setting IN ACCESS EXCLUSIVE MODE")
            login = threading.Thread(target=place.can_login, args=[place.first])  # it waits after the password check
            login.start()
            eventually(lambda: processes_of(admin, place.first) > 0, 10)
            seen = processes_of(admin, place.first)
            lock.execute("ROLLBACK")
        login.join(10)
    assert seen == 1


def processes_of(connection: Any, user: str) -> int:
    """Return how many sessions a user has, and sessions that are starting."""
    with connection.cursor() as cursor:
        cursor.execute(STARTING_PROCESSES)
        (starting,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usename = %s", [user])
        return int(starting + cursor.fetchone()[0])
