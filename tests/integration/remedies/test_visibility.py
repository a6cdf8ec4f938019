# SPDX-License-Identifier: GPL-3.0-or-later
"""Each remedy of visibility is run literally on a real server: afterwards its problem is gone, and none is new."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Callable, Iterator

import pytest
from psycopg2.extensions import encrypt_password

from tests.support.modules.access import superuser_options
from tests.support.modules.remedies import EVERYTHING_COMPARED, Scene, major_version, run_in_vain, run_literally
from tests.support.modules.visibility import make_reader, options
from tests.support.postgres.site import Site, identifiers
from tools.postgres.server import HBA
from tools.runners.modules import run_module

EVERYTHING = ["missing", "lost", "breaks_scan", "excess", "exposed", "future"]
SALES = "sal'es;--ä"  # as hostile as a name can be without breaking Metamapper's scan


def create(site: Site, schema: str, *, is_granted: bool = True) -> None:
    """Create a schema of the site's owner with a table; by default, let the group read present and future tables."""
    owner = site.role_name("owner")
    site.run("CREATE SCHEMA {} AUTHORIZATION {}", schema, owner)
    site.run("CREATE TABLE {}.orders (id int, note text)", schema)
    site.run("ALTER TABLE {}.orders OWNER TO {}", schema, owner)
    if is_granted:
        site.run("GRANT USAGE ON SCHEMA {} TO {}", schema, site.group)
        site.run("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}", schema, site.group)
        default = "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT SELECT ON TABLES TO {}"
        site.run(default, owner, schema, site.group)


def grant_as_said(scene: Scene) -> None:
    """Run access for the databases that the scene lists."""
    site = scene.site
    users = [{"name": site.user, "password": scene.options["password"]}]
    wanted = superuser_options(site, users=users, databases=scene.options["databases"], **scene.granted)
    run_module("access", wanted).ok()


@pytest.fixture
def scene(site: Site) -> Iterator[Scene]:
    """User and group that may read one schema and nothing else; pg_hba.conf is restored at the end."""
    make_reader(site)
    site.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    site.create_role("owner")
    create(site, SALES)
    chosen = options(site, SALES, fail_on=EVERYTHING, connect_timeout_seconds=5)
    yield Scene(site, "visibility", chosen, grant=grant_as_said)
    site.server.hba(HBA)


@dataclass(frozen=True)
class Row:
    """What causes a situation, and the major versions in which it can happen: from ``since`` to before ``before``."""

    situation: str
    provoke: Callable[[Scene], Any]
    before: float = 999
    since: float = 0

    @property
    def is_possible(self) -> bool:
        """Whether the server under test can be brought into that situation."""
        return self.since <= major_version() < self.before


def sql(statement: str, *names: str) -> Callable[[Scene], Any]:
    """Return a function that runs statements as a superuser; names that begin with @ stand for the site's names."""

    def run(scene: Scene) -> None:
        site = scene.site
        own = {"@user": site.user, "@group": site.group, "@database": site.database, "@owner": site.role_name("owner")}
        site.run(statement, *(own.get(name, name) for name in names))

    return run


def lost(scene: Scene) -> None:
    """Hide a schema that was visible earlier and is no longer listed."""
    create(scene.site, "hr")
    scene.options["databases"][0]["schemas"] = [SALES, "hr"]
    scene.options["baseline"] = scene.run()["seen"]
    scene.options["databases"][0]["schemas"] = [SALES]
    sql("REVOKE ALL ON ALL TABLES IN SCHEMA hr FROM {0}; REVOKE USAGE ON SCHEMA hr FROM {0}", "@group")(scene)


def odd_schema(scene: Scene) -> None:
    create(scene.site, "Odd")
    scene.options["databases"][0]["schemas"] = ["*"]
    scene.options["databases"][0]["exclude_schemas"] = ["public"]


def twin(scene: Scene) -> None:
    """Create a visible twin, which breaks the scan. Hiding it leaves a warning that a relation is left out."""
    sql('CREATE TABLE {}."Orders" (id int)', SALES)(scene)
    sql('GRANT SELECT ON {}."Orders" TO {}', SALES, "@group")(scene)
    scene.not_compared = frozenset({"information", "warning"})


def listed_odd_schema(scene: Scene) -> None:
    create(scene.site, "Odd")
    scene.options["databases"][0]["schemas"] = [SALES, "Odd"]


def others_schema(scene: Scene) -> None:
    """Let another role create objects in a schema of the user's search_path."""
    other = scene.site.create_role("other")
    scene.site.run(
        "CREATE SCHEMA tools; GRANT USAGE ON SCHEMA tools TO PUBLIC; GRANT CREATE ON SCHEMA tools TO {}", other
    )
    scene.site.run("ALTER ROLE {} SET search_path = tools", scene.site.user)


def powerful_role(scene: Scene) -> None:
    boss = scene.site.create_role("boss", "CREATEDB")
    scene.site.run("GRANT {} TO {}", boss, scene.site.group)


def owns_a_type(scene: Scene) -> None:
    scene.site.run("CREATE TYPE public.mood AS ENUM ('ok'); ALTER TYPE public.mood OWNER TO {}", scene.site.user)


def undecodable(scene: Scene) -> None:
    site = scene.site
    site.run("COMMENT ON COLUMN {}.orders.note IS '\u4e16'", SALES)
    site.run("ALTER DATABASE {} SET client_encoding = 'LATIN1'", site.database)


def rejected(scene: Scene) -> None:
    scene.site.server.hba(f"host all {scene.site.user} all reject\n{HBA}")


def wrong_password(scene: Scene) -> None:
    scene.options["password"] = "wrong"
    scene.answers["metamapper_password"] = scene.site.password


def wrong_port(scene: Scene) -> None:
    scene.answers["metamapper_login_port"] = scene.options["login_port"]
    scene.options["login_port"] = 1


def closed_database(scene: Scene) -> None:
    scene.site.server.execute(identifiers("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", scene.site.database))


def stored_as_md5(scene: Scene) -> None:
    site = scene.site
    site.run(f"ALTER ROLE {{}} PASSWORD '{encrypt_password(site.password, site.user, algorithm='md5')}'", site.user)
    site.server.hba(f"host all {site.user} 127.0.0.1/32 md5\n{HBA}")
    scene.answers["metamapper_password"] = "another one"
    scene.not_compared = EVERYTHING_COMPARED


def no_known_database(scene: Scene) -> None:
    scene.options["databases"][0]["name"] = f"{scene.site.database[:-1]}?"
    for name in ("postgres", "template1"):
        scene.site.server.execute(identifiers("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", name))
    scene.answers["metamapper_login_db"] = scene.site.database


def unreadable_databases(scene: Scene) -> None:
    scene.options["databases"][0]["name"] = f"{scene.site.database[:-1]}?"
    scene.options["login_db"] = scene.site.database
    for name in ("postgres", "template1"):
        scene.site.server.execute(identifiers("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", name))
    scene.site.run("REVOKE SELECT ON pg_catalog.pg_database FROM PUBLIC")


@contextlib.contextmanager
def held_lock(scene: Scene) -> Iterator[None]:
    connection = scene.site.server.connect(scene.site.database)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE pg_catalog.pg_default_acl IN ACCESS EXCLUSIVE MODE")
        yield


ROWS = [
    Row("grant what is missing", sql("REVOKE SELECT ON {}.orders FROM {}", SALES, "@group")),
    Row("inherit from the group", sql("REVOKE {} FROM {}", "@group", "@user")),
    Row("inherit from the group", sql("ALTER ROLE {} NOINHERIT", "@user"), before=16),
    Row("revoke CREATE from PUBLIC", sql("GRANT CREATE ON SCHEMA {} TO PUBLIC", SALES)),
    Row(
        "grant on future tables",
        sql(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} REVOKE ALL ON TABLES FROM {}", "@owner", SALES, "@group"
        ),
    ),
    Row("list the schema", lost),
    Row("accept the loss", lost),
    Row("exclude the schema", odd_schema),
    Row("list other schemas", listed_odd_schema),
    Row("hide the schema", odd_schema),
    Row("rename", odd_schema),
    Row("hide the relation", twin),
    Row("rename", twin),
    Row(
        "hide the relation",
        sql("CREATE SCHEMA hr; CREATE TABLE hr.t (a int); GRANT SELECT ON hr.t TO {}", "@group"),
    ),
    Row(
        "revoke a default privilege",
        sql(
            "CREATE SCHEMA hr; ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA hr GRANT SELECT ON TABLES TO {}",
            "@owner",
            "@group",
        ),
    ),
    Row("pin the search_path", others_schema),
    Row("revoke CREATE from others", others_schema),
    Row(
        "revoke from the login",
        sql(
            "CREATE SCHEMA hr; CREATE TABLE hr.t (a int); GRANT USAGE ON SCHEMA hr TO {0}; GRANT SELECT ON hr.t TO {0}",
            "@group",
        ),
    ),
    Row("leave a role", powerful_role),
    Row("take an attribute away", sql("ALTER ROLE {} CREATEDB", "@user")),
    Row("take ADMIN OPTION away", sql("GRANT {} TO {} WITH ADMIN OPTION", "@group", "@user")),
    Row("give the ownership away", owns_a_type),
    Row("revoke CREATE on the database", sql("GRANT CREATE ON DATABASE {} TO {}", "@database", "@group")),
    Row("revoke CREATE on the schema", sql("GRANT CREATE ON SCHEMA {} TO {}", SALES, "@group")),
    Row("set the encoding", undecodable),
    Row("let the group connect", sql("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", "@database")),
    Row("let the role log in", sql("ALTER ROLE {} NOLOGIN", "@user")),
    Row("admit in pg_hba.conf", rejected),
    Row("correct Metamapper's password", wrong_password),
    Row("replace the MD5 hash", stored_as_md5, since=10),
    Row("lift the expiry", sql("ALTER ROLE {} VALID UNTIL '2020-01-01'", "@user")),
    Row("correct the port", wrong_port),
    Row("lift the limit of the role", sql("ALTER ROLE {} CONNECTION LIMIT 0", "@user")),
    Row("lift the limit of the database", sql("ALTER DATABASE {} CONNECTION LIMIT 0", "@database")),
    Row("lift the time limit", sql("ALTER ROLE {} SET statement_timeout = '1ms'", "@user")),
    Row("accept connections", closed_database),
    Row("reset the role", sql("ALTER ROLE {} SET role = {}", "@user", "@group")),
    Row("let catalogs be read", sql("REVOKE SELECT ON pg_catalog.pg_auth_members FROM PUBLIC")),
    Row("let databases be read", unreadable_databases),
    Row("name a database", no_known_database),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.situation)
def test_the_remedy_run_literally_fixes_it(scene: Scene, row: Row) -> None:
    row.provoke(scene)
    try:
        (run_literally if row.is_possible else run_in_vain)(scene, row.situation)
    finally:
        for name in ("postgres", "template1"):
            scene.site.server.execute(identifiers("GRANT CONNECT ON DATABASE {} TO PUBLIC", name))


def test_the_session_that_holds_a_lock_can_be_ended(scene: Scene) -> None:
    scene.options["lock_timeout_ms"] = 300
    with held_lock(scene):
        run_literally(scene, "end the sessions that hold the lock")
