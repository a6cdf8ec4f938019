# SPDX-License-Identifier: GPL-3.0-or-later
"""Random catalogs on a real server: access is granted, granted again, and revoked without a trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence
from unittest import mock

from hypothesis import HealthCheck, Phase, given, settings, strategies
from psycopg2 import sql

from tests.support.postgres.acls import acls, changed
from tests.support.postgres.site import Site, identifiers
from tests.support.values.names import names
from tests.torture.conftest import CHOSEN, SIZES, Ledger
from tools.postgres.server import Server
from tools.runners.modules import run_module

# Leave room for the suffix that makes a role's name unique to its example.
ROLES = names().filter(lambda name: len(name.encode()) <= 40 and not name.startswith("pg_"))
SCHEMAS = names().filter(lambda name: not name.startswith("pg_") and name != "information_schema")
KINDS: Mapping[str, str] = {
    "table": "CREATE TABLE {}.{} (id int)",
    "view": "CREATE VIEW {}.{} AS SELECT 1 AS id",
    "materialized view": "CREATE MATERIALIZED VIEW {}.{} AS SELECT 1 AS id",
}
# What other roles have been granted before, on a relation and on its schema.
BEFORE: Sequence[str] = (
    "GRANT SELECT ON {relation} TO PUBLIC",
    "GRANT INSERT ON {relation} TO {other}",
    "GRANT SELECT ON {relation} TO {other} WITH GRANT OPTION",
    "GRANT USAGE ON SCHEMA {schema} TO PUBLIC",
    "GRANT USAGE, CREATE ON SCHEMA {schema} TO {other}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {other} IN SCHEMA {schema} GRANT SELECT ON TABLES TO PUBLIC",
)


# What is granted to group and user by hand.
BY_HAND: Sequence[str] = (
    "GRANT SELECT ON {relation} TO {group}",
    "GRANT REFERENCES, INSERT ON {relation} TO {user}",
    "GRANT SELECT ON {relation} TO {group} WITH GRANT OPTION",
    "GRANT SELECT ON {relation} TO {user} WITH GRANT OPTION",
    "GRANT USAGE, CREATE ON SCHEMA {schema} TO {group}",
    "GRANT USAGE ON SCHEMA {schema} TO {user} WITH GRANT OPTION",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {other} IN SCHEMA {schema} GRANT REFERENCES ON TABLES TO {group}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {other} IN SCHEMA {schema} GRANT SELECT ON TABLES TO {group} WITH GRANT OPTION",
    "GRANT USAGE ON SCHEMA {schema} TO {other}; GRANT SELECT ON {relation} TO {other} WITH GRANT OPTION;"
    " SET ROLE {other}; GRANT SELECT ON {relation} TO {group}; RESET ROLE",
    "GRANT SELECT ON {relation} TO PUBLIC",
)


@dataclass(frozen=True)
class Wish:
    """The access that is requested: the number of schemas, the mode, and whether it is exclusive."""

    schemas: int
    privilege: str
    is_exclusive: bool


@dataclass(frozen=True)
class Relation:
    """A relation to be created."""

    name: str
    kind: str
    is_others: bool


@dataclass(frozen=True)
class Catalog:
    """What to create on the server, and the access to request."""

    group: str
    user: str
    other: str
    schemas: Mapping[str, Sequence[Relation]]
    before: Sequence[str]
    privilege: str


RELATIONS = strategies.lists(
    strategies.builds(Relation, names(), strategies.sampled_from(sorted(KINDS)), strategies.booleans()),
    max_size=4,
    unique_by=lambda relation: relation.name,
)


def has_plain_ends(name: str) -> bool:
    """Tell whether Metamapper's form keeps a name unchanged: it strips white space at the ends."""
    return name == name.strip()


CATALOGS = strategies.builds(
    Catalog,
    ROLES,
    ROLES,
    ROLES,
    strategies.dictionaries(SCHEMAS, RELATIONS, min_size=1, max_size=4),
    strategies.lists(strategies.sampled_from(BEFORE), max_size=4),
    strategies.sampled_from(["select", "metadata"]),
).filter(lambda catalog: len({catalog.group, catalog.user, catalog.other}) == 3 and has_plain_ends(catalog.user))


class Example:
    """A catalog on a site."""

    def __init__(self, site: Site, catalog: Catalog) -> None:
        self.site = site
        self.catalog = catalog
        self.other = site.create_role(catalog.other)
        self.group, self.user = site.role_name(catalog.group), site.role_name(catalog.user)
        site.run("DROP SCHEMA public")
        for schema, relations in catalog.schemas.items():
            site.run("CREATE SCHEMA {}", schema)
            for relation in relations:
                self._make(schema, relation)

    def _make(self, schema: str, relation: Relation) -> None:
        self.site.run(KINDS[relation.kind], schema, relation.name)
        quoted = {
            "relation": identifiers("{}.{}", schema, relation.name),
            "schema": identifiers("{}", schema),
            "other": identifiers("{}", self.other),
        }
        for statement in self.catalog.before:
            self.site.server.execute(sql.SQL(statement).format(**quoted), database=self.site.database)
        if relation.is_others:
            alter = f"ALTER {relation.kind.upper()} {{}}.{{}} OWNER TO {{}}"
            self.site.run(alter, schema, relation.name, self.other)

    def run(self, *, check: bool = False, **changes: Any) -> Any:
        """Run the module."""
        server = self.site.server
        options = {
            "login_host": server.host,
            "login_port": server.port,
            "login_password": server.password,
            "group": self.group,
            "users": [{"name": self.user, "password": self.site.password}],
            **changes,
        }
        return run_module("access", options, check=check).ok()

    def wish(self, wish: Wish, *, check: bool = False) -> Any:
        """Grant the requested access."""
        schemas = list(self.catalog.schemas)[: wish.schemas] or ["no_such"]
        entry = {"name": self.site.database, "schemas": schemas, "allow_empty": True, "accept_breaks_scan": True}
        return self.run(
            check=check,
            databases=[entry],
            privilege=wish.privilege,
            exclusive=wish.is_exclusive,
            accept_references=True,
        )

    def by_hand(self, statements: Sequence[str]) -> None:
        """Grant something to group and user, as a superuser."""
        for schema, relations in self.catalog.schemas.items():
            for relation in relations:
                quoted = {
                    "relation": identifiers("{}.{}", schema, relation.name),
                    "schema": identifiers("{}", schema),
                    "group": identifiers("{}", self.group),
                    "user": identifiers("{}", self.user),
                    "other": identifiers("{}", self.other),
                }
                for statement in statements:
                    self.site.server.execute(sql.SQL(statement).format(**quoted), database=self.site.database)

    def mentions(self) -> Any:
        """Return where the catalog mentions group or user."""
        query = "SELECT * FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid WHERE r.rolname IN (%s, %s)"
        return self.site.server.execute(query, parameters=[self.group, self.user])

    def grant(self) -> Any:
        """Grant access to all schemas."""
        schemas = ["*", *self.catalog.schemas]
        entry = {"name": self.site.database, "schemas": schemas, "accept_breaks_scan": True}
        return self.run(databases=[entry], privilege=self.catalog.privilege, accept_references=True)

    def unseen(self) -> list[Any]:
        """Return the relations on which the user lacks the requested privilege."""
        query = (
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            " AND NOT (has_schema_privilege(%s::name, n.oid, 'USAGE') AND has_table_privilege(%s::name, c.oid, %s))"
        )
        word = {"select": "SELECT", "metadata": "REFERENCES"}[self.catalog.privilege]
        return self.site.server.execute(query, database=self.site.database, parameters=[self.user, self.user, word])


@settings(
    max_examples=SIZES[CHOSEN].catalogs,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(catalog=CATALOGS)
def test_revoke_after_grant_gives_the_start(server: Server, ledger: Ledger, catalog: Catalog) -> None:
    site = Site(server)
    try:
        example = Example(site, catalog)
        start = acls(server, site.database)
        assert example.grant().changed
        assert example.unseen() == []
        wish = acls(server, site.database)
        assert not example.grant().changed
        assert changed(wish, acls(server, site.database)) == {}
        example.run(state="absent", users=[{"name": example.user}])
        assert changed(start, acls(server, site.database)) == {}
        ledger["catalogs"] += 1
        ledger["relations"] += sum(map(len, catalog.schemas.values()))
    finally:
        site.clean_up()


WISHES = strategies.builds(
    Wish,
    strategies.integers(min_value=0, max_value=4),
    strategies.sampled_from(["select", "metadata"]),
    strategies.booleans(),
)
# Applies from 18 on, where the lock table limits the names per transaction.
LIMITS = strategies.sampled_from([None, 1, 2, 5])
NAMES_PER_TRANSACTION = (
    "ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts.ServerFacts"
    ".names_per_transaction"
)


@settings(
    max_examples=SIZES[CHOSEN].catalogs,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    catalog=CATALOGS,
    wishes=strategies.lists(WISHES, min_size=1, max_size=3),
    statements=strategies.lists(strategies.sampled_from(BY_HAND), max_size=4),
    limit=LIMITS,
)
def test_a_run_does_what_check_mode_says(
    server: Server,
    ledger: Ledger,
    catalog: Catalog,
    wishes: Sequence[Wish],
    statements: Sequence[str],
    limit: int | None,
) -> None:
    site = Site(server)
    try:
        example = Example(site, catalog)
        with mock.patch(NAMES_PER_TRANSACTION, limit):
            for wish in wishes:
                planned = example.wish(wish, check=True)
                done = example.wish(wish)
                assert done.statements == planned.statements
                again = example.wish(wish)
                assert (again.changed, again.statements) == (False, [])
                example.by_hand(statements)
            users = [{"name": example.user}]
            planned = example.run(state="absent", users=users, check=True)
            assert example.run(state="absent", users=users).statements == planned.statements
        assert example.mentions() == []
        ledger["wishes"] += len(wishes)
    finally:
        site.clean_up()
