# SPDX-License-Identifier: GPL-3.0-or-later
"""Role grant and its playbook, run as a user runs them."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.support.postgres.site import Site
from tools.postgres.server import HBA, Server
from tools.runners.playbooks import run_playbook

pytestmark = pytest.mark.playbook

PLAYBOOK = "- import_playbook: metamapper.postgresql.grant_metamapper\n"
HOSTILE = "we\"ird-näme';--%s{}"
# Metamapper does not quote names, so the dot and the blank break its scan.
BREAKER = "we\"ird.näme'; --"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A user's directory that contains only a one-line playbook."""
    (tmp_path / "grant_metamapper.yml").write_text(PLAYBOOK)
    return tmp_path


@pytest.fixture
def variables(site: Site) -> dict[str, Any]:
    """The inventory of a server with one schema, which has a hostile name."""
    site.run("CREATE SCHEMA {}", HOSTILE)
    site.run("CREATE TABLE {}.orders (id int)", HOSTILE)
    own = site.variables(HOSTILE)
    del own["metamapper_login_host"]  # the default is the name in the inventory
    return own


def role_exists(site: Site, name: str) -> bool:
    """Tell whether a role exists."""
    return bool(site.server.execute("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", parameters=[name]))


def test_check_then_grant_then_nothing_left(directory: Path, site: Site, variables: dict[str, Any]) -> None:
    checked = run_playbook(directory, "grant_metamapper.yml", variables, "--check", "--diff").ok()
    assert checked.changed == 1
    assert "0 of 1 relations readable" in checked.output
    assert "1 of 1 relations readable" in checked.output
    assert not role_exists(site, site.group)

    assert run_playbook(directory, "grant_metamapper.yml", variables).ok().changed == 1
    with site.login() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT table_schema, table_name FROM information_schema.tables WHERE table_name = 'orders'")
        assert cursor.fetchall() == [(HOSTILE, "orders")]

    assert run_playbook(directory, "grant_metamapper.yml", variables).ok().changed == 0


def test_it_ends_with_what_to_type_into_metamapper(directory: Path, site: Site, variables: dict[str, Any]) -> None:
    output = run_playbook(directory, "grant_metamapper.yml", variables).ok().output
    form = f"Host: 127.0.0.1   Port: {site.server.port}   Database: {site.database}   Username: {site.user}"
    assert form in output
    assert site.password not in output


def test_no_secret_is_printed_at_the_highest_verbosity(directory: Path, site: Site, variables: dict[str, Any]) -> None:
    output = run_playbook(directory, "grant_metamapper.yml", variables, "-vvvv", "--diff").ok().output
    assert site.password.replace("\\", "\\\\") not in output
    assert site.password not in output
    assert site.server.password not in output
    assert "SCRAM-SHA-256" not in output


@pytest.mark.thorough
def test_what_metamapper_chokes_on_is_granted_where_it_is_accepted_and_then_told(
    directory: Path, site: Site, variables: dict[str, Any]
) -> None:
    site.run("CREATE SCHEMA {}", BREAKER)
    site.run("CREATE TABLE {}.orders (id int)", BREAKER)
    variables["metamapper_databases"][0]["schemas"].append(BREAKER)
    refused = run_playbook(directory, "grant_metamapper.yml", variables)
    assert refused.failed
    assert "accept_breaks_scan: true" in refused.output
    variables["metamapper_databases"][0]["accept_breaks_scan"] = True
    play = run_playbook(directory, "grant_metamapper.yml", variables)
    assert play.failed
    assert "Metamapper does not quote the name of this schema" in play.output
    assert "Username:" not in play.output


@pytest.mark.thorough
def test_a_list_that_became_shorter_says_what_the_next_scan_hides(
    directory: Path, site: Site, variables: dict[str, Any]
) -> None:
    told = f"no longer finds the schemas other of database {site.database}, and hides"
    site.run("CREATE SCHEMA other")
    site.run("CREATE TABLE other.orders (id int)")
    (database,) = variables["metamapper_databases"]
    longer = {**database, "schemas": [HOSTILE, "other"]}
    granted = run_playbook(directory, "grant_metamapper.yml", {**variables, "metamapper_databases": [longer]}).ok()
    assert "no longer finds" not in granted.output

    variables["metamapper_exclusive"] = True
    assert told in run_playbook(directory, "grant_metamapper.yml", variables, "--check").ok().output
    refused = run_playbook(directory, "grant_metamapper.yml", variables)
    assert (refused.status, told in refused.output) == (2, True)
    run_playbook(directory, "grant_metamapper.yml", {**variables, "metamapper_accept_lost": True}).ok()
    again = run_playbook(directory, "grant_metamapper.yml", variables).ok()
    assert again.changed == 0
    assert "no longer finds" not in again.output


REFUSED = {
    "misspelled variable": ({"metamapper_usr": "x"}, "Did you mean metamapper_user?"),
    "no password": ({"metamapper_password": ""}, "metamapper_password is required"),
    "one name for both": ({"metamapper_group": "same", "metamapper_user": "same"}, "PostgreSQL has one name space"),
    "rule without an address": ({"metamapper_pg_hba_file": "/tmp/pg_hba.conf"}, "metamapper_source is empty"),
    "unknown key of a database": ({"metamapper_databases": [{"name": "d", "schema": ["s"]}]}, "schema"),
    "no way in": ({"metamapper_login_password": "wrong"}, "Cannot connect to database"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_wrong_input_is_refused_before_anything_is_written(
    directory: Path, site: Site, variables: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    play = run_playbook(directory, "grant_metamapper.yml", {**variables, **change})
    assert play.failed
    assert message in play.output
    assert not role_exists(site, site.group)


@pytest.fixture
def peer(server: Server) -> Iterator[None]:
    """pg_hba.conf lets this operating system user log in as postgres over the socket, without a password."""
    map_file = server.data / "pg_ident.conf"
    before = map_file.read_text()
    map_file.write_text(f"me {getpass.getuser()} postgres\n")
    server.hba("local all postgres peer map=me\n" + HBA)
    yield
    map_file.write_text(before)
    server.hba(HBA)


@pytest.mark.thorough
@pytest.mark.usefixtures("peer")
def test_on_the_database_host_with_peer_authentication(
    directory: Path, server: Server, site: Site, variables: dict[str, Any]
) -> None:
    hba = server.data / "pg_hba.conf"
    owner = os.stat(hba).st_uid
    of_the_host = {
        **{name: value for name, value in variables.items() if name != "metamapper_login_password"},
        "metamapper_login_unix_socket": server.socket_directory,
        "metamapper_source": "203.0.113.7/32",
        "metamapper_pg_hba_file": str(hba),
        "metamapper_pg_hba_type": "host",
    }
    assert run_playbook(directory, "grant_metamapper.yml", of_the_host).ok().changed >= 2
    rules = [line.split() for line in hba.read_text().splitlines()]
    method = "md5" if server.major == "9.6" else "scram-sha-256"
    assert ["host", site.database, site.user, "203.0.113.7/32", method] in rules
    assert os.stat(hba).st_uid == owner
    assert run_playbook(directory, "grant_metamapper.yml", of_the_host).ok().changed == 0


@pytest.mark.usefixtures("peer")
def test_the_rule_is_in_force_even_if_the_verification_fails(
    directory: Path, server: Server, site: Site, variables: dict[str, Any]
) -> None:
    site.run("CREATE SCHEMA {}", BREAKER)
    site.run("CREATE TABLE {}.orders (id int)", BREAKER)
    variables["metamapper_databases"][0]["schemas"].append(BREAKER)
    variables["metamapper_databases"][0]["accept_breaks_scan"] = True
    loaded = server.execute("SELECT pg_catalog.pg_conf_load_time()")
    of_the_host = {
        **variables,
        "metamapper_login_unix_socket": server.socket_directory,
        "metamapper_source": "203.0.113.8/32",
        "metamapper_pg_hba_file": str(server.data / "pg_hba.conf"),
        "metamapper_pg_hba_type": "host",
    }
    assert run_playbook(directory, "grant_metamapper.yml", of_the_host).failed
    assert "203.0.113.8/32" in (server.data / "pg_hba.conf").read_text()
    assert server.execute("SELECT pg_catalog.pg_conf_load_time()") != loaded


def test_a_password_that_is_the_name_of_a_schema(directory: Path, variables: dict[str, Any]) -> None:
    # Ansible masks the schema's name in what the module returns; the verification must still use the real name.
    granted = run_playbook(directory, "grant_metamapper.yml", {**variables, "metamapper_password": HOSTILE}).ok()
    assert granted.changed == 1
