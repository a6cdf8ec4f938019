# SPDX-License-Identifier: GPL-3.0-or-later
"""Each remedy of access is run literally on a real server: afterwards its problem is gone, and there is no new one."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, Callable, Iterator

import pytest

from tests.support.modules.access import HOSTILE, Warehouse
from tests.support.modules.remedies import Scene, major_version, run_in_vain, run_literally
from tests.support.modules.removal import absent_options, tables_extension
from tests.support.postgres.certificates import Encrypted
from tests.support.postgres.site import Site
from tools.postgres.server import HBA, running
from tools.postgres.standby import standby_of


@dataclass(frozen=True)
class Place:
    """A warehouse and the operations on it."""

    warehouse: Warehouse
    scene: Scene

    def present(self, **changes: Any) -> None:
        """Run with state present, with some options changed."""
        self.scene.options.update(self.warehouse.options(**changes))

    def absent(self, **changes: Any) -> None:
        """Grant access, then revoke it, with some options changed."""
        self.warehouse.access().ok()
        self.scene.options.clear()
        self.scene.options.update(absent_options(self.warehouse, **changes))


Provoke = Callable[[Place], Any]


@dataclass(frozen=True)
class Row:
    """What causes a situation, whether the administrator is a superuser, and in which versions it can happen."""

    situation: str
    provoke: Provoke
    is_superuser: bool = False
    before: float = 999
    since: float = 0


def place_of(warehouse: Warehouse) -> Place:
    """Return a warehouse in which nothing is granted yet."""
    return Place(warehouse, Scene(warehouse.site, "access", {}))


@pytest.fixture
def hba(deputy_warehouse: Warehouse) -> Iterator[Warehouse]:
    """A warehouse; pg_hba.conf is restored at the end."""
    yield deputy_warehouse
    deputy_warehouse.server.hba(HBA)


def stranger(place: Place) -> str:
    """Return a role that is unrelated to the administrator."""
    return place.warehouse.site.create_role("stran'ger\"")


def owned_table(place: Place, owner: str) -> None:
    warehouse = place.warehouse
    warehouse.run("CREATE TABLE {}.foreign_one (id int)", warehouse.schema)
    warehouse.run("ALTER TABLE {}.foreign_one OWNER TO {}", warehouse.schema, owner)


def foreign_table(place: Place) -> None:
    place.present()
    owner = stranger(place)
    owned_table(place, owner)
    place.warehouse.run("GRANT USAGE ON SCHEMA {} TO {}", place.warehouse.schema, owner)


def member_who_owns(place: Place) -> None:
    """Let the owner of a table be a member of the administrator, through another role."""
    foreign_table(place)
    warehouse = place.warehouse
    between = warehouse.site.create_role('bet"ween')
    warehouse.run("GRANT {} TO {}", warehouse.admin.name, between)
    warehouse.run("GRANT {} TO {}", between, warehouse.site.role_name("stran'ger\""))


def table_of_an_owner_to_assume(place: Place) -> None:
    foreign_table(place)
    if major_version() >= 16:
        names = [place.scene.site.role_name("stran'ger\""), place.warehouse.admin.name]
        place.warehouse.run("GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE", *names)


def table_of_a_shut_out_owner(place: Place) -> None:
    place.present()
    owned_table(place, stranger(place))


def foreign_table_without_createrole(place: Place) -> None:
    foreign_table(place)
    place.warehouse.run("ALTER ROLE {} NOCREATEROLE", place.warehouse.admin.name)


def superusers_schema(place: Place) -> None:
    warehouse = place.warehouse
    warehouse.run("CREATE SCHEMA auth; CREATE TABLE auth.t (id int)")
    warehouse.run("CREATE SCHEMA plain AUTHORIZATION {}", warehouse.owner)
    place.present(databases=[warehouse.entry(schemas=["*"], exclude_schemas=["public"])])


def listed_superusers_schema(place: Place) -> None:
    superusers_schema(place)
    place.present(databases=[place.warehouse.entry(schemas=[place.warehouse.schema, "auth"])])


def foreign_creator(place: Place) -> None:
    warehouse = place.warehouse
    creator = stranger(place)
    warehouse.run("GRANT CREATE ON SCHEMA {} TO {}", warehouse.schema, creator)
    place.present(databases=[warehouse.entry(creators=[warehouse.owner, creator])])


def closed_schema(place: Place) -> None:
    warehouse = place.warehouse
    warehouse.run("CREATE SCHEMA closed; CREATE TABLE closed.t(id int)")
    warehouse.run("ALTER TABLE closed.t OWNER TO {}", warehouse.admin.name)
    warehouse.access().ok()
    warehouse.run("GRANT USAGE ON SCHEMA closed TO {}", warehouse.group)
    place.present(databases=[warehouse.entry(schemas=["closed"], creators=[])])


def creating_group(place: Place) -> None:
    place.warehouse.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # before 15 everybody may create there
    place.present(privilege="metadata")
    place.warehouse.access(privilege="metadata").ok()
    place.warehouse.run("GRANT CREATE ON SCHEMA {} TO {}", place.warehouse.schema, place.warehouse.group)


def powerful_user(place: Place) -> None:
    place.present()
    place.warehouse.run("CREATE ROLE {} LOGIN CREATEDB", place.warehouse.user)


def no_createrole(place: Place) -> None:
    place.present()
    place.warehouse.run("ALTER ROLE {} NOCREATEROLE", place.warehouse.admin.name)


def others_roles(place: Place) -> None:
    place.present()
    place.warehouse.run("CREATE ROLE {} NOLOGIN", place.warehouse.group)


def member_to_manage(place: Place) -> None:
    """Let the group, created by another role, be a member of the administrator."""
    others_roles(place)
    place.warehouse.run("GRANT {} TO {}", place.warehouse.admin.name, place.warehouse.group)


def read_only_by_default(place: Place) -> None:
    place.present()
    place.warehouse.run("ALTER ROLE {} SET default_transaction_read_only = on", place.warehouse.admin.name)


def read_only_database(place: Place) -> None:
    place.present()
    place.warehouse.run("ALTER DATABASE {} SET default_transaction_read_only = on", place.warehouse.database)


def superuser_to_adopt(place: Place) -> None:
    warehouse = place.warehouse
    warehouse.access().ok()
    place.present(adopt=True)
    warehouse.run("ALTER ROLE {} SUPERUSER", warehouse.user)


def circle(place: Place) -> None:
    place.present()
    place.warehouse.access().ok()
    place.warehouse.run("REVOKE {} FROM {}", place.warehouse.group, place.warehouse.user)
    place.warehouse.run("GRANT {} TO {}", place.warehouse.user, place.warehouse.group)


def badly_named_schema(place: Place) -> None:
    warehouse = place.warehouse
    place.present(databases=[warehouse.entry(schemas=[warehouse.other], accept_breaks_scan=False)])


def unknown_schema(place: Place) -> None:
    place.present(databases=[place.warehouse.entry(schemas=["slaes"])])


def empty_pattern(place: Place) -> None:
    warehouse = place.warehouse
    place.present(databases=[warehouse.entry(schemas=["HR*"], accept_breaks_scan=False)])


def closed_database(place: Place) -> None:
    closed = place.warehouse.site.create_database("clo'sed\"")
    place.warehouse.run("ALTER DATABASE {} ALLOW_CONNECTIONS false", closed)
    place.present(databases=[{"name": closed, "schemas": ["public"]}])


def no_connect(place: Place) -> None:
    warehouse = place.warehouse
    other = warehouse.site.create_database("other", owner=warehouse.admin.name)
    warehouse.run("REVOKE CONNECT ON DATABASE {} FROM PUBLIC, {}", other, warehouse.admin.name)
    place.present(databases=[{"name": other, "schemas": ["public"]}])


def distributed(place: Place) -> None:
    """Let an extension named citus stand in for the real one."""
    ((directory,),) = place.warehouse.server.execute("SELECT setting FROM pg_catalog.pg_config WHERE name = 'SHAREDIR'")
    extensions = Path(directory) / "extension"
    (extensions / "citus.control").write_text("default_version = '1'\nrelocatable = true\n")
    (extensions / "citus--1.sql").write_text("")
    place.warehouse.run("CREATE EXTENSION citus")
    place.present()


def retired_sees_more(place: Place) -> None:
    warehouse = place.warehouse
    old = warehouse.user
    warehouse.access().ok()
    warehouse.run("CREATE SCHEMA more; CREATE TABLE more.t (id int); GRANT USAGE ON SCHEMA more TO {}", old)
    warehouse.run("GRANT SELECT ON more.t TO {}", old)
    users = [
        {"name": warehouse.site.role_name("new"), "password": warehouse.password},
        {"name": old, "state": "retired"},
    ]
    place.present(users=users)


# Situations with state absent.


def foreign_grantor(place: Place) -> None:
    place.absent()
    warehouse = place.warehouse
    grantor = stranger(place)
    warehouse.run("GRANT USAGE ON SCHEMA {} TO {} WITH GRANT OPTION", warehouse.schema, grantor)
    warehouse.run_as(grantor, "GRANT USAGE ON SCHEMA {} TO {}", warehouse.schema, warehouse.user)


def passed_on(place: Place) -> None:
    place.absent()
    warehouse = place.warehouse
    warehouse.run("GRANT USAGE ON SCHEMA {} TO {} WITH GRANT OPTION", warehouse.schema, warehouse.group)
    warehouse.run_as(warehouse.group, "GRANT USAGE ON SCHEMA {} TO {}", warehouse.schema, warehouse.owner)


def hidden_from_the_revoker(place: Place) -> None:
    """Let the administrator own a table in a schema on which it has no USAGE."""
    place.absent()
    warehouse = place.warehouse
    warehouse.run("CREATE SCHEMA closed; CREATE TABLE closed.t (id int)")
    warehouse.run("ALTER TABLE closed.t OWNER TO {}", warehouse.admin.name)
    warehouse.run("GRANT SELECT ON closed.t TO {}", warehouse.group)


def orphans(place: Place) -> None:
    """Leave default privileges in a schema that is gone, as ALTER DEFAULT PRIVILEGES racing with DROP SCHEMA does."""
    place.absent()
    warehouse = place.warehouse
    warehouse.run(
        "CREATE SCHEMA gone; ALTER DEFAULT PRIVILEGES IN SCHEMA gone GRANT SELECT ON TABLES TO {}", warehouse.group
    )
    warehouse.run(
        "DELETE FROM pg_depend WHERE classid = 'pg_default_acl'::regclass"
        " AND refobjid = (SELECT oid FROM pg_namespace WHERE nspname = 'gone'); DROP SCHEMA gone"
    )


def owner(place: Place) -> None:
    place.absent()
    place.warehouse.run("CREATE SCHEMA mine AUTHORIZATION {}", place.warehouse.user)


def other_member(place: Place) -> None:
    place.absent()
    place.warehouse.run("GRANT {} TO {}", place.warehouse.group, stranger(place))


def user_mapping(place: Place) -> None:
    place.absent()
    place.warehouse.run("CREATE USER MAPPING FOR {} SERVER wrapper", place.warehouse.user)


def policy(place: Place) -> None:
    place.absent()
    warehouse = place.warehouse
    warehouse.run('CREATE POLICY {} ON {}."ta.ble" TO {}', f"{HOSTILE} p", warehouse.schema, warehouse.group)


def initial_privileges(place: Place) -> None:
    """Create an extension while default privileges apply, so that its initial privileges include the group."""
    place.absent()
    place.warehouse.run("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {}", place.warehouse.group)
    place.warehouse.run("CREATE EXTENSION {}", tables_extension(place.warehouse))


ROWS = [
    Row("grant as the owner", foreign_table),
    Row("grant for the owner", table_of_a_shut_out_owner),
    Row("be a member of the owner", foreign_table),
    Row("be a member of the owner", member_who_owns),
    Row("grant as the owner", member_who_owns),
    Row("assume the owners", table_of_an_owner_to_assume),
    Row("create the group", foreign_table),
    Row("have the group created", foreign_table_without_createrole),
    Row("give CREATEROLE", foreign_table_without_createrole),
    Row("exclude the schema", superusers_schema),
    Row("list other schemas", listed_superusers_schema),
    Row("grant as the creator", foreign_creator),
    Row("let the administrator use the schema", closed_schema),
    Row("revoke CREATE for metadata mode", creating_group, is_superuser=True),
    Row("accept REFERENCES", creating_group, is_superuser=True),
    Row("adopt the role", powerful_user, is_superuser=True),
    Row("give CREATEROLE", no_createrole),
    Row("give ADMIN OPTION", others_roles, since=16),
    Row("give ADMIN OPTION", member_to_manage, since=16),
    Row("let the login write", read_only_by_default),
    Row("let the login write", read_only_database),
    Row("take attributes away", superuser_to_adopt),
    Row("end a circle", circle, is_superuser=True),
    Row("accept a broken scan", badly_named_schema),
    Row("allow nothing to match", unknown_schema),
    Row("allow nothing to match", empty_pattern),
    Row("accept connections", closed_database, is_superuser=True),
    Row("let the administrator connect", no_connect),
    Row("change roles where citus is", distributed, is_superuser=True),
    Row("revoke from the retired user", retired_sees_more, is_superuser=True),
    Row("revoke as the grantor", foreign_grantor),
    Row("revoke what was passed on", passed_on),
    Row("let the revoker use the schema", hidden_from_the_revoker),
    Row("drop orphans", orphans, is_superuser=True),
    Row("give owned objects away", owner, is_superuser=True),
    Row("end a membership", other_member, is_superuser=True),
    Row("drop a user mapping", user_mapping),
    Row("change a policy", policy),
    Row("drop initial privileges", initial_privileges, since=17),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.situation)
def test_the_remedy_run_literally_fixes_it(request: pytest.FixtureRequest, row: Row) -> None:
    name = "superuser_warehouse" if row.is_superuser else "deputy_warehouse"
    place = place_of(request.getfixturevalue(name))
    row.provoke(place)
    is_possible = row.since <= major_version() < row.before
    (run_literally if is_possible else run_in_vain)(place.scene, row.situation)


def test_sessions_can_be_ended_as_a_variable_says(superuser_warehouse: Warehouse) -> None:
    place = place_of(superuser_warehouse)
    place.absent(wait_seconds=1)
    with superuser_warehouse.login():
        run_literally(place.scene, "end the sessions")


def test_who_may_end_sessions_does(deputy_warehouse: Warehouse) -> None:
    place = place_of(deputy_warehouse)
    place.absent(end_connections=True, wait_seconds=1)
    with deputy_warehouse.login():
        run_literally(place.scene, "let sessions be ended")


def test_sessions_that_may_not_be_ended_are_waited_for(deputy_warehouse: Warehouse) -> None:
    place = place_of(deputy_warehouse)
    place.absent(end_connections=True, wait_seconds=1)
    with deputy_warehouse.login() as connection:
        run_literally(place.scene, "wait for the sessions", connection.close)


def test_the_session_that_holds_the_lock_can_be_ended(superuser_warehouse: Warehouse) -> None:
    place = place_of(superuser_warehouse)
    place.present(wait_seconds=1)
    connection = superuser_warehouse.server.connect(superuser_warehouse.database)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("BEGIN; SELECT pg_advisory_xact_lock(7882834684577673328)")
        run_literally(place.scene, "end the sessions that hold the lock")


WAITS: dict[str, tuple[str, int, int, str]] = {
    "wait for another run": ("wait_seconds", 1, 60, "SELECT pg_advisory_xact_lock(7882834684577673328)"),
    "wait for a lock": ("lock_timeout_ms", 100, 20000, "LOCK TABLE pg_catalog.pg_auth_members IN EXCLUSIVE MODE"),
}


@pytest.mark.parametrize("situation", WAITS)
def test_who_waits_longer_gets_the_lock(superuser_warehouse: Warehouse, situation: str) -> None:
    """The lock is released while the second run waits for it."""
    place = place_of(superuser_warehouse)
    option, short, long, lock = WAITS[situation]
    place.present(**{option: short})
    place.scene.answers[f"metamapper_{option}"] = long
    connection = superuser_warehouse.server.connect(superuser_warehouse.database)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(f"BEGIN; {lock}")
        run_literally(place.scene, situation, Timer(3, connection.close).start)


def answer(place: Place, name: str, wrong: Any) -> None:
    """Set a login option to a wrong value, and keep the right one as the answer for the remedy."""
    place.present()
    place.scene.answers[f"metamapper_{name}"] = place.scene.options.get(name)
    place.scene.options[name] = wrong


LOGINS: dict[str, tuple[str, Any]] = {
    "give the password": ("login_password", None),
    "correct the password": ("login_password", "wrong"),
    "name the administrator": ("login_user", "nobody of this name"),
    "name a database that exists": ("login_db", "no such database"),
    "correct the host": ("login_host", "no-such-host.invalid"),
    "correct the port": ("login_port", 1),
}
WITH_TLS: dict[str, tuple[str, Any]] = {
    "verify the server": ("ssl_mode", "require"),
    "send the password in clear text": ("ssl_mode", "require"),
    "name the authority": ("ca_cert", "/no such/authority.pem"),
    "correct the host": ("login_host", "127.0.0.1"),
}


@pytest.mark.parametrize("situation", LOGINS)
def test_a_login_that_was_refused(hba: Warehouse, situation: str) -> None:
    place = place_of(hba)
    name, wrong = LOGINS[situation]
    answer(place, name, wrong)
    if situation == "name a database that exists":
        place.scene.answers["metamapper_login_db"] = "postgres"
    if situation == "name the administrator":
        hba.server.hba("local all all trust\nhost all all 127.0.0.1/32 trust\n")
    run_literally(place.scene, situation)


def test_an_administrator_whom_pg_hba_refuses(hba: Warehouse) -> None:
    place = place_of(hba)
    place.present()
    hba.server.hba(f"local all all scram-sha-256\nhost all {hba.server.user} 127.0.0.1/32 scram-sha-256\n")
    run_literally(place.scene, "admit in pg_hba.conf")


@pytest.mark.parametrize("situation", WITH_TLS)
def test_a_login_over_tls_that_was_refused(encrypted: Encrypted, situation: str) -> None:
    """The server asks for the administrator's password in clear text, as with LDAP authentication."""
    server = encrypted.server
    place = place_of(Warehouse(Site(server), is_superuser=False))
    name, wrong = WITH_TLS[situation]
    place.present(login_host="localhost", ssl_mode="verify-full", ca_cert=str(encrypted.authority.certificate))
    place.scene.answers[f"metamapper_{name}"] = place.scene.options[name]
    place.scene.options[name] = wrong
    try:
        server.hba(f"hostssl all all all password\n{HBA}")
        run_literally(place.scene, situation)
    finally:
        server.hba(HBA)
        place.scene.site.clean_up()


def test_a_standby_is_left_for_its_primary(major: str) -> None:
    with running(major, settings=["wal_level=replica", "max_wal_senders=3", "autovacuum=off"]) as primary:
        place = place_of(Warehouse(Site(primary), is_superuser=True))
        place.present()
        place.scene.answers = {"metamapper_login_host": primary.host, "metamapper_login_port": primary.port}
        with standby_of(primary) as standby:
            standby.catch_up()
            place.scene.options.update({"login_host": standby.host, "login_port": standby.port})
            run_literally(place.scene, "name the primary")
