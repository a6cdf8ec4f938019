"""Random catalogs on a real server: granted, granted again, and taken back without a trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from hypothesis import HealthCheck, Phase, given, settings, strategies
from psycopg2 import sql

from tests.support.postgres.acls import acls, changed
from tests.support.postgres.site import Site, identifiers
from tests.support.values.names import names
from tests.torture.conftest import CHOSEN, SIZES, Ledger
from tools.postgres.server import Server
from tools.runners.modules import run_module

# Room for the suffix that makes the name of a role this example's alone.
ROLES = names().filter(lambda name: len(name.encode()) <= 40 and not name.startswith("pg_"))
SCHEMAS = names().filter(lambda name: not name.startswith("pg_") and name != "information_schema")
KINDS: Mapping[str, str] = {
    "table": "CREATE TABLE {}.{} (id int)",
    "view": "CREATE VIEW {}.{} AS SELECT 1 AS id",
    "materialized view": "CREATE MATERIALIZED VIEW {}.{} AS SELECT 1 AS id",
}
# What others hold already, on a relation and on its schema.
BEFORE: Sequence[str] = (
    "GRANT SELECT ON {relation} TO PUBLIC",
    "GRANT INSERT ON {relation} TO {other}",
    "GRANT SELECT ON {relation} TO {other} WITH GRANT OPTION",
    "GRANT USAGE ON SCHEMA {schema} TO PUBLIC",
    "GRANT USAGE, CREATE ON SCHEMA {schema} TO {other}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {other} IN SCHEMA {schema} GRANT SELECT ON TABLES TO PUBLIC",
)


@dataclass(frozen=True)
class Relation:
    """A relation to be made."""

    name: str
    kind: str
    is_others: bool


@dataclass(frozen=True)
class Catalog:
    """What to make on the server, and what to ask for."""

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
CATALOGS = strategies.builds(
    Catalog,
    ROLES,
    ROLES,
    ROLES,
    strategies.dictionaries(SCHEMAS, RELATIONS, min_size=1, max_size=4),
    strategies.lists(strategies.sampled_from(BEFORE), max_size=4),
    strategies.sampled_from(["select", "metadata"]),
).filter(lambda catalog: len({catalog.group, catalog.user, catalog.other}) == 3)


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

    def run(self, **changes: Any) -> Any:
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
        return run_module("access", options).ok()

    def grant(self) -> Any:
        """Give access to all of it."""
        schemas = ["*", *self.catalog.schemas]
        entry = {"name": self.site.database, "schemas": schemas, "accept_breaks_scan": True}
        return self.run(databases=[entry], privilege=self.catalog.privilege, accept_references=True)

    def unseen(self) -> list[Any]:
        """Return the relations on which the user lacks what was asked for."""
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
