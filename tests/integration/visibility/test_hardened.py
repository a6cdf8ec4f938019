# SPDX-License-Identifier: GPL-3.0-or-later
"""Where PUBLIC may not read some catalogs, Metamapper still scans; what cannot be checked is reported."""

from __future__ import annotations

import pytest

from tests.support.modules.visibility import found, look, make_reader
from tests.support.postgres.consumer import scan
from tests.support.postgres.site import Site


@pytest.fixture
def reader(site: Site) -> Site:
    """A site with group and user, and a table that they may read."""
    make_reader(site)
    site.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE SCHEMA sales; CREATE TABLE sales.t (a int)")
    site.run("GRANT USAGE ON SCHEMA sales TO {}; GRANT SELECT ON sales.t TO {}", site.group, site.group)
    return site


CATALOGS = [
    "pg_roles",
    "pg_database",
    "pg_namespace",
    "pg_class",
    "pg_attribute",
    "pg_auth_members",
    "pg_shdepend",
    "pg_default_acl",
    "pg_depend",
    "pg_extension",
    "pg_proc",
    "pg_index",
    "pg_locks",
]
# Metamapper's own queries read the first three of these themselves, those for indexes alone.
OF_THE_INDEX_QUERY = {"pg_class", "pg_index"}


@pytest.mark.parametrize("catalog", CATALOGS)
def test_a_catalog_that_is_not_for_everybody(reader: Site, catalog: str) -> None:
    reader.run(f"REVOKE SELECT ON pg_catalog.{catalog} FROM PUBLIC")
    real = scan(reader)
    assert real.status == "SUCCESS"
    outcome = look(reader, "sales")
    assert outcome["seen"] == {reader.database: real.column_counts}
    assert not found(outcome, "connection", "failure", "warning")
    assert not found(outcome, "missing", "failure")
    assert not found(outcome, "breaks_scan", "failure")
    outcome.ok()
    for one in outcome["findings"]:
        if one["reason"].startswith("Not checked"):
            assert catalog in one["reason"]
            reader.server.execute(one["remedy"], database=reader.database)
    told = look(reader, "sales").ok()["not_checked"]
    assert [one["aspects"] for one in told] == [["lost"]]


def test_what_cannot_be_told_is_not_ok(reader: Site) -> None:
    reader.run("REVOKE SELECT ON pg_catalog.pg_class FROM PUBLIC")
    outcome = look(reader, "sales").ok()
    assert outcome["summary"]["missing"]["status"] == "warning"
    reader.run("GRANT SELECT ON pg_catalog.pg_class TO PUBLIC; REVOKE SELECT ON pg_catalog.pg_auth_members FROM PUBLIC")
    outcome = look(reader, "sales").ok()
    assert outcome["summary"]["future"]["status"] in ("unknown", "warning")
    assert {"future", "excess"} <= {aspect for one in outcome["not_checked"] for aspect in one["aspects"]}
