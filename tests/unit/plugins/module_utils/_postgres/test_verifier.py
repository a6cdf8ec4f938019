# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored passwords: RFC 4013 as PostgreSQL implements it, and which verifier belongs to which password."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.verifier import is_verifier_of, saslprep
from psycopg2.extensions import encrypt_password

from tests.support.values.names import HOSTILE

# The exchange of RFC 7677, section 3: user "user", password "pencil". The RFC shows the messages, not the stored keys;
# the first test verifies both keys with the RFC's proof and signature.
SALT = "W22ZaJ0SNY7soEsUEjb6gQ=="
STORED_KEY = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
SERVER_KEY = "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
PENCIL = f"SCRAM-SHA-256$4096:{SALT}${STORED_KEY}:{SERVER_KEY}"
NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
EXCHANGE = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={NONCE},s={SALT},i=4096,c=biws,r={NONCE}".encode()
PROOF = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
SIGNATURE = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_the_verifier_of_the_rfc_belongs_to_its_exchange() -> None:
    stored_key = base64.b64decode(STORED_KEY)
    masked = hmac.new(stored_key, EXCHANGE, hashlib.sha256).digest()
    client_key = bytes(left ^ right for left, right in zip(base64.b64decode(PROOF), masked))
    signature = hmac.new(base64.b64decode(SERVER_KEY), EXCHANGE, hashlib.sha256).digest()
    assert (hashlib.sha256(client_key).digest(), signature) == (stored_key, base64.b64decode(SIGNATURE))


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("user", "user", id="RFC 4013: no transformation"),
        pytest.param("USER", "USER", id="RFC 4013: case preserved"),
        pytest.param("I\u00adX", "IX", id="RFC 4013: soft hyphen mapped to nothing"),
        pytest.param("\u00aa", "a", id="RFC 4013: output is NFKC, input in ISO 8859-1"),
        pytest.param("\u2168", "IX", id="RFC 4013: output is NFKC"),
        pytest.param("\u0007", "\u0007", id="RFC 4013 prohibits a control character; ASCII stays as it is"),
        pytest.param("\u06271", "\u06271", id="RFC 4013: a bidirectional string not framed stays as it is"),
        pytest.param("\u0627a\u0627", "\u0627a\u0627", id="both directions stay as they are"),
        pytest.param("\u06271\u0627", "\u06271\u0627", id="right to left, framed"),
        pytest.param("e\u0301", "é", id="composed"),
        pytest.param("é", "é", id="the second time nothing changes"),
        pytest.param("a\u00a0b", "a b", id="a non-ASCII space is a space"),
        pytest.param("a\u200bb", "a b", id="a zero width space is a space to PostgreSQL, not nothing"),
        pytest.param("ä\u0007", "ä\u0007", id="a control character prohibits the rest"),
        pytest.param("e\u0301\ue000", "e\u0301\ue000", id="private use is prohibited: nothing is composed"),
        pytest.param("e\u0301\u0378", "e\u0301\u0378", id="unassigned is prohibited: nothing is composed"),
        pytest.param("㋿", "㋿", id="assigned after Unicode 3.2 is prohibited"),
        pytest.param("\u00ad", "\u00ad", id="what would become empty stays as it is"),
        pytest.param("a\u2135", "a\u05d0", id="the direction is looked at before the normalization"),
        pytest.param("\u0340x", "\u0340x", id="what is prohibited is looked at before the normalization"),
        pytest.param("\U0002f868", "\u36fc", id="normalized by today's tables, not those of Unicode 3.2"),
    ],
)
def test_normalization_of_a_password(password: str, expected: str) -> None:
    assert saslprep(password) == expected


@pytest.mark.parametrize(
    ("stored", "user", "password", "expected"),
    [
        pytest.param(PENCIL, "user", "pencil", True, id="RFC 7677"),
        pytest.param(PENCIL, "anybody", "pencil", True, id="scram does not depend on the user"),
        pytest.param(PENCIL, "user", "Pencil", False, id="another password"),
        pytest.param(PENCIL, "user", "", False, id="no password"),
        pytest.param(PENCIL.replace("4096", "4097"), "user", "pencil", False, id="other iterations"),
        pytest.param("", "user", "pencil", False, id="nothing stored"),
        pytest.param("pencil", "user", "pencil", False, id="clear text, as 9.6 may store it, is no verifier"),
        pytest.param("pïncil", "user", "pïncil", False, id="clear text that is not ASCII"),
        pytest.param(PENCIL.replace("==", "="), "user", "pencil", False, id="a salt that is not base64"),
        pytest.param(PENCIL.replace("4096", "0"), "user", "pencil", False, id="no iterations at all"),
        pytest.param(PENCIL + "\n", "user", "pencil", False, id="a line break behind it"),
        pytest.param("md5" + "0" * 32, "user", "pencil", False, id="another md5"),
    ],
)
def test_a_verifier_and_a_password(stored: str, user: str, password: str, expected: bool) -> None:
    assert is_verifier_of(stored, user, Secret(password)) is expected


@pytest.mark.parametrize("user", ["user", HOSTILE])
@pytest.mark.parametrize("password", ["pencil", "pïncil ☃", HOSTILE])
def test_an_md5_verifier_of_libpq_belongs_to_its_password(user: str, password: str) -> None:
    assert is_verifier_of(encrypt_password(password, user, algorithm="md5"), user, Secret(password))


def test_an_md5_verifier_belongs_to_one_user() -> None:
    assert not is_verifier_of(encrypt_password("pencil", "user", algorithm="md5"), "other", Secret("pencil"))
