# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases and schemas of all kinds on one server, to test how both modules interpret ``databases``."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from tests.support.postgres.site import Site
from tools.runners.modules import Outcome, run_module

Entries = Sequence[Mapping[str, Any]]
ADMIN_PASSWORD = "adm1n"


class Tenants:
    """A server with databases of several tenants, owned by a non-superuser administrator."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.admin = site.create_role("admin", f"LOGIN CREATEROLE CREATEDB PASSWORD '{ADMIN_PASSWORD}'")
        self.databases = [site.create_database(f"tenant{number}", owner=self.admin) for number in range(3)]
        for name in self.databases:
            self.create("sales", name)

    @property
    def pattern(self) -> str:
        """A pattern for all databases of this test, and for no others."""
        return f"*_{self.site.suffix}"

    def create(self, schema: str, database: str = "") -> None:
        """Create a schema with a table, owned by the administrator."""
        self.run("CREATE SCHEMA {} AUTHORIZATION {}", schema, self.admin, database=database)
        self.run("CREATE TABLE {}.orders (id int)", schema, database=database)
        self.run("ALTER TABLE {}.orders OWNER TO {}", schema, self.admin, database=database)

    def run(self, script: str, *names: str, database: str = "") -> list[tuple[Any, ...]]:
        """Run statements as the superuser; in the first database if none is named."""
        return self.site.run(script, *names, database=database or self.databases[0])

    def _options(self, entries: Entries, **changes: Any) -> dict[str, Any]:
        server = {"login_host": self.site.server.host, "login_port": self.site.server.port}
        return {**server, "group": self.site.group, "databases": list(entries), **changes}

    def access(self, entries: Entries, *, check: bool = False, **changes: Any) -> Outcome:
        """Run the module access as the administrator."""
        users = [{"name": self.site.user, "password": self.site.password}]
        login = {"login_user": self.admin, "login_password": ADMIN_PASSWORD}
        return run_module("access", self._options(entries, users=users, **{**login, **changes}), check=check)

    def visibility(self, entries: Entries, **changes: Any) -> Outcome:
        """Run the module visibility as the Metamapper user."""
        login = {"user": self.site.user, "password": self.site.password}
        return run_module("visibility", self._options(entries, **{**login, **changes}))


def granted(outcome: Outcome) -> dict[str, list[str]]:
    """Return the schemas on which the module access grants, by database."""
    return {entry["name"]: entry["schemas"] for entry in outcome["resolved"]}


def expected(outcome: Outcome) -> dict[str, list[str]]:
    """Return the schemas that the module visibility expects, by database."""
    return {one["name"]: [schema["name"] for schema in one["schemas"]] for one in outcome["databases"]}


def left_out(outcome: Outcome) -> dict[tuple[str, str], str]:
    """Return the reason for each database and schema that was left out."""
    return {(one["database"], one["schema"]): one["reason"] for one in outcome["scope"]["left_out"]}
