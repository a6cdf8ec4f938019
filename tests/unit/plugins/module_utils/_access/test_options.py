# SPDX-License-Identifier: GPL-3.0-or-later
"""How the connection options become a login, and how a module reports wrong options without a server."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.options import (
    ACCESS_ARGUMENTS,
    server_from_options,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.options import login_from_options

from tests.support.values.names import HOSTILE, PASSWORD
from tools.runners.modules import run_module

DEFAULTS = {name: option.get("default") for name, option in ACCESS_ARGUMENTS.items()}


@pytest.mark.parametrize(
    ("changes", "password", "expected"),
    [
        pytest.param({}, None, Login(HOSTILE), id="defaults"),
        pytest.param({}, "", Login(HOSTILE), id="an empty password is libpq's to find"),
        pytest.param({}, PASSWORD, Login(HOSTILE, Secret(PASSWORD)), id="a password"),
        pytest.param(
            {"login_host": "db", "login_port": 6432}, None, Login(HOSTILE, host="db", port=6432), id="another place"
        ),
        pytest.param(
            {"login_host": "db", "login_unix_socket": "/run"}, None, Login(HOSTILE, host="/run"), id="the socket wins"
        ),
        pytest.param(
            {"ssl_mode": "verify-full", "ca_cert": "/a", "ssl_cert": "/b", "ssl_key": "/c"},
            None,
            Login(HOSTILE, ssl_mode="verify-full", ca_cert="/a", ssl_cert="/b", ssl_key="/c"),
            id="TLS",
        ),
        pytest.param({"session_role": HOSTILE}, None, Login(HOSTILE, session_role=HOSTILE), id="a session role"),
    ],
)
def test_login(changes: dict[str, Any], password: str | None, expected: Login) -> None:
    assert login_from_options({**DEFAULTS, **changes}, user=HOSTILE, password=password) == expected


def test_the_first_database_is_the_one_of_the_options() -> None:
    with server_from_options({**DEFAULTS, "login_db": HOSTILE}) as where:
        assert where.database == HOSTILE


WRONG = {
    "group": "metamapper",
    "users": [{"name": "metamapper", "password": PASSWORD}],
    "databases": [{"name": HOSTILE, "schemas": []}],
}


def test_a_module_tells_all_that_is_wrong_before_it_looks_for_a_server() -> None:
    assert [problem["object"] or problem["database"] for problem in run_module("access", WRONG)["problems"]] == [
        "metamapper",
        HOSTILE,
    ]


def test_a_module_never_shows_a_password() -> None:
    assert PASSWORD.split()[0] not in run_module("access", WRONG).text
