"""What libpq is told, and what is said of a login that failed."""

from __future__ import annotations

from typing import Any

import psycopg2.extensions
import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres import session as _connection
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import (
    DIRECT,
    Login,
    connection_problem,
    first_line,
    require_psycopg2,
    sqlstate,
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
    monkeypatch.setattr(psycopg2.extensions, "libpq_version", lambda: 110000)
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "ValueError"),
        ("refused", "refused"),
        ("refused\n\tIs the server running?\n", "refused Is the server running?"),
        ("closed\n\tThis probably means the worst.\n", "closed This probably means the worst"),
    ],
    ids=["nothing said", "a line", "two lines", "a sentence"],
)
def test_what_was_said_in_one_line(text: str, expected: str) -> None:
    assert first_line(ValueError(text)) == expected


class RefusedError(Exception):
    """An error of the server's."""

    pgcode = "28P01"


@pytest.mark.parametrize(("error", "expected"), [(RefusedError(), "28P01"), (ValueError(), "")])
def test_sqlstate(error: Exception, expected: str) -> None:
    assert sqlstate(error) == expected


def test_a_failed_login_is_told_with_its_place() -> None:
    problem = connection_problem(Login("admin", host="db"), "warehouse", RefusedError("no"))
    assert problem.message == 'Cannot connect to database "warehouse" on db, port 5432 as "admin": no.'


def test_without_a_bastion_nothing_changes() -> None:
    assert (DIRECT.parameters(), DIRECT.must_retry(ValueError())) == ({}, False)


def test_psycopg2_is_there() -> None:
    require_psycopg2()


def test_without_psycopg2_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_connection, "PSYCOPG2_IMPORT_ERROR", "Traceback")
    with pytest.raises(Failure, match="Install psycopg2-binary"):
        require_psycopg2()
