# SPDX-License-Identifier: GPL-3.0-or-later
"""Citus replicates roles to its workers only from a database with the extension: roles are created there, or nowhere.

An extension named citus stands in for the real one: what its workers do is not tested.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.modules.access import superuser_options
from tests.support.postgres.site import Site
from tools.postgres.snapshot import differences, snapshot
from tools.runners.modules import run_module


@pytest.fixture
def distributed(site: Site) -> Site:
    """A site whose database has an extension called citus."""
    ((directory,),) = site.server.execute("SELECT setting FROM pg_catalog.pg_config WHERE name = 'SHAREDIR'")
    extensions = Path(directory) / "extension"
    (extensions / "citus.control").write_text("default_version = '1'\nrelocatable = true\n")
    (extensions / "citus--1.sql").write_text("")
    site.run("CREATE EXTENSION citus; CREATE SCHEMA sales; CREATE TABLE sales.t (id int)")
    return site


def options(site: Site, **changes: Any) -> dict[str, Any]:
    """Return the options of the module for the database."""
    wanted = {
        "users": [{"name": site.user, "password": site.password}],
        "databases": [{"name": site.database, "schemas": ["sales"]}],
    }
    return superuser_options(site, **{**wanted, **changes})


@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
def test_roles_are_not_made_where_they_would_stay(distributed: Site, check: bool) -> None:
    before = snapshot(distributed.server, distributed.database)
    refused = run_module("access", options(distributed), check=check)
    assert f'Set metamapper_login_db: "{distributed.database}" (option login_db).' in refused["msg"]
    assert differences(before, snapshot(distributed.server, distributed.database)) == []


def test_the_remedy_helps_and_the_roles_can_be_granted_more_from_anywhere(distributed: Site) -> None:
    run_module("access", options(distributed, login_db=distributed.database)).ok()
    distributed.run("CREATE TABLE sales.u (id int)")
    assert not run_module("access", options(distributed)).ok()["statements"][1:]
    absent = options(distributed, state="absent", users=[{"name": distributed.user}], login_db=distributed.database)
    run_module("access", {key: value for key, value in absent.items() if key != "databases"}).ok()
