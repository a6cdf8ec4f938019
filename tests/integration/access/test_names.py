# SPDX-License-Identifier: GPL-3.0-or-later
"""Which databases, schemas and relations are selected: patterns, excludes, many databases, members of extensions."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import quoted

from tests.support.modules.access import HOSTILE, Warehouse, creators, messages, superuser_options
from tests.support.postgres.site import Site
from tools.postgres.snapshot import differences, snapshot
from tools.runners.modules import run_module

TENANTS = ("tenant_1", "tenant_2", "tenant_test_1", "Tenant_3", "tenant.4", 'tenant_"5')


@pytest.fixture
def tenants(superuser_warehouse: Warehouse) -> Warehouse:
    """A warehouse with some tenants beside its two schemas."""
    for name in TENANTS:
        superuser_warehouse.run("CREATE SCHEMA {0}; CREATE TABLE {0}.t(id int)", name)
    return superuser_warehouse


PATTERNS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "name": ({"schemas": ["tenant_1"]}, {"tenant_1"}),
    "star": ({"schemas": ["tenant_*"]}, {"tenant_1", "tenant_2", "tenant_test_1", 'tenant_"5'}),
    "question": ({"schemas": ["tenant_?"]}, {"tenant_1", "tenant_2"}),
    "set": ({"schemas": ["tenant_[!1]"]}, {"tenant_2"}),
    "case": ({"schemas": ["T*", "Tenant_3", "tenant_1"], "allow_empty": True}, {"Tenant_3", "tenant_1"}),
    "exclude": ({"schemas": ["tenant_*"], "exclude_schemas": ["tenant_test_*", "no*"]}, {
        "tenant_1", "tenant_2", 'tenant_"5'
    }),
    "exclude-a-name": ({"schemas": ["tenant_?", "Tenant_3"], "exclude_schemas": ["tenant_1"]}, {
        "tenant_2", "Tenant_3"
    }),
    "existing-name-with-pattern-characters": ({"schemas": ["HR [*]?"]}, {"HR [*]?"}),
    "twice": ({"schemas": ["tenant_1", "tenant_[1]", "tenant_1"]}, {"tenant_1"}),
    "allow-empty": ({"schemas": ["no_*", "gone"], "allow_empty": True}, set()),
    "allow-empty-beside": ({"schemas": ["no_*", "tenant_2"], "allow_empty": True}, {"tenant_2"}),
}  # fmt: skip


@pytest.mark.parametrize("case", PATTERNS)
def test_the_schemas_meant_and_no_others(tenants: Warehouse, case: str) -> None:
    changes, expected = PATTERNS[case]
    tenants.access(databases=[tenants.entry(**changes)]).ok()
    query = (
        "SELECT n.nspname FROM pg_namespace n, aclexplode(n.nspacl) a"
        " WHERE pg_get_userbyid(a.grantee) = %s AND a.privilege_type = 'USAGE'"
    )
    rows = tenants.server.execute(query, database=tenants.database, parameters=[tenants.group])
    assert {row[0] for row in rows} == expected
    assert not tenants.access(databases=[tenants.entry(**changes)]).ok().changed


def test_a_star_never_means_postgresqls_own_schemas(tenants: Warehouse) -> None:
    made = tenants.access(databases=[tenants.entry(schemas=["*"])]).ok()
    schemas = set(made["after"]["databases"][tenants.database]["schemas"])
    nameless = {"Tenant_3", "tenant.4", tenants.schema, tenants.other}
    assert schemas == {*TENANTS, "public"} - nameless
    assert {one["schema"] for one in made["scope"]["left_out"]} == nameless


def test_many_databases_in_one_task_and_an_exact_entry_wins(site: Site) -> None:
    owner = site.create_role("owner")
    warehouse = Warehouse(site, is_superuser=True)
    names = [site.create_database(f"ten'ant\" {number}", owner=owner) for number in range(3)]
    for name in names:
        site.run("CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.t(); CREATE TABLE two.t()", database=name)
    closed = site.create_database("ten'ant\" closed")
    site.run("ALTER DATABASE {} ALLOW_CONNECTIONS false", closed, database="postgres")
    entries = [
        {"name": f"ten'ant\" *{site.suffix}", "schemas": ["one"]},
        {"name": names[1], "schemas": ["two"]},
        warehouse.entry(schemas=[warehouse.schema]),
    ]
    made = warehouse.access(databases=entries).ok()
    held = {name: set(of["schemas"]) for name, of in made["after"]["databases"].items()}
    assert held == {
        names[0]: {"one"},
        names[1]: {"two"},
        names[2]: {"one"},
        warehouse.database: {warehouse.schema},
    }
    assert not warehouse.access(databases=entries).ok().changed


def test_a_database_that_two_patterns_match_is_an_error(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    suffix = warehouse.site.suffix
    entries = [{"name": f"*{suffix}", "schemas": ["*"]}, {"name": f"we*{suffix}", "schemas": ["*"]}]
    refused = warehouse.access(databases=entries)
    assert refused.failed
    assert ["matches two patterns" in message for message in messages(refused)] == [True]


def test_nothing_else_in_the_database_is_touched(warehouse: Warehouse) -> None:
    warehouse.run("CREATE SCHEMA unlisted; CREATE TABLE unlisted.t(id int)")
    before = snapshot(warehouse.server, warehouse.database)
    warehouse.access(databases=[warehouse.entry(schemas=[warehouse.schema])]).ok()
    after = snapshot(warehouse.server, warehouse.database)
    assert warehouse.readable("unlisted") == []
    assert warehouse.readable(warehouse.other) == []
    key = f"{warehouse.database}: schemas"
    assert {row[1] for row in set(after[key]) - set(before[key])} == {warehouse.schema}
    assert f"{warehouse.database}: columns" not in differences(before, after)


def test_an_extension_out_of_reach_is_information(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    warehouse.run("CREATE EXTENSION pg_stat_statements SCHEMA {}", warehouse.schema)
    warehouse.run("REVOKE ALL ON {}.pg_stat_statements FROM PUBLIC", warehouse.schema)
    made = warehouse.access().ok()
    left_out = {grant["name"] for grant in made["not_grantable"]}
    assert "pg_stat_statements" in left_out
    again = warehouse.access().ok()
    assert (again.changed, again["not_grantable"]) == (False, made["not_grantable"])


def test_an_extension_within_reach_is_granted_like_the_rest(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    warehouse.run("CREATE EXTENSION pg_stat_statements SCHEMA {}", warehouse.schema)
    assert warehouse.access().ok()["not_grantable"] == []
    assert not warehouse.access().ok().changed


def test_what_public_holds_and_the_administrator_cannot_grant_is_inherited(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    warehouse.run("CREATE SCHEMA foreign_ground; CREATE TABLE foreign_ground.t(id int)")
    warehouse.run("GRANT USAGE ON SCHEMA foreign_ground TO PUBLIC; GRANT SELECT ON foreign_ground.t TO PUBLIC")
    entry = warehouse.entry(schemas=["foreign_ground"], creators=[warehouse.owner])
    made = warehouse.access(databases=[entry]).ok()
    inherited = {(grant["kind"], grant["schema"], grant["name"]) for grant in made["inherited"]}
    assert inherited == {("schema", "foreign_ground", ""), ("relation", "foreign_ground", "t")}
    assert warehouse.readable("foreign_ground") == ["t"]
    assert not warehouse.access(databases=[entry]).ok().changed


def test_diff_says_in_a_line_what_changes_in_each_schema(warehouse: Warehouse) -> None:
    diff = warehouse.access(check=True, diff=True).ok()["diff"]
    count = len(warehouse.relations)
    label = f"database {quoted(warehouse.database)} schema {quoted(warehouse.schema)}: "
    names = ", ".join(map(quoted, creators(warehouse)))
    assert f"{label}USAGE missing, 0 of {count} relations readable, default privileges for: none" in diff["before"]
    assert (
        f"{label}USAGE granted, {count} of {count} relations readable, default privileges for: {names}" in diff["after"]
    )
    assert quoted(HOSTILE)[1:-1] in diff["after"]


@pytest.mark.parametrize("is_listed", [False, True], ids=["by a pattern", "by its name"])
def test_names_that_are_no_utf8_where_the_server_does_not_know_their_encoding(site: Site, is_listed: bool) -> None:
    database = site.create_database("bytes", encoding="SQL_ASCII")
    with contextlib.closing(site.server.connect(database, client_encoding="LATIN1")) as latin1, latin1.cursor() as sql:
        sql.execute('CREATE SCHEMA sales; CREATE TABLE sales.plain (id int); CREATE TABLE sales."caf\xe9" (id int)')
        sql.execute('CREATE SCHEMA "h\xe9"; CREATE TABLE "h\xe9".t (id int)')
    databases = [{"name": database, "schemas": ["sales"] if is_listed else ["*"], "allow_empty": True}]
    options = superuser_options(site, users=[{"name": site.user, "password": site.password}], databases=databases)
    planned = run_module("access", options, check=True).ok()
    done = run_module("access", options).ok()
    assert done.statements == planned.statements
    assert not run_module("access", options).ok().changed
    readable = (
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'sales'::regnamespace"
        " AND has_table_privilege(%s, oid, 'SELECT')"
    )
    assert site.server.execute(readable, database=database, parameters=[site.user]) != [(0,)]
    run_module("access", superuser_options(site, state="absent", users=[{"name": site.user}])).ok()
