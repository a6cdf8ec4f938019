# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules with a libpq before 16, which cannot refuse to send a password in clear text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.support.modules.access import superuser_options
from tests.support.postgres.fake_server import CLEAR_TEXT_PASSWORD, Client, fake_server
from tests.support.postgres.site import Site
from tools.postgres.server import ROOT, install

pytestmark = [pytest.mark.majorless, pytest.mark.thorough]

PASSWORD = "p4ss-in-clear"


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """An environment in which psycopg2 uses the libpq of PostgreSQL 15."""
    libraries = install("15") / "lib"
    older = {
        **os.environ,
        "LD_LIBRARY_PATH": str(libraries),
        "LD_PRELOAD": str(libraries / "libpq.so.5"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / ".ansible/collections")]),
    }
    question = "from psycopg2 import extensions; print(extensions.libpq_version())"
    asked = subprocess.run([sys.executable, "-c", question], env=older, check=True, capture_output=True, text=True)
    assert asked.stdout.startswith("15")
    return older


def run(name: str, options: dict[str, Any], environment: dict[str, str]) -> dict[str, Any]:
    """Run a module in a process of its own."""
    command = [sys.executable, "-m", "tools.runners.modules", name]
    ended = subprocess.run(
        command, input=json.dumps(options), env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    )
    return dict(json.loads(ended.stdout))


def test_access_is_given_and_proven(site: Site, environment: dict[str, str]) -> None:
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.t (id int)")
    users = [{"name": site.user, "password": site.password}]
    options = superuser_options(site, users=users, databases=[{"name": site.database, "schemas": ["sales"]}])
    first, second = run("access", options, environment), run("access", options, environment)
    assert (first.get("msg"), second.get("msg")) == (None, None)
    assert (first["changed"], second["changed"], second["users"][0]["password"]) == (True, False, "proven")
    site.run("ALTER ROLE {} PASSWORD 'another'", site.user)
    assert run("access", options, environment)["users"][0]["password"] == "set"


def ask(client: Client) -> None:
    """Ask for the password in clear text, and let nobody in."""
    client.send(b"R", CLEAR_TEXT_PASSWORD)
    client.read()
    client.refuse("28P01", b"no")


def test_what_the_documentation_says_of_it_is_true(environment: dict[str, str]) -> None:
    """It answers a request for the password in clear text, which libpq 16 and newer refuse."""
    databases = [{"name": "warehouse", "schemas": ["sales"]}]
    with fake_server(ask) as server:
        place = {"login_host": "127.0.0.1", "login_port": server.port, "databases": databases}
        outcome = run("visibility", {"user": "metamapper", "password": PASSWORD, **place}, environment)
    assert outcome["failed"]
    assert {PASSWORD.encode() in client.received for client in server.clients} == {True}
