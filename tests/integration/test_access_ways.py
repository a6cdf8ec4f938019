"""Other ways in: TLS, client certificates, and peer authentication on the database host."""

from __future__ import annotations

import os
import pwd
from typing import Any, Iterator

import pytest

from tests.support.modules import Outcome, run_module
from tests.support.postgres import HBA, SUPERUSER, Server, running
from tests.support.site import Site
from tests.support.tls import switch_on


@pytest.fixture(scope="module")
def encrypted(major: str) -> Iterator[Server]:
    """A server with TLS, on which the operating system's user that runs the tests is the superuser's peer."""
    with running(major, settings=["autovacuum=off", "log_connections=on"]) as server:
        switch_on(server)
        me = pwd.getpwuid(os.geteuid()).pw_name
        (server.data / "pg_ident.conf").write_text(f"admins {me} {SUPERUSER}\n")
        yield server


@pytest.fixture
def own(encrypted: Server) -> Iterator[Site]:
    """A database with a schema on the server with TLS."""
    site = Site(encrypted)
    try:
        site.run("CREATE SCHEMA sales; CREATE TABLE sales.t(id int)")
        yield site
    finally:
        encrypted.hba(HBA)
        site.clean_up()


def access(site: Site, *, check: bool = False, **changes: Any) -> Outcome:
    """Run module access over TCP with a password, unless changes say otherwise."""
    options = {
        "login_host": site.server.host,
        "login_port": site.server.port,
        "login_password": site.server.password,
        "group": site.group,
        "users": [{"name": site.user, "password": site.password}],
        "databases": [{"name": site.database, "schemas": ["sales"]}],
        **changes,
    }
    return run_module("access", options, check=check)


def known(outcome: Outcome) -> tuple[str, str]:
    """Return what the module says of the only user's password, and why."""
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


def test_a_certificate_is_verified_where_it_is_asked_for(own: Site) -> None:
    certificate = str(own.server.work / "ca.crt")
    (own.server.work / "ca.crt").write_text((own.server.data / "server.crt").read_text())
    access(own, ssl_mode="verify-full", ca_cert=certificate, login_host="localhost").ok()
    refused = access(own, ssl_mode="verify-full", ca_cert=certificate)  # 127.0.0.1 is not its name
    assert refused.failed
    assert "Cannot connect" in refused["msg"]


def test_a_user_that_logs_in_by_certificate_proves_nothing(own: Site) -> None:
    access(own).ok()
    own.server.hba(f"hostssl all {own.user} 127.0.0.1/32 cert\n" + HBA)
    state, reason = known(access(own))
    assert state == "proven"  # the superuser can compare what is stored
    assert "certificate" in reason
    deputy = own.create_role("deputy", "LOGIN CREATEROLE PASSWORD 'x'")
    outcome = access(own, login_user=deputy, login_password="x")
    assert (known(outcome)[0], outcome.changed) == ("unproven", False)


def test_the_administrator_comes_as_a_peer_over_the_socket(own: Site) -> None:
    own.server.hba(f"local all {SUPERUSER} peer map=admins\n" + HBA)
    peer: dict[str, Any] = {"login_host": "", "login_password": "", "login_unix_socket": own.server.socket_directory}
    made = access(own, **peer)
    assert known(made)[0] == "set"
    assert known(access(own, **peer)) == ("proven", "")
    own.run("ALTER ROLE {} PASSWORD 'another'", own.user)
    assert known(access(own, **peer))[0] == "set"
    with own.login() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sales.t")


def test_a_peer_that_postgresql_does_not_know_is_refused(own: Site) -> None:
    own.server.hba("local all all peer\n" + HBA)
    peer: dict[str, Any] = {"login_host": "", "login_password": "", "login_unix_socket": own.server.socket_directory}
    refused = access(own, login_user="stran'ger", **peer)
    assert refused.failed
    assert "Cannot connect to database" in refused["msg"]
