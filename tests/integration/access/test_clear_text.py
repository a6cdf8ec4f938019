# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that asks for a clear-text password gets it only if its identity is verified, or if the user allows it."""

from __future__ import annotations

from typing import Any, Iterator

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login, attempt_login
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server_error import ServerError
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import open_session

from tests.support.postgres.certificates import Encrypted, running_with_tls
from tests.support.postgres.fake_server import CLEAR_TEXT_PASSWORD, Client, fake_server
from tools.runners.modules import run_module

PASSWORD = "p4ss-in-clear"
MODES = ("disable", "allow", "prefer")
MODULES: dict[str, dict[str, Any]] = {
    "access": {"users": [{"name": "metamapper", "password": "another"}], "login_password": PASSWORD},
    "visibility": {"user": "metamapper", "password": PASSWORD},
}


def ask(client: Client) -> None:
    """Ask for the password in clear text, then refuse the login."""
    client.send(b"R", CLEAR_TEXT_PASSWORD)
    client.read()
    client.refuse("28P01", b"no")


def login(port: int, **properties: Any) -> Login:
    """Return a login on a fake server."""
    return Login("admin", Secret(PASSWORD), "127.0.0.1", port, **properties)


@pytest.mark.majorless
@pytest.mark.parametrize("mode", MODES)
def test_a_session_does_not_send_it(mode: str) -> None:
    with fake_server(ask) as server, pytest.raises(ServerError, match="asks for the password in clear text"):
        open_session(login(server.port, ssl_mode=mode), "warehouse")
    assert [client.received for client in server.clients if client.received] == []


@pytest.mark.majorless
@pytest.mark.parametrize("mode", MODES)
def test_a_probe_does_not_send_it_and_proves_nothing(mode: str) -> None:
    with fake_server(ask) as server:
        attempt = attempt_login(login(server.port, ssl_mode=mode), "warehouse", {})
    assert (attempt.succeeded, attempt.is_about_the_password) == (False, False)
    assert [client.received for client in server.clients if client.received] == []


@pytest.mark.majorless
def test_where_it_is_allowed_it_is_sent() -> None:
    with fake_server(ask) as server, pytest.raises(ServerError, match="no"):
        open_session(login(server.port, ssl_mode="disable", allow_cleartext_password=True), "warehouse")
    assert [PASSWORD.encode() in client.received for client in server.clients] == [True]


@pytest.mark.majorless
@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_was_asked_for(name: str) -> None:
    databases = [{"name": "warehouse", "schemas": ["sales"]}]
    with fake_server(ask) as server:
        place = {"login_host": "127.0.0.1", "login_port": server.port, "databases": databases}
        refused = run_module(name, {**MODULES[name], **place})
    assert refused.failed
    assert "asks for the password in clear text" in refused.text
    assert "metamapper_allow_cleartext_password" in refused.text
    assert [client.received for client in server.clients if client.received] == []


@pytest.fixture(scope="module")
def encrypted(major: str) -> Iterator[Encrypted]:
    """A server with a certificate, whose pg_hba.conf asks for the password in clear text, as for ldap."""
    with running_with_tls(major) as running:
        running.server.hba("host all all all password\n")
        yield running


@pytest.mark.parametrize(
    ("mode", "is_sent"), [("prefer", False), ("require", False), ("verify-ca", True), ("verify-full", True)]
)
def test_a_server_that_has_proven_itself_may_ask(encrypted: Encrypted, mode: str, is_sent: bool) -> None:
    server = encrypted.server
    authority = str(encrypted.authority.certificate) if mode.startswith("verify") else ""
    wanted = Login(server.user, Secret(server.password), "localhost", server.port, mode, authority)
    attempt = attempt_login(wanted, "postgres", {})
    assert (attempt.succeeded, attempt.used_password) == (is_sent, is_sent), attempt.message
