# SPDX-License-Identifier: GPL-3.0-or-later
"""What module visibility returns for comparing datastores: which server is a copy of which, and oids of relations."""

from __future__ import annotations

from tests.support.modules.visibility import look, make_reader
from tests.support.postgres.site import Site

OIDS = """
SELECT relname, oid::int8 FROM pg_class WHERE relnamespace = 'sales'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1
"""


def prepare(site: Site) -> None:
    """Create two tables and a view that the login sees."""
    make_reader(site)
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.b (id int); CREATE TABLE sales.a (id int)")
    site.run("CREATE VIEW sales.c AS SELECT 1 AS x")
    site.run("GRANT USAGE ON SCHEMA sales TO {}", site.group)
    site.run("GRANT SELECT ON ALL TABLES IN SCHEMA sales TO {}", site.group)


def test_oids_are_those_of_the_catalog_in_the_order_of_names(site: Site) -> None:
    prepare(site)
    outcome = look(site, "sales").ok()
    catalog = dict(site.server.execute(OIDS, database=site.database))
    names = sorted(outcome["seen"][site.database]["sales"])
    assert dict(zip(names, outcome["oids"][site.database]["sales"])) == catalog
    assert outcome["lost_oids"] == {}
    (identifier,) = site.server.execute("SELECT system_identifier::text FROM pg_control_system()")[0]
    assert outcome["system_identifier"] == identifier


def test_what_is_lost_and_exists_has_its_oid(site: Site) -> None:
    prepare(site)
    catalog = dict(site.server.execute(OIDS, database=site.database))
    baseline = look(site, "sales").ok()["seen"]
    site.run("REVOKE SELECT ON sales.a FROM {}; DROP TABLE sales.b", site.group)
    outcome = look(site, "sales", baseline=baseline)
    assert outcome["lost_oids"] == {site.database: {"sales": {"a": catalog["a"]}}}


def test_twins_have_one_oid(site: Site) -> None:
    prepare(site)
    site.run('CREATE TABLE sales."A" (id int); GRANT SELECT ON sales."A" TO {}', site.group)
    outcome = look(site, "sales")
    upper, lower = outcome["oids"][site.database]["sales"][:2]
    assert upper == lower


def test_without_the_function_the_server_stays_unknown(site: Site) -> None:
    prepare(site)
    site.run("REVOKE EXECUTE ON FUNCTION pg_catalog.pg_control_system() FROM PUBLIC")
    assert look(site, "sales").ok()["system_identifier"] == ""
