# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters that libpq gets, and the problem that reports a failed login."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres import driver
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import RawAttempt, ServerError
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import (
    Login,
    LoginAttempt,
    Timeouts,
    attempt_login,
    connection_problem,
    is_clear_text_refused,
)

from tests.support.values.names import HOSTILE, PASSWORD

ALWAYS = {
    "dbname": HOSTILE,
    "user": "admin",
    "port": 5432,
    "sslmode": "prefer",
    "require_auth": "!password",
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
            Login("admin", ssl_mode="require", ca_cert="/a", ssl_cert="/b", ssl_key="/c"),
            {"sslmode": "require", "sslrootcert": "/a", "sslcert": "/b", "sslkey": "/c"},
            id="TLS",
        ),
        pytest.param(Login("admin", timeouts=Timeouts(3, 1, 1)), {"connect_timeout": 3}, id="another time for a login"),
        pytest.param(Login("admin", session_role="owner"), {}, id="a session role is no parameter"),
    ],
)
def test_parameters(login: Login, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGREQUIREAUTH", raising=False)
    assert login.parameters(HOSTILE) == {**ALWAYS, **expected}


def test_an_old_libpq_is_not_told_what_it_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "libpq_version", lambda: 110000)
    assert ALWAYS.items() - Login("admin").parameters(HOSTILE).items() == {
        ("tcp_user_timeout", 60000),
        ("require_auth", "!password"),
    }


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        (Login("a"), "the local socket, port 5432"),
        (Login("a", host="db.example.org", port=6432), "db.example.org, port 6432"),
    ],
)
def test_place(login: Login, expected: str) -> None:
    assert login.location == expected


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


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param("", "!password", id="anything but clear text"),
        pytest.param("!md5", "!md5,!password", id="something else is ruled out, too"),
        pytest.param("!password", "!password", id="ruled out already"),
        pytest.param("scram-sha-256", "scram-sha-256", id="stricter"),
        pytest.param("password, scram-sha-256", "scram-sha-256", id="clear text among others"),
        pytest.param("password", "!password", id="clear text alone"),
    ],
)
def test_no_clear_text_to_a_server_that_has_not_proven_itself(
    mode: str, environment: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGREQUIREAUTH", environment)
    assert Login("admin", ssl_mode=mode).require_auth() == expected


@pytest.mark.parametrize(
    "login",
    [
        Login("admin", ssl_mode="verify-ca"),
        Login("admin", ssl_mode="verify-full"),
        Login("admin", allow_cleartext_password=True),
    ],
    ids=["verify-ca", "verify-full", "allowed"],
)
def test_where_it_is_legitimate_the_environment_decides(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGREQUIREAUTH", "scram-sha-256")
    assert login.require_auth() == ""
    assert "require_auth" not in login.parameters("warehouse")


IN_ENGLISH = 'authentication method requirement "!password" failed: server requested a cleartext password'
IN_GERMAN = 'Authentifizierungsmethodenanforderung »"!password"« fehlgeschlagen'


@pytest.mark.parametrize(
    ("login", "message", "expected"),
    [
        pytest.param(Login("admin"), IN_ENGLISH, True, id="in English"),
        pytest.param(Login("admin"), IN_GERMAN, True, id="in another language"),
        pytest.param(Login("admin"), "password authentication failed", False, id="a wrong password"),
        pytest.param(Login("admin", ssl_mode="verify-full"), IN_ENGLISH, False, id="a mode that sends it"),
    ],
)
def test_that_it_was_refused(login: Login, message: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGREQUIREAUTH", raising=False)
    assert is_clear_text_refused(login, message) is expected


def test_a_refusal_of_ours_has_a_remedy() -> None:
    problem = connection_problem(Login("admin", host="db"), "warehouse", ServerError("", IN_ENGLISH))
    assert "asks for the password in clear text" in problem.message
    assert "scram-sha-256" in problem.remedy
    assert "metamapper_allow_cleartext_password" in problem.remedy


@pytest.mark.parametrize(
    ("login", "seconds"),
    [
        pytest.param(Login("admin"), 12, id="socket"),
        pytest.param(Login("admin", host="/run"), 12, id="socket in a directory"),
        pytest.param(Login("admin", host="db"), 22, id="a name with two addresses"),
    ],
)
def test_how_long_a_login_may_take(login: Login, seconds: int) -> None:
    assert login.timeout_seconds == seconds


ATTEMPTS: dict[str, tuple[str, list[RawAttempt], list[str]]] = {
    "let in": ("prefer", [RawAttempt(True, True)], ["require"]),
    "a wrong password is tried once": (
        "prefer",
        [RawAttempt(False, True, "x: 28P01: no", is_verbose=True)],
        ["require"],
    ),
    "no TLS there": ("prefer", [RawAttempt(False, False, "no TLS", is_verbose=True), RawAttempt(True)],
                     ["require", "disable"]),
    "no entry for TLS": ("prefer", [RawAttempt(False, False, "x: 28000: no", is_verbose=True), RawAttempt(True)],
                         ["require", "disable"]),
    "no CONNECT": ("prefer", [RawAttempt(False, False, "x: 42501: no", is_verbose=True)], ["require"]),
    "silence": ("prefer", [RawAttempt(False, is_timeout=True)], ["require"]),
    "allow": ("allow", [RawAttempt(False, False, "x: 28000: no", is_verbose=True), RawAttempt(True)],
              ["disable", "require"]),
    "another mode": ("verify-full", [RawAttempt(False, False, "no TLS", is_verbose=True)], ["verify-full"]),
}  # fmt: skip


MD5_ASKED = RawAttempt(False, message='authentication method requirement "!password,!md5" failed', is_verbose=True)
CLEAR_ASKED = RawAttempt(False, message='authentication method requirement "!password" failed', is_verbose=True)


@pytest.mark.parametrize(
    ("answers", "expected", "used_md5"),
    [
        pytest.param([RawAttempt(True, True)], ["!password,!md5"], False, id="scram-sha-256"),
        pytest.param([MD5_ASKED, RawAttempt(True, True)], ["!password,!md5", "!password"], True, id="md5"),
        pytest.param([MD5_ASKED, CLEAR_ASKED], ["!password,!md5", "!password"], False, id="clear text"),
        pytest.param([RawAttempt(False, True, "x: 28P01: no", True)], ["!password,!md5"], False, id="refused"),
    ],
)
def test_a_hash_of_md5_is_sent_only_where_nothing_better_is_asked_for(
    answers: list[RawAttempt], expected: list[str], used_md5: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGREQUIREAUTH", raising=False)
    asked: list[str] = []

    def attempt(parameters: dict[str, Any], _timeout_seconds: float) -> RawAttempt:
        asked.append(parameters["require_auth"])
        return answers[len(asked) - 1]

    monkeypatch.setattr(driver, "attempt", attempt)
    made = attempt_login(Login("admin", Secret(PASSWORD), ssl_mode="require"), "warehouse", {})
    assert (asked, made.used_md5) == (expected, used_md5)


@pytest.mark.parametrize(("mode", "answers", "tried"), ATTEMPTS.values(), ids=ATTEMPTS)
def test_one_login_is_refused_once(
    mode: str, answers: list[RawAttempt], tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def attempt(parameters: dict[str, Any], _timeout_seconds: float) -> RawAttempt:
        asked.append(parameters["sslmode"])
        return answers[len(asked) - 1]

    monkeypatch.setattr(driver, "attempt", attempt)
    made = attempt_login(Login("admin", Secret(PASSWORD), ssl_mode=mode), "warehouse", {})
    assert (asked, made.succeeded) == (tried, answers[-1].succeeded)


def test_a_password_that_was_not_sent_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "attempt", lambda *_arguments: RawAttempt(False, False, IN_ENGLISH, True))
    made = attempt_login(Login("admin", Secret(PASSWORD)), "warehouse", {})
    assert not made.is_about_the_password
    assert made.message.startswith("the server asks for the password in clear text")
