# SPDX-License-Identifier: GPL-3.0-or-later
"""One test's share of a server: a fresh database, and roles with names that no other test uses."""

from __future__ import annotations

import contextlib
import itertools
import os
from functools import cached_property
from typing import Any, Iterator

from psycopg2 import sql

from tools.postgres.server import Server

_numbers = itertools.count(1)


def identifiers(text: str, *names: str) -> sql.Composed:
    """Return a statement with quoted names in place of each {}."""
    return sql.SQL(text).format(*(sql.Identifier(name) for name in names))


ENDED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


class Site:
    """A fresh database and role names for one test; everything is dropped at the end."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.suffix = f"{os.getpid()}_{next(_numbers)}"
        self.group = self.role_name("readers")
        self.user = self.role_name("metamapper")
        self.password = "p4ss w'ord\\{" + self.suffix
        self._databases: list[str] = []
        self._roles_before = self._all_roles()

    @cached_property
    def database(self) -> str:
        """The database of this test, created at the first use."""
        return self.create_database("warehouse")

    def variables(self, *schemas: str, **others: Any) -> dict[str, Any]:
        """Return inventory variables for this server, its superuser, and some schemas of this test's database."""
        own = {
            "metamapper_login_host": self.server.host,
            "metamapper_login_port": self.server.port,
            "metamapper_login_password": self.server.password,
            "metamapper_group": self.group,
            "metamapper_user": self.user,
            "metamapper_password": self.password,
            "metamapper_databases": [{"name": self.database, "schemas": list(schemas)}],
        }
        return {**own, **others}

    def role_name(self, name: str) -> str:
        """Return a role name that no other test uses."""
        return f"{name}_{self.suffix}"

    def create_database(self, name: str, *, owner: str = "", encoding: str = "") -> str:
        """Create a database of this test and return its name; without an encoding, it has the server's."""
        database = f"{name}_{self.suffix}"
        clause = identifiers(" OWNER {}", owner) if owner else sql.SQL("")
        if encoding:
            clause += sql.SQL(" TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' ENCODING {}").format(
                sql.Literal(encoding)
            )
        if float(self.server.major) >= 15:  # faster than through the log where the server need not sync files
            clause += sql.SQL(" STRATEGY FILE_COPY")
        self.server.execute(identifiers("CREATE DATABASE {}", database) + clause)
        self._databases.append(database)
        return database

    def create_database_exactly(self, name: str) -> None:
        """Create a database of this test under exactly this name."""
        self.server.execute(identifiers("CREATE DATABASE {}", name))
        self._databases.append(name)

    def create_role(self, name: str, attributes: str = "NOLOGIN") -> str:
        """Create a role of this test and return its name."""
        role = self.role_name(name)
        self.server.execute(identifiers("CREATE ROLE {} " + attributes, role))
        return role

    def create_role_exactly(self, role: str, password: str) -> None:
        """Create a login role under exactly this name."""
        statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
        self.server.execute(statement)

    def run(self, script: str, *names: str, database: str = "") -> list[tuple[Any, ...]]:
        """Run statements as the superuser in this test's database, with quoted names in place of each {}."""
        statement = identifiers(script, *names) if names else script
        return self.server.execute(statement, database=database or self.database)

    def run_as(self, role: str, script: str, *names: str) -> list[tuple[Any, ...]]:
        """Run statements under SET ROLE, so that the role owns what they create."""
        return self.run("SET ROLE {}; " + script, role, *names)

    @contextlib.contextmanager
    def login(self, user: str = "", password: str = "", database: str = "", **parameters: str) -> Iterator[Any]:
        """Log in over TCP, by default as the metamapper user."""
        connection = self.server.connect(
            database or self.database, user=user or self.user, password=password or self.password, **parameters
        )
        with contextlib.closing(connection):
            yield connection

    def _all_roles(self) -> set[str]:
        return {row[0] for row in self.server.execute("SELECT rolname FROM pg_catalog.pg_roles")}

    def clean_up(self) -> None:
        """Drop the databases of this test, and every role created since its start."""
        with contextlib.closing(self.server.connect()) as connection, connection.cursor() as cursor:
            for database in self._databases:
                cursor.execute(ENDED, [database])
                cursor.execute(identifiers("DROP DATABASE IF EXISTS {}", database))
            own = sorted(self._all_roles() - self._roles_before)
            if own:
                names = sql.SQL(", ").join(sql.Identifier(role) for role in own)
                self.server.execute(sql.SQL("DROP OWNED BY {}").format(names), database="template1")
                cursor.execute(sql.SQL("DROP OWNED BY {}").format(names))
                cursor.execute(sql.SQL("DROP ROLE {}").format(names))
