# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks on a server like a managed service's: patterns, what they leave out, and how that is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.support.modules.scope import ADMIN_PASSWORD, Tenants
from tests.support.postgres.site import Site, identifiers
from tools.runners.playbooks import run_playbook

pytestmark = [pytest.mark.playbook, pytest.mark.thorough]


@pytest.fixture
def tenants(site: Site) -> Iterator[Tenants]:
    """Databases of a non-superuser administrator, beside one of the provider."""
    site.server.execute(identifiers("CREATE DATABASE {}", "rdsadmin"))
    site.server.execute(identifiers("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", "rdsadmin"))
    yield Tenants(site)
    site.server.execute(identifiers("DROP DATABASE {}", "rdsadmin"))


@pytest.fixture
def variables(tenants: Tenants) -> dict[str, Any]:
    """The inventory of the server: schemas s* in all databases, as the administrator."""
    entry = {"name": "*", "schemas": ["s*"], "allow_empty": True}
    login = {"metamapper_login_user": tenants.admin, "metamapper_login_password": ADMIN_PASSWORD}
    return tenants.site.variables(**login, metamapper_databases=[entry])


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A user's directory with one-line playbooks."""
    for name in ("grant_metamapper", "verify_metamapper"):
        (tmp_path / f"{name}.yml").write_text(f"- import_playbook: metamapper.postgresql.{name}\n")
    return tmp_path


@pytest.mark.thorough
def test_everything_on_a_managed_server(directory: Path, tenants: Tenants, variables: dict[str, Any]) -> None:
    first = tenants.databases[0]
    tenants.create("Staging")
    tenants.create("shop")
    granted = run_playbook(directory, "grant_metamapper.yml", variables).ok()
    for line in (
        "Left out by the pattern *: database rdsadmin. It belongs to the provider of the server.",
        "Left out by a pattern: database rdsadmin. It belongs to the provider of the server.",
        f"Database {first}: 2 of 4 schemas; new by a pattern: sales, shop",
        f"New in this run in database {first}: sales and shop",
    ):
        assert line in granted.output
    again = run_playbook(directory, "grant_metamapper.yml", variables).ok()
    assert (again.changed, "new by a pattern" in again.output) == (0, False)
    alone = run_playbook(directory, "verify_metamapper.yml", variables).ok()
    assert "Left out by a pattern: database rdsadmin. It belongs to the provider of the server." in alone.output
