# SPDX-License-Identifier: GPL-3.0-or-later
"""Remedies for a refused login; test_server.py tests which message of the server leads to which remedy."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login_remedies import (
    hba_line,
    line_of_hba,
    nobody_answers,
    tls_remedies,
)

from tests.support.values.names import HOSTILE

QUOTED = '"we""ird.näme\'; --"'
REFUSALS = {
    "English": (
        'FATAL:  no pg_hba.conf entry for host "192.0.2.1", user "a", database "b", no encryption',
        "192.0.2.1/32",
    ),
    "German": ("FATAL:  kein pg_hba.conf-Eintrag für Host »192.0.2.1«, Benutzer »a«", "192.0.2.1/32"),
    "IPv6": ('connection to server at "203.0.113.5" failed: FATAL:  no pg_hba.conf entry for host "2001:db8::7"', None),
    "a socket": ('no pg_hba.conf entry for host "[local]", user "a"', "<address>"),
}


@pytest.mark.parametrize(("refusal", "address"), REFUSALS.values(), ids=REFUSALS)
def test_the_address_is_the_one_that_the_server_names(refusal: str, address: str | None) -> None:
    remedy = hba_line(Login(HOSTILE, host="db"), refusal)
    assert (remedy.kind, remedy.file) == ("line", "pg_hba.conf")
    assert remedy.text == f"host all {QUOTED} {address or '2001:db8::7/128'} scram-sha-256"


def test_an_address_that_is_not_known_is_a_blank_to_fill_in() -> None:
    assert line_of_hba("mm", "").text == 'host all "mm" <address> scram-sha-256'


def test_where_nobody_answers_the_place_is_named() -> None:
    port, check = nobody_answers(Login("mm", host="db", port=5433))
    assert (port.name, port.value) == ("metamapper_login_port", None)
    assert "db, port 5433" in check.text


TLS = {
    "another name": ('server certificate for "a" does not match host name "b"', "metamapper_login_host"),
    "another authority": ("SSL error: certificate verify failed", "metamapper_ca_cert"),
    "no file": ('root certificate file "/x.pem" does not exist', "metamapper_ca_cert"),
    "no TLS": ("server does not support SSL, but SSL was required", ""),
    "another reason": ("Connection refused", None),
}


@pytest.mark.parametrize(("refusal", "name"), TLS.values(), ids=TLS)
def test_what_lets_a_login_in_over_tls(refusal: str, name: str | None) -> None:
    found = tls_remedies(Login("mm", host="db", ssl_mode="require"), refusal)
    assert [one.name for one in found] == ([] if name is None else [name])
