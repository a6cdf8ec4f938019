# SPDX-License-Identifier: GPL-3.0-or-later
"""A warehouse with hostile names, the two kinds of administrator, and the module access for them."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Sequence

import psycopg2
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.identifier import identifier
from psycopg2 import sql

from tests.support.postgres.site import Site, identifiers
from tools.postgres.server import Server
from tools.runners.modules import Outcome, run_module

# A name with characters that break quoting, formatting or patterns.
HOSTILE = "we\"ird.näme'; -- %s{0}\\"
PASSWORD = 'it\'s "quoted" \\ %s{0} \u212b\u00ad\u3000pässwörd'

# A table, a view, a materialized view, a partitioned table with a partition, and a foreign table.
KINDS = """
CREATE TABLE {0}."ta.ble"(id int PRIMARY KEY, "we""ird ; --" text);
CREATE VIEW {0}."vi""ew" AS SELECT 1 AS id;
CREATE MATERIALIZED VIEW {0}.materialized AS SELECT 1 AS id;
CREATE FOREIGN TABLE {0}."fore{{ign" (id int) SERVER {1};
"""
PARTITIONED = """
CREATE TABLE {0}."parti%tioned"(id int) PARTITION BY RANGE (id);
CREATE TABLE {0}."part'ition" PARTITION OF {0}."parti%tioned" FOR VALUES FROM (0) TO (9);
"""


@dataclass(frozen=True)
class Admin:
    """The administrator that makes the changes."""

    name: str
    password: str
    is_superuser: bool


def superuser_options(site: Site, **others: Any) -> dict[str, Any]:
    """Return options of the module: the superuser of a site's server, the site's group, and the given ones."""
    return {
        "login_host": site.server.host,
        "login_port": site.server.port,
        "login_password": site.server.password,
        "group": site.group,
        **others,
    }


@functools.cache
def version(server: Server) -> int:
    """Return server_version_num."""
    return int(server.execute("SHOW server_version_num")[0][0])


def has_partitions(server: Server) -> bool:
    """Return whether the server has declarative partitioning."""
    return version(server) >= 100000


class Warehouse:
    """A database with two schemas of different owners, and matching options of the module access."""

    def __init__(self, site: Site, *, is_superuser: bool) -> None:
        self.site = site
        self.server = site.server
        self.database = site.create_database(f"{HOSTILE} dw")
        self.group = site.role_name(f"{HOSTILE} g")
        self.user = site.role_name(f"{HOSTILE} u")
        self.password = PASSWORD
        self.schema = f"{HOSTILE} sales"
        self.other = "HR [*]?"
        self.owner = site.create_role(f"{HOSTILE} o")
        self.admin = self._superuser() if is_superuser else self._deputy()
        self._fill()

    def _superuser(self) -> Admin:
        return Admin(self.server.user, self.server.password, is_superuser=True)

    def _deputy(self) -> Admin:
        """Return an administrator like that of managed services: not a superuser, but with CREATEROLE and CREATEDB,
        owner of the database and a member of the schema owners."""
        password = 'dèputy\'s "secret"'
        name = self.site.create_role(f"{HOSTILE} a", "LOGIN CREATEROLE CREATEDB INHERIT PASSWORD " + literal(password))
        self.grant_role(self.owner, name)
        self.site.run("ALTER DATABASE {} OWNER TO {}", self.database, name, database="postgres")
        return Admin(name, password, is_superuser=False)

    def grant_role(self, role: str, member: str) -> None:
        """Make a role a member of another, with inheritance."""
        inherit = " WITH INHERIT TRUE" if version(self.server) >= 160000 else ""
        self.site.run("GRANT {} TO {}" + inherit, role, member, database="postgres")

    def _fill(self) -> None:
        wrapper = "wrapper"
        self.run("CREATE FOREIGN DATA WRAPPER {0}; CREATE SERVER {0} FOREIGN DATA WRAPPER {0}", wrapper)
        self.run("GRANT USAGE ON FOREIGN SERVER {} TO {}", wrapper, self.owner)
        for schema in (self.schema, self.other):
            self.run("CREATE SCHEMA {} AUTHORIZATION {}", schema, self.owner)
            self.run_as(self.owner, KINDS, schema, wrapper)
            if has_partitions(self.server):
                self.run_as(self.owner, PARTITIONED, schema)

    def run(self, script: str, *names: str) -> list[tuple[Any, ...]]:
        """Run statements as the superuser in the warehouse."""
        return self.site.run(script, *names, database=self.database)

    def run_as(self, role: str, script: str, *names: str) -> list[tuple[Any, ...]]:
        """Run statements in the warehouse under SET ROLE."""
        statement = identifiers("SET ROLE {}; ", role) + identifiers(script, *names)
        return self.server.execute(statement, database=self.database)

    @property
    def relations(self) -> list[str]:
        """The relations of each of the two schemas, sorted."""
        names = ["ta.ble", 'vi"ew', "materialized", "fore{ign"]
        if has_partitions(self.server):
            names += ["parti%tioned", "part'ition"]
        return sorted(names)

    def entry(self, **changes: Any) -> dict[str, Any]:
        """Return the entry of the warehouse in ``databases``."""
        return {"name": self.database, "schemas": [self.schema, self.other], "accept_breaks_scan": True, **changes}

    def options(self, **changes: Any) -> dict[str, Any]:
        """Return options of the module access for this warehouse, its administrator and TCP, with changes."""
        return {
            "login_host": self.server.host,
            "login_port": self.server.port,
            "login_user": self.admin.name,
            "login_password": self.admin.password,
            "group": self.group,
            "users": [{"name": self.user, "password": self.password}],
            "databases": [self.entry()],
            **changes,
        }

    def access(self, *, check: bool = False, diff: bool = False, **changes: Any) -> Outcome:
        """Run the module access."""
        return run_module("access", self.options(**changes), check=check, diff=diff)

    @contextlib.contextmanager
    def login(self, password: str = "") -> Iterator[Any]:
        """Log in to the warehouse as the metamapper user."""
        connection = self.server.connect(self.database, user=self.user, password=password or self.password)
        with contextlib.closing(connection):
            yield connection

    def readable(self, schema: str) -> list[str]:
        """Return the relations of a schema that the metamapper user can read, found by reading each of them."""
        with self.login() as connection:
            return [name for name in self._all_relations(schema) if can_read(connection, schema, name)]

    def _all_relations(self, schema: str) -> list[str]:
        query = (
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        )
        return sorted(row[0] for row in self.server.execute(query, database=self.database, parameters=[schema]))

    def future_readers(self, schema: str) -> set[tuple[str, str]]:
        """Return (creator, privilege) of the group's default privileges for relations in a schema."""
        query = (
            "SELECT pg_get_userbyid(f.defaclrole), a.privilege_type"
            " FROM pg_default_acl f JOIN pg_namespace n ON n.oid = f.defaclnamespace, aclexplode(f.defaclacl) a"
            " WHERE n.nspname = %s AND f.defaclobjtype = 'r' AND pg_get_userbyid(a.grantee) = %s"
        )
        rows = self.server.execute(query, database=self.database, parameters=[schema, self.group])
        return {(row[0], row[1]) for row in rows}


def creators(warehouse: Warehouse) -> list[str]:
    """Return the roles that create relations in a schema of the warehouse: its owner and, if any, the deputy."""
    names = {warehouse.owner} if warehouse.admin.is_superuser else {warehouse.owner, warehouse.admin.name}
    return [row[0] for row in warehouse.run("SELECT rolname FROM pg_roles ORDER BY rolname") if row[0] in names]


def can_read(connection: Any, schema: str, relation: str) -> bool:
    """Return whether a SELECT passes the privilege check; a foreign table without a handler fails only afterwards."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(identifiers("SELECT * FROM {}.{} LIMIT 0", schema, relation))
        except psycopg2.errors.InsufficientPrivilege:
            return False
        except (psycopg2.errors.ObjectNotInPrerequisiteState, psycopg2.errors.FdwNoSchemas):
            return True
        return True


def literal(text: str) -> str:
    """Return a string as an SQL literal, for statements that accept no parameters."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"


def messages(outcome: Outcome) -> list[str]:
    """Return the message of each problem."""
    return [problem["message"] for problem in outcome.get("problems", [])]


def remedies(outcome: Outcome) -> list[str]:
    """Return the statement of each problem that has one, with the role that has to run it."""
    return [_as_role(problem) for problem in outcome.get("problems", []) if problem["statement"]]


def _as_role(problem: Mapping[str, Any]) -> str:
    roles = [one["role"] for one in problem["remedies"] if one["kind"] == "sql"]
    return f"SET ROLE {identifier(roles[0])}; {problem['statement']}" if any(roles[:1]) else str(problem["statement"])


def named(names: Sequence[str]) -> sql.Composed:
    """Return names as a list of quoted identifiers."""
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)


def password_states(outcome: Outcome) -> Mapping[str, str]:
    """Return the password state that the module reports for each user."""
    return {user["name"]: user["password"] for user in outcome["users"]}
