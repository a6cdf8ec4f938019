# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a login and the stored verifier show that a password is right, and when no login is attempted."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect_roles import StoredPassword
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import User
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.password import (
    Password,
    costs_too_much,
    open_database,
    password_state,
    user_login,
    verify_stored,
    why_no_login,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login, LoginAttempt
from psycopg2.extensions import encrypt_password

from tests.support.values.names import HOSTILE, PASSWORD, a_listed_database, a_reader, a_server

USER = User(HOSTILE, Secret(PASSWORD))
ADMIN = Login(
    "admin",
    Secret("the administrator's"),
    host="db.example.org",
    port=6432,
    ca_cert="/ca.pem",
    ssl_cert="/client.pem",
    ssl_key="/client.key",
    session_role="owner",
)


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [
        pytest.param(LoginAttempt(True, True), Password("proven"), id="asked for a password and let in"),
        pytest.param(
            LoginAttempt(True, True, used_md5=True), Password("proven", is_md5=True), id="asked for an MD5 hash"
        ),
        pytest.param(
            LoginAttempt(False, True, "FATAL: password authentication failed"),
            Password("wrong", "The login was refused: FATAL: password authentication failed."),
            id="asked for a password and refused",
        ),
        pytest.param(
            LoginAttempt(False, True, "FATAL: password authentication failed", "28P01"),
            Password("wrong", "The login was refused: FATAL: password authentication failed."),
            id="refused by the server's own check",
        ),
        pytest.param(
            LoginAttempt(False, True, "FATAL: LDAP authentication failed", "28000"),
            Password("wrong", "The login was refused: FATAL: LDAP authentication failed."),
            id="refused by somebody whom the server asked",
        ),
        pytest.param(
            LoginAttempt(False, True, "FATAL: too many connections", "53300"),
            Password("unproven", "A login as the user proves nothing: FATAL: too many connections."),
            id="a connection limit, after the password was found to be right",
        ),
        pytest.param(
            LoginAttempt(False, True, "server closed the connection unexpectedly", ""),
            Password("unproven", "A login as the user proves nothing: server closed the connection unexpectedly."),
            id="the server is gone",
        ),
        pytest.param(
            LoginAttempt(True, False),
            Password(
                "unproven",
                "A login as the user proves nothing: the server let it in without asking for a password.",
            ),
            id="trust, peer or certificate",
        ),
        pytest.param(
            LoginAttempt(False, False, "no pg_hba.conf entry"),
            Password("unproven", "A login as the user proves nothing: no pg_hba.conf entry."),
            id="refused before a password was asked for",
        ),
    ],
)
def test_what_a_login_proves(attempt: LoginAttempt, expected: Password) -> None:
    assert password_state(attempt) == expected


SCRAM = "SCRAM-SHA-256${}:c2FsdA==$c3RvcmVk:c2VydmVy"
UNPROVEN = Password("unproven", "A login proves nothing.")


@pytest.mark.parametrize(
    ("stored", "state"),
    [
        pytest.param(encrypt_password(PASSWORD, HOSTILE, algorithm="md5"), "proven", id="its verifier"),
        pytest.param(encrypt_password("other", HOSTILE, algorithm="md5"), "wrong", id="another's verifier"),
        pytest.param(None, "wrong", id="no password at all"),
        pytest.param("", "wrong", id="an empty one"),
        pytest.param(PASSWORD, "wrong", id="clear text is to be replaced"),
    ],
)
def test_what_a_stored_verifier_proves(stored: str | None, state: str) -> None:
    assert verify_stored(stored, USER, UNPROVEN).state == state


@pytest.mark.parametrize(
    ("known", "version", "expected"),
    [
        pytest.param(Password("proven", is_md5=True), 100000, True, id="md5"),
        pytest.param(Password("proven", is_md5=True), 90600, False, id="md5, on a server that has nothing better"),
        pytest.param(Password("proven"), 100000, False, id="scram-sha-256"),
    ],
)
def test_an_md5_hash_is_worth_a_note(known: Password, version: int, expected: bool) -> None:
    note = known.note(HOSTILE, version)
    assert note.startswith('The server stores the password of "we""ird.näme') is expected
    assert bool(note) is expected


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        pytest.param(StoredPassword(None, 0), False, id="no password"),
        pytest.param(StoredPassword("md5" + "0" * 32, 0), False, id="md5"),
        pytest.param(StoredPassword(SCRAM.format(4096), 4096), False, id="as usual"),
        pytest.param(StoredPassword(SCRAM.format(1_000_000), 0), False, id="a million"),
        pytest.param(StoredPassword(SCRAM.format(1_000_001), 4096), True, id="more than a million"),
        pytest.param(StoredPassword(SCRAM.format(2_000_000), 2_000_000), False, id="as the server wants it"),
    ],
)
def test_which_verifiers_nobody_should_compute(stored: StoredPassword, expected: bool) -> None:
    assert bool(costs_too_much(stored)) is expected


def test_why_the_login_proved_nothing_stays_in_the_reason() -> None:
    assert verify_stored(None, USER, UNPROVEN).reason.startswith(UNPROVEN.reason)


OPEN = (a_listed_database("closed", is_open=False), a_listed_database(HOSTILE))


@pytest.mark.parametrize(
    ("properties", "databases", "expected"),
    [
        pytest.param({}, (HOSTILE,), "", id="nothing against it"),
        pytest.param({"can_login": False}, (HOSTILE,), "the role has NOLOGIN", id="NOLOGIN"),
        pytest.param(
            {"is_expired": True},
            (HOSTILE,),
            'its password has expired; run: ALTER ROLE "we""ird.näme\'; --" VALID UNTIL \'infinity\';',
            id="expired",
        ),
        pytest.param(
            {"connections": 20}, (HOSTILE,), "its connection limit of 20 is reached", id="the limit is reached"
        ),
        pytest.param({"connections": 19}, (HOSTILE,), "", id="one below the limit"),
        pytest.param(
            {"connection_limit": 0}, (HOSTILE,), "its connection limit of 0 is reached", id="no connection at all"
        ),
        pytest.param({"connection_limit": -1, "connections": 99}, (HOSTILE,), "", id="no limit"),
        pytest.param({}, ("closed",), "no listed database lets it CONNECT yet", id="no CONNECT"),
        pytest.param({}, (), "no listed database lets it CONNECT yet", id="no database"),
    ],
)
def test_what_the_catalog_says_against_a_login(
    properties: dict[str, Any], databases: tuple[str, ...], expected: str
) -> None:
    assert why_no_login(a_reader(HOSTILE, **properties), a_server(databases=OPEN), databases) == expected


@pytest.mark.parametrize(
    ("databases", "expected"),
    [
        pytest.param((), "", id="none"),
        pytest.param(("closed", "no_such"), "", id="none is open"),
        pytest.param(("closed", HOSTILE), HOSTILE, id="the first that is open"),
    ],
)
def test_database_that_a_login_is_tried_on(databases: tuple[str, ...], expected: str) -> None:
    assert open_database(a_server(databases=OPEN), databases) == expected


@pytest.mark.parametrize(
    ("mode", "uses_tls", "expected"),
    [
        ("prefer", True, "require"),
        ("prefer", False, "disable"),
        ("prefer", None, "prefer"),
        ("allow", True, "require"),
        ("allow", False, "disable"),
        ("require", True, "require"),
        ("disable", False, "disable"),
        ("verify-ca", True, "verify-ca"),
        ("verify-full", True, "verify-full"),
        ("verify-full", None, "verify-full"),
    ],
)
def test_one_login_is_one_attempt_whether_encrypted_or_not(mode: str, uses_tls: bool | None, expected: str) -> None:
    assert user_login(Login("admin", ssl_mode=mode), USER, uses_tls=uses_tls).ssl_mode == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param("db.example.org", "db.example.org", id="where the administrator goes"),
        pytest.param("/var/run/postgresql", "localhost", id="never over a socket"),
        pytest.param("", "localhost", id="nor over libpq's own socket"),
    ],
)
def test_a_user_logs_in_over_tcp(host: str, expected: str) -> None:
    assert user_login(Login("admin", host=host), USER, uses_tls=None).host == expected


def test_a_user_logs_in_as_itself_with_nothing_of_the_administrators() -> None:
    assert user_login(ADMIN, USER, uses_tls=True) == Login(
        HOSTILE, Secret(PASSWORD), host="db.example.org", port=6432, ssl_mode="require", ca_cert="/ca.pem"
    )
