# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known about passwords with other connection options: TLS, certificates, peer authentication on the host."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from tests.support.modules.access import superuser_options
from tests.support.postgres.certificates import Encrypted
from tests.support.postgres.site import Site
from tools.postgres.server import HBA, SUPERUSER
from tools.runners.modules import Outcome, run_module


@pytest.fixture
def own(encrypted: Encrypted) -> Iterator[Site]:
    """A database with a schema on the server with TLS."""
    site = Site(encrypted.server)
    try:
        site.run("CREATE SCHEMA sales; CREATE TABLE sales.t(id int)")
        yield site
    finally:
        encrypted.server.hba(HBA)
        site.clean_up()


def access(site: Site, *, check: bool = False, **changes: Any) -> Outcome:
    """Run module access over TCP with a password, unless changes say otherwise."""
    options = {
        **superuser_options(site),
        "users": [{"name": site.user, "password": site.password}],
        "databases": [{"name": site.database, "schemas": ["sales"]}],
        **changes,
    }
    return run_module("access", options, check=check)


def known(outcome: Outcome) -> tuple[str, str]:
    """Return what the module reports about the password of the only user, and why."""
    (user,) = outcome.ok()["users"]
    return user["password"], user["reason"]


@pytest.mark.parametrize("ssl_mode", ["prefer", "allow", "require", "disable"])
def test_a_wrong_password_is_tried_once_whatever_the_mode(own: Site, ssl_mode: str) -> None:
    access(own, ssl_mode=ssl_mode).ok()
    own.run("ALTER ROLE {} PASSWORD 'another'", own.user)
    position = len(own.server.logged())
    assert known(access(own, check=True, ssl_mode=ssl_mode))[0] == "set"
    refused = own.server.logged()[position:].count(f'authentication failed for user "{own.user}"')
    assert refused == 1
    assert known(access(own, ssl_mode=ssl_mode))[0] == "set"
    assert known(access(own, ssl_mode=ssl_mode)) == ("proven", "")


def test_a_user_that_logs_in_by_certificate_proves_nothing(own: Site) -> None:
    access(own).ok()
    own.server.hba(f"hostssl all {own.user} 127.0.0.1/32 cert\n" + HBA)
    state, reason = known(access(own))
    assert state == "proven"  # the superuser can check the stored verifier
    assert "certificate" in reason
    deputy = own.create_role("deputy", "LOGIN CREATEROLE PASSWORD 'x'")
    outcome = access(own, login_user=deputy, login_password="x")
    assert (known(outcome)[0], outcome.changed) == ("unproven", False)


def test_the_administrator_comes_as_a_peer_over_the_socket(own: Site) -> None:
    own.server.peers("admins", SUPERUSER)
    own.server.hba(f"local all {SUPERUSER} peer map=admins\n" + HBA)
    peer: dict[str, Any] = {"login_host": "", "login_password": "", "login_unix_socket": own.server.socket_directory}
    made = access(own, **peer)
    assert known(made)[0] == "set"
    assert known(access(own, **peer)) == ("proven", "")
    own.run("ALTER ROLE {} PASSWORD 'another'", own.user)
    assert known(access(own, **peer))[0] == "set"
    with own.login() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sales.t")
