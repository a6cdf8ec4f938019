# SPDX-License-Identifier: GPL-3.0-or-later
"""The login, the route and the server that the connection options describe."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.route import DIRECT
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Timeouts
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.options import (
    CONNECTION_ARGUMENTS,
    login_from_options,
    parallel_databases_from_options,
    route_from_options,
)

from tests.support.values.names import HOSTILE, PASSWORD

DEFAULTS = {name: argument.get("default") for name, argument in CONNECTION_ARGUMENTS.items()}


@pytest.mark.parametrize(
    ("changes", "attribute", "expected"),
    [
        pytest.param({}, "host", "", id="the default socket"),
        pytest.param({"login_host": "db.example.org"}, "host", "db.example.org", id="a host"),
        pytest.param({"login_host": "h", "login_unix_socket": "/run/pg"}, "host", "/run/pg", id="a socket wins"),
        pytest.param({"login_port": 6432}, "port", 6432, id="a port"),
        pytest.param({}, "ssl_mode", "prefer", id="TLS where there is"),
        pytest.param({}, "ca_cert", "", id="no certificate"),
        pytest.param({"ca_cert": "/ca.pem"}, "ca_cert", "/ca.pem", id="an authority"),
        pytest.param({"ssl_cert": "/c.pem"}, "ssl_cert", "/c.pem", id="a certificate"),
        pytest.param({"ssl_key": "/k.pem"}, "ssl_key", "/k.pem", id="a key"),
        pytest.param({}, "session_role", "", id="a module without session_role"),
        pytest.param({"session_role": None}, "session_role", "", id="no session_role"),
        pytest.param({"session_role": HOSTILE}, "session_role", HOSTILE, id="a session_role"),
    ],
)
def test_a_login_from_options(changes: dict[str, Any], attribute: str, expected: object) -> None:
    login = login_from_options({**DEFAULTS, **changes}, user=HOSTILE, password=None)
    assert (login.user, getattr(login, attribute)) == (HOSTILE, expected)


@pytest.mark.parametrize("password", [None, ""], ids=["None", "empty"])
def test_no_password(password: str | None) -> None:
    assert login_from_options(DEFAULTS, user="u", password=password).password is None


def test_a_password_is_a_secret() -> None:
    assert PASSWORD not in repr(login_from_options(DEFAULTS, user="u", password=PASSWORD))
    assert login_from_options(DEFAULTS, user="u", password=PASSWORD).password is not None


def test_without_a_bastion_the_route_is_direct() -> None:
    with route_from_options(DEFAULTS, login_from_options(DEFAULTS, user="u", password=None)) as route:
        assert route is DIRECT


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, Timeouts(10, 300, 5000), id="defaults"),
        pytest.param(
            {"connect_timeout_seconds": 1, "statement_timeout_seconds": 2}, Timeouts(1, 2, 5000), id="shorter"
        ),
        pytest.param({"lock_timeout_ms": 7}, Timeouts(10, 300, 7), id="locks, where the module has the option"),
    ],
)
def test_how_long_to_wait(options: dict[str, Any], expected: Timeouts) -> None:
    assert login_from_options({**DEFAULTS, **options}, user="x", password=None).timeouts == expected


@pytest.mark.parametrize("name", ["connect_timeout_seconds", "statement_timeout_seconds"])
@pytest.mark.parametrize("seconds", [0, -1])
def test_no_time_at_all_is_refused(name: str, seconds: int) -> None:
    with pytest.raises(Failure, match=f"{name} is {seconds}. Set it to 1 or more."):
        login_from_options({**DEFAULTS, name: seconds}, user="x", password=None)


def test_how_many_databases_at_once() -> None:
    assert parallel_databases_from_options({**DEFAULTS}) == 1
    assert parallel_databases_from_options({**DEFAULTS, "parallel_databases": 8}) == 8
    with pytest.raises(Failure, match="parallel_databases is 0"):
        parallel_databases_from_options({**DEFAULTS, "parallel_databases": 0})


@pytest.mark.parametrize("option", ["login_host", "login_unix_socket"])
def test_a_list_of_hosts_is_refused(option: str) -> None:
    with pytest.raises(Failure, match="login_host is a list of hosts: a,b"):
        login_from_options({**DEFAULTS, option: "a,b"}, user="x", password=None)


@pytest.mark.parametrize(
    ("options", "expected"), [({}, False), ({"allow_cleartext_password": True}, True)], ids=["default", "allowed"]
)
def test_whether_a_password_may_go_in_clear_text(options: dict[str, Any], expected: bool) -> None:
    login = login_from_options({**DEFAULTS, **options}, user="x", password="p4ss")
    assert login.allow_cleartext_password is expected
