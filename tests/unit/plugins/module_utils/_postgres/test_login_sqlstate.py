# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQLSTATE of a refused login, read from libpq's verbose messages in any language."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login_sqlstate import (
    plain_message,
    sqlstate_of_message,
)

PLACE = 'connection to server at "127.0.0.1", port 5432 failed: '
WRONG = PLACE + 'FATAL:  28P01: password authentication failed for user "a: b"\nLOCATION:  auth_failed, auth.c:328\n'
FULL = PLACE + 'FATAL:  53300: too many connections for role "x"\nORT:  InitializeSessionUserId, miscinit.c:807\n'
NO_ENTRY = (
    PLACE + 'FATAL:  28000: no pg_hba.conf entry for host "127.0.0.1"\nLOCATION:  ClientAuthentication, auth.c:5\n'
)


@pytest.mark.parametrize(
    ("message", "state"),
    [
        pytest.param('FATAL:  28P01: password authentication failed for user "mm"', "28P01", id="English"),
        pytest.param("FATAL:  28P01: authentification par mot de passe échouée", "28P01", id="French"),
        pytest.param('致命错误:  3D000: 数据库 "x" 不存在', "3D000", id="Chinese"),
        pytest.param("connection to server failed: Connection refused", "", id="the server did not speak"),
        pytest.param("FATAL:  28P01: no\nconnection failed: FATAL:  28000: no entry", "28P01", id="then without TLS"),
        pytest.param("FATAL:  28000: no\nconnection failed: FATAL:  53300: limit", "53300", id="only without TLS"),
        pytest.param("FATAL:  28000: no\nconnection failed: FATAL:  28000: no", "28000", id="neither way"),
        pytest.param("", "", id="empty"),
    ],
)
def test_the_state_in_a_verbose_message(message: str, state: str) -> None:
    assert sqlstate_of_message(message) == state


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(WRONG, PLACE + 'FATAL: password authentication failed for user "a: b"\n', id="wrong password"),
        pytest.param(FULL, PLACE + 'FATAL: too many connections for role "x"\n', id="in another language"),
        pytest.param("FATAL:  53300: trop\nEMPLACEMENT : f, a.c:1", "FATAL: trop", id="with a space before the colon"),
        pytest.param(PLACE + "Connection refused", PLACE + "Connection refused", id="not verbose"),
    ],
)
def test_people_read_it_without(message: str, expected: str) -> None:
    assert plain_message(message) == expected
