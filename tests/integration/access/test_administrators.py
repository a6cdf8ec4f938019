# SPDX-License-Identifier: GPL-3.0-or-later
"""Administrators as managed services provide them, each following its public documentation.

A provider's own hooks and patches are not simulated; attributes, memberships, databases and schemas are. Each
administrator checks, grants with "*", grants again, verifies, narrows and revokes.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
https://cloud.google.com/sql/docs/postgres/users
https://learn.microsoft.com/en-us/training/modules/secure-azure-database-for-postgresql/3-describe-built-server-roles
https://supabase.com/docs/guides/platform/permissions
https://neon.com/docs/manage/roles
https://aiven.io/docs/products/postgresql/concepts/dba-tasks-pg
https://docs.digitalocean.com/products/databases/postgresql/how-to/modify-user-privileges/
https://devcenter.heroku.com/articles/heroku-postgresql-credentials
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

import pytest

from tests.support.modules.access import literal, version
from tests.support.postgres.site import Site, identifiers
from tools.postgres.snapshot import differences, snapshot
from tools.runners.modules import Outcome, run_module

pytestmark = pytest.mark.thorough

PASSWORD = "adm'in"


@dataclass(frozen=True)
class Kind:
    """A kind of administrator.

    ``attributes`` are those of CREATE ROLE. The administrator is a member of ``group``, a role of the provider, which
    has ``group_attributes`` and is a member of ``group_roles``. ``databases`` are the provider's own: they belong to a
    superuser and let nobody else connect. ``schemas`` maps the provider's schemas in the customer's database to whether
    their owner is a superuser. ``self_grant`` is createrole_self_grant (16 and later). ``database`` is the name of the
    customer's database.
    """

    attributes: str = "CREATEROLE CREATEDB"
    group: str = ""
    group_attributes: str = "NOLOGIN"
    group_roles: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    schemas: tuple[tuple[str, bool], ...] = ()
    self_grant: str = ""
    database: str = "warehouse"

    @property
    def can_create_roles(self) -> bool:
        """Whether this administrator can create Metamapper's roles."""
        return "CREATEROLE" in self.attributes.split() or self.is_superuser

    @property
    def is_superuser(self) -> bool:
        """Whether this administrator is a superuser."""
        return "SUPERUSER" in self.attributes.split()

    def inherits_new_roles(self, server_version: int) -> bool:
        """Tell whether this administrator has the privileges of a role that it creates."""
        return self.is_superuser or (server_version >= 160000 and "inherit" in self.self_grant)


RDS = Kind(
    group="rds_superuser",
    group_roles=("pg_monitor", "pg_signal_backend"),
    databases=("rdsadmin",),
)
KINDS: Mapping[str, Kind] = {
    "superuser": Kind("SUPERUSER"),
    "CREATEROLE": Kind("CREATEROLE"),
    "CREATEROLE, self grant set": Kind("CREATEROLE", self_grant="set"),
    "CREATEROLE, self grant inherit": Kind("CREATEROLE", self_grant="inherit"),
    "CREATEROLE, self grant both": Kind("CREATEROLE", self_grant="set, inherit"),
    "RDS": RDS,
    "Aurora": RDS,
    "Cloud SQL": Kind(
        group="cloudsqlsuperuser", group_roles=("pg_monitor", "pg_signal_backend"), databases=("cloudsqladmin",)
    ),
    "Azure": Kind(
        "CREATEROLE CREATEDB REPLICATION",
        group="azure_pg_admin",
        group_roles=("pg_monitor",),
        databases=("azure_maintenance", "azure_sys"),
        self_grant="set, inherit",
    ),
    "Supabase": Kind(
        "CREATEROLE CREATEDB REPLICATION BYPASSRLS",
        schemas=(("auth", False), ("storage", False), ("extensions", True)),
        database="postgres",
    ),
    "Neon": Kind(
        group="neon_superuser",
        group_attributes="NOLOGIN CREATEROLE CREATEDB BYPASSRLS REPLICATION",
        group_roles=("pg_read_all_data", "pg_write_all_data"),
        schemas=(("neon", True),),
        database="neondb",
    ),
    "Aiven": Kind("CREATEROLE CREATEDB REPLICATION", databases=("_aiven",), database="defaultdb"),
    "DigitalOcean": Kind("CREATEROLE CREATEDB REPLICATION", databases=("_dodb",), database="defaultdb"),
    "Heroku": Kind("", group="pg_monitor", group_roles=("pg_signal_backend",)),
}


class Service:
    """A managed service, with a customer's database in it."""

    def __init__(self, site: Site, kind: Kind) -> None:
        self.site, self.kind = site, kind
        self.version = version(site.server)
        self.admin = site.create_role("administrator", f"LOGIN {kind.attributes} PASSWORD {literal(PASSWORD)}")
        self._memberships()
        self.database = site.create_database(kind.database, owner=self.admin)
        self._provider()
        self.owner = self._customer()

    def run(self, script: str, *names: str, database: str = "postgres") -> None:
        """Run statements as the provider."""
        self.site.run(script, *names, database=database)

    def run_as_admin(self, script: str, *names: str) -> None:
        """Run statements in a session of the administrator."""
        with self.site.login(self.admin, PASSWORD, self.database) as connection, connection.cursor() as cursor:
            cursor.execute(identifiers(script, *names))
            connection.commit()

    def _memberships(self) -> None:
        kind = self.kind
        if kind.self_grant and self.version >= 160000:
            self.run(f"ALTER ROLE {{}} SET createrole_self_grant = '{kind.self_grant}'", self.admin)
        group = self.admin
        if kind.group:
            predefined = kind.group.startswith("pg_")
            group = (
                kind.group
                if predefined and self._exists(kind.group)
                else self.site.create_role(kind.group.replace("pg_", ""), kind.group_attributes)
            )
            self.run("GRANT {} TO {}", group, self.admin)
        for role in filter(self._exists, kind.group_roles):  # 14 has only some of them, 9.6 fewer
            self.run("GRANT {} TO {}", role, self.admin if group.startswith("pg_") else group)

    def _exists(self, role: str) -> bool:
        query = "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s"
        return bool(self.site.server.execute(query, parameters=[role]))

    def _provider(self) -> None:
        for name in self.kind.databases:
            self.site.create_database_exactly(name)
            self.run("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", name)
        for schema, is_superusers in self.kind.schemas:
            owner = self.site.create_role(f"{schema}_admin", "SUPERUSER" if is_superusers else "NOLOGIN")
            self.run("CREATE SCHEMA {} AUTHORIZATION {}", schema, owner, database=self.database)
            self.run("SET ROLE {}; CREATE TABLE {}.t (id int)", owner, schema, database=self.database)
            self.run("GRANT USAGE ON SCHEMA {} TO {}", schema, self.admin, database=self.database)
            if not is_superusers:
                self.run("GRANT {} TO {}", owner, self.admin)

    def _customer(self) -> str:
        """Create a schema of the administrator and, if it can create roles, one owned by a role that it created."""
        self.run_as_admin("CREATE SCHEMA own; CREATE TABLE own.t (id int)")
        if not self.kind.can_create_roles:
            return self.admin
        owner = self.site.role_name("app_owner")
        self.run_as_admin("CREATE ROLE {}", owner)
        self.run("CREATE SCHEMA app AUTHORIZATION {}", owner, database=self.database)
        self.run("SET ROLE {}; CREATE TABLE app.t (id int)", owner, database=self.database)
        return owner

    @property
    def schemas(self) -> set[str]:
        """The schemas of the customer, on which the administrator can grant."""
        return {"own", "app"} if self.owner != self.admin else {"own"}

    @property
    def superusers_schemas(self) -> list[str]:
        """The provider's schemas on which only a superuser can grant."""
        return [schema for schema, is_superusers in self.kind.schemas if is_superusers]

    def entry(self, *schemas: str) -> dict[str, Any]:
        """Return the entry of the customer's database: these schemas, or by default all but those of superusers."""
        return {"name": self.database, "schemas": list(schemas or "*"), "exclude_schemas": self.superusers_schemas}

    def access(self, *schemas: str, check: bool = False, **changes: Any) -> Outcome:
        """Run module access."""
        options = {
            "login_host": self.site.server.host,
            "login_port": self.site.server.port,
            "login_user": self.admin,
            "login_password": PASSWORD,
            "login_db": self.database,
            "group": self.site.group,
            "users": [{"name": self.site.user, "password": self.site.password}],
            "databases": [self.entry(*schemas)],
            **changes,
        }
        return run_module("access", options, check=check)

    def verify(self, *schemas: str) -> Outcome:
        """Run module visibility."""
        options = {
            "login_host": self.site.server.host,
            "login_port": self.site.server.port,
            "user": self.site.user,
            "password": self.site.password,
            "group": self.site.group,
            "databases": [self.entry(*schemas)],
        }
        return run_module("visibility", options)

    def seen(self) -> set[str]:
        """Return the schemas in which the user can read a table."""
        query = (
            "SELECT DISTINCT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            " AND has_schema_privilege(%s, n.oid, 'USAGE') AND has_table_privilege(%s, c.oid, 'SELECT')"
        )
        user = self.site.user
        return {row[0] for row in self.site.server.execute(query, database=self.database, parameters=[user, user])}

    def memberships(self) -> list[tuple[Any, ...]]:
        """Return the administrator's memberships, except those in Metamapper's roles."""
        query = (
            "SELECT r.rolname::text, (to_jsonb(m) - 'oid')::text FROM pg_auth_members m"
            " JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles a ON a.oid = m.member WHERE a.rolname = %s"
            " ORDER BY 1, 2"
        )
        rows = self.site.server.execute(query, parameters=[self.admin])
        return [row for row in rows if row[0] not in (self.site.group, self.site.user)]


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.can_create_roles])
def test_from_check_to_revoke(site: Site, name: str) -> None:
    service = Service(site, KINDS[name])
    everything = service.schemas | {schema for schema, is_superusers in service.kind.schemas if not is_superusers}
    before, memberships = snapshot(site.server, service.database), service.memberships()
    plain = service.access(check=True)
    assert plain.failed != service.kind.inherits_new_roles(service.version)
    assert not plain.failed or "Set metamapper_assume_owners: true" in plain["msg"]
    planned = service.access(check=True, assume_owners=True).ok().statements
    assert differences(before, snapshot(site.server, service.database)) == []
    assert service.access(assume_owners=True).ok().statements == planned
    assert not service.access(assume_owners=True).ok().changed
    assert service.seen() == everything
    service.verify().ok()
    service.access("own", exclusive=True, assume_owners=True).ok()
    assert service.seen() == {"own"}
    service.verify("own").ok()
    gone: dict[str, Any] = {"state": "absent", "users": [{"name": site.user}], "databases": None}
    service.access(assume_owners=True, **gone).ok()
    left = "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)"
    assert site.server.execute(left, parameters=[[site.group, site.user]]) == []
    assert service.memberships() == memberships


@pytest.mark.parametrize("name", ["RDS", "Cloud SQL", "Azure", "Aiven", "DigitalOcean"])
def test_a_pattern_leaves_the_databases_of_the_provider_out(site: Site, name: str) -> None:
    service = Service(site, KINDS[name])
    entry = {"name": "*", "schemas": ["*"]}
    found = service.access(check=True, assume_owners=True, databases=[entry]).ok()
    assert service.database in {one["name"] for one in found["resolved"]}
    assert not set(service.kind.databases) & {one["name"] for one in found["resolved"]}


@pytest.mark.parametrize("name", ["Supabase", "Neon"])
def test_a_schema_of_the_provider_can_only_be_excluded(site: Site, name: str) -> None:
    service = Service(site, KINDS[name])
    entry = {"name": service.database, "schemas": ["*"]}
    refused = service.access(check=True, assume_owners=True, databases=[entry])
    assert refused.failed
    assert "exclude_schemas" in refused["msg"]
    service.access(check=True, assume_owners=True).ok()


def test_without_createrole_somebody_else_makes_the_roles(site: Site) -> None:
    service = Service(site, KINDS["Heroku"])
    before = snapshot(site.server, service.database)
    refused = service.access()
    assert refused.failed
    assert "CREATEROLE" in refused["msg"]
    assert differences(before, snapshot(site.server, service.database)) == []
    superuser: dict[str, Any] = {"login_user": site.server.user, "login_password": site.server.password}
    service.access(**superuser).ok()
    assert service.seen() == {"own"}
    assert not service.access().ok().changed
