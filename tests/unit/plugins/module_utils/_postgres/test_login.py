"""What libpq is told, and what is said of a login that failed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres import driver
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import ServerError
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import (
    Login,
    LoginAttempt,
    connection_problem,
)

from tests.support.values.names import HOSTILE, PASSWORD

ALWAYS = {
    "dbname": HOSTILE,
    "user": "admin",
    "port": 5432,
    "sslmode": "prefer",
    "connect_timeout": 10,
    "client_encoding": "UTF8",
    "fallback_application_name": "metamapper.postgresql",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60000,
}


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        pytest.param(Login("admin"), {}, id="the least: libpq looks for the rest itself"),
        pytest.param(Login("admin", Secret(PASSWORD)), {"password": PASSWORD}, id="a password"),
        pytest.param(Login("admin", Secret("")), {}, id="an empty password is none"),
        pytest.param(Login(HOSTILE), {"user": HOSTILE}, id="a hostile name"),
        pytest.param(Login("admin", host="db", port=6432), {"host": "db", "port": 6432}, id="another place"),
        pytest.param(
            Login("admin", ssl_mode="verify-full", ca_cert="/a", ssl_cert="/b", ssl_key="/c"),
            {"sslmode": "verify-full", "sslrootcert": "/a", "sslcert": "/b", "sslkey": "/c"},
            id="TLS",
        ),
        pytest.param(Login("admin", session_role="owner"), {}, id="a session role is no parameter"),
    ],
)
def test_parameters(login: Login, expected: dict[str, Any]) -> None:
    assert login.parameters(HOSTILE) == {**ALWAYS, **expected}


def test_an_old_libpq_is_not_told_what_it_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "libpq_version", lambda: 110000)
    assert ALWAYS.items() - Login("admin").parameters(HOSTILE).items() == {("tcp_user_timeout", 60000)}


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        (Login("a"), "the local socket, port 5432"),
        (Login("a", host="db.example.org", port=6432), "db.example.org, port 6432"),
    ],
)
def test_place(login: Login, expected: str) -> None:
    assert login.place == expected


def test_a_failed_login_is_told_with_its_place() -> None:
    problem = connection_problem(Login("admin", host="db"), "warehouse", ServerError("28P01", "no"))
    assert problem.message == 'Cannot connect to database "warehouse" on db, port 5432 as "admin": no.'
    assert problem.sqlstate == "28P01"


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [
        pytest.param(LoginAttempt(True, True), True, id="asked and let in"),
        pytest.param(LoginAttempt(True, False), False, id="let in without being asked"),
        pytest.param(LoginAttempt(False, True, sqlstate="28P01"), True, id="refused by the server's own check"),
        pytest.param(LoginAttempt(False, True, sqlstate="28000"), True, id="refused by somebody whom the server asked"),
        pytest.param(LoginAttempt(False, True, sqlstate=None), True, id="refused, nobody knows for what"),
        pytest.param(LoginAttempt(False, True, sqlstate="53300"), False, id="refused for a limit"),
        pytest.param(LoginAttempt(False, False, sqlstate="28000"), False, id="refused without being asked"),
    ],
)
def test_whether_the_password_decided(attempt: LoginAttempt, expected: bool) -> None:
    assert attempt.is_about_the_password is expected
