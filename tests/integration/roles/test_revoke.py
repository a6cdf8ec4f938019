# SPDX-License-Identifier: GPL-3.0-or-later
"""Role revoke and its playbook, run as a user runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres.acls import acls, changed
from tests.support.postgres.site import Site
from tools.runners.playbooks import run_playbook

pytestmark = pytest.mark.playbook

HOSTILE = "we\"ird.näme'; --"
# Granting includes the verification, which fails if the name of a schema contains a dot or a blank.
SCHEMA = "we\"ird-näme';--%s{}"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A user's directory with one-line playbooks: one grants, the other revokes."""
    for name in ("grant", "revoke"):
        (tmp_path / f"{name}.yml").write_text(f"- import_playbook: metamapper.postgresql.{name}_metamapper\n")
    return tmp_path


@pytest.fixture
def variables(site: Site) -> dict[str, Any]:
    """The inventory of a server with one schema, and hostile names everywhere; the same for both playbooks."""
    site.run("CREATE SCHEMA {}", SCHEMA)
    site.run("CREATE TABLE {}.orders (id int)", SCHEMA)
    site.group, site.user = site.role_name(f"{HOSTILE} g\\"), site.role_name(f"{HOSTILE} u\\1")
    own = site.variables(SCHEMA)
    del own["metamapper_login_host"]  # the default is the name in the inventory
    return own


def test_check_then_revoke_then_nothing_left(directory: Path, site: Site, variables: dict[str, Any]) -> None:
    before = acls(site.server, site.database)
    run_playbook(directory, "grant.yml", variables).ok()
    retired = site.create_role(f"{HOSTILE} old")
    variables["metamapper_retired_users"] = [retired]
    granted = acls(site.server, site.database)

    checked = run_playbook(directory, "revoke.yml", variables, "--check", "--diff").ok()
    assert checked.changed == 1
    assert "SELECT on relation (1)" in checked.output
    assert changed(granted, acls(site.server, site.database)) == {}

    revoked = run_playbook(directory, "revoke.yml", variables).ok()
    assert revoked.changed == 1
    assert "no longer finds the schemas" in revoked.output
    assert changed(before, acls(site.server, site.database)) == {}

    assert run_playbook(directory, "revoke.yml", variables).ok().changed == 0


REFUSED = {
    "misspelled variable": ({"metamapper_retired_user": ["x"]}, "Did you mean metamapper_retired_users?"),
    "one name for both": ({"metamapper_group": "same", "metamapper_user": "same"}, "PostgreSQL has one name space"),
    "listed twice": ({"metamapper_user": "x", "metamapper_retired_users": ["x"]}, "more than once"),
    "the administrator": ({"metamapper_user": "postgres"}, "is the administrator role of this task"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_wrong_input_is_refused(
    directory: Path, variables: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    play = run_playbook(directory, "revoke.yml", {**variables, **change})
    assert play.failed
    assert message in " ".join(play.output.split())
