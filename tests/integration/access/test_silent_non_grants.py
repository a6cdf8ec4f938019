# SPDX-License-Identifier: GPL-3.0-or-later
"""A GRANT that PostgreSQL accepts but that has no effect is detected before COMMIT."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.modules.access import Warehouse, superuser_options
from tests.support.postgres.site import Site
from tools.postgres.snapshot import differences, snapshot
from tools.runners.modules import run_module

# Runs after each GRANT and ALTER DEFAULT PRIVILEGES, as a security product might.
UNDO = """
CREATE FUNCTION public.undo() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF tg_tag IN ('GRANT', 'ALTER DEFAULT PRIVILEGES')
     AND pg_catalog.current_setting('mm.undoing', true) IS DISTINCT FROM 'yes' THEN
    PERFORM pg_catalog.set_config('mm.undoing', 'yes', true);
    EXECUTE {statement};
    PERFORM pg_catalog.set_config('mm.undoing', 'no', true);
  END IF;
END $$;
CREATE EVENT TRIGGER undo ON ddl_command_end EXECUTE PROCEDURE public.undo();
"""

UNDOING: dict[str, tuple[str, str]] = {
    "select": ("format('REVOKE SELECT ON {schema}.{table} FROM {group}')", "SELECT on relation"),
    "usage": ("format('REVOKE USAGE ON SCHEMA {schema} FROM {group}')", "USAGE on schema"),
    "default": (
        "format('ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} REVOKE SELECT ON TABLES FROM {group}')",
        "SELECT on future relations of",
    ),
}


@pytest.fixture
def plain(site: Site) -> dict[str, Any]:
    """Two databases, each with schema sales and its table, and options for both."""
    first, second = site.create_database("aaa 'first\""), site.create_database("bbb 'second\"")
    owner = site.create_role("owner")
    for database in (first, second):
        site.run("CREATE SCHEMA sales AUTHORIZATION {}", owner, database=database)
        site.run("SET ROLE {}; CREATE TABLE sales.t(id int); CREATE TABLE sales.u(id int)", owner, database=database)
    return {
        **superuser_options(site),
        "users": [{"name": site.user, "password": site.password}],
        "databases": [{"name": first, "schemas": ["*"], "exclude_schemas": ["public"]},
                      {"name": second, "schemas": ["sales"]}],
        "owner": owner,
    }  # fmt: skip


@pytest.mark.parametrize("what", UNDOING)
def test_the_transaction_is_rolled_back_and_what_was_committed_is_named(
    site: Site, plain: dict[str, Any], what: str
) -> None:
    owner = plain.pop("owner")
    first, second = (entry["name"] for entry in plain["databases"])
    template, expected = UNDOING[what]
    filled = template.replace("{schema}", "sales").replace("{table}", "t")
    filled = filled.replace("{group}", site.group).replace("{owner}", owner)
    site.run(UNDO.replace("{statement}", filled), database=second)
    before = snapshot(site.server, first, second)
    refused = run_module("access", plain)
    assert refused.failed
    assert [expected in problem["message"] for problem in refused["problems"]] == [True]
    assert refused["problems"][0]["database"] == second
    assert owner in refused["msg"]
    assert refused["problems"][0]["statement"]
    assert refused["committed"] == [f'the group: "{site.group}"', f'database "{quoted(first)}"']
    assert 'Committed before this: the group: "' in refused["msg"]
    written = differences(before, snapshot(site.server, first, second))
    assert [key for key in written if key.startswith(second)] == []
    assert site.run("SELECT 1 FROM pg_roles WHERE rolname = %s" % f"'{site.user}'") == []  # noqa: UP031
    site.run("DROP EVENT TRIGGER undo", database=second)
    run_module("access", plain).ok()
    assert not run_module("access", plain).ok().changed


def quoted(name: str) -> str:
    """Return a name as it is written between double quotes."""
    return name.replace('"', '""')


def test_a_trigger_that_changes_nothing_is_no_obstacle(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    warehouse.run(UNDO.replace("{statement}", "'SELECT 1'"))
    warehouse.access().ok()
    assert not warehouse.access().ok().changed
