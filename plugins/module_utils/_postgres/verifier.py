# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Password verifiers: how they are computed, and whether one matches a password."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import stringprep
import unicodedata

from .._core.secret import Secret
from .._core.server_version import has_feature
from .driver import Connection

# https://www.postgresql.org/docs/current/catalog-pg-authid.html
SCRAM = re.compile(r"^SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)\Z")

# Each login computes this many iterations. Above a million (the default is 4,096) it takes seconds on both sides.
MAX_ITERATIONS = 1_000_000

# RFC 4013, section 2.3, and the unassigned code points of section 2.5
PROHIBITED = (
    stringprep.in_table_a1,
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def make_verifier(connection: Connection, user: str, password: Secret) -> Secret:
    """Return what the server stores: libpq computes it here, so that the password is never sent.

    scram-sha-256 from 10 on, whatever ``password_encryption`` says (an ``md5`` entry of pg_hba.conf accepts it); md5 on
    9.6. Raises ServerError if libpq cannot compute it.
    https://www.postgresql.org/docs/current/libpq-misc.html#LIBPQ-PQENCRYPTPASSWORDCONN
    """
    algorithm = "scram-sha-256" if has_feature(connection.server_version, "scram") else "md5"
    return Secret(connection.encrypt_password(password.reveal(), user, algorithm))


def iterations(stored: str) -> int:
    """Return how many iterations a login computes; 0 if it is not a scram-sha-256 verifier."""
    match = SCRAM.match(stored)
    return int(match.group(1)) if match else 0


def is_md5(stored: str) -> bool:
    """Return whether an MD5 hash is stored."""
    return stored.startswith("md5")


def is_verifier_of(stored: str, user: str, password: Secret) -> bool:
    """Return whether a stored verifier, scram-sha-256 or md5, matches this password.

    Anything else, such as the clear text that 9.6 allows, does not.
    """
    match = SCRAM.match(stored)
    if match:
        return _is_scram_of(password.reveal(), *match.groups())
    # md5 is PostgreSQL's old format, not our choice
    digest = hashlib.md5((password.reveal() + user).encode()).hexdigest()  # noqa: S324
    return hmac.compare_digest(stored.encode(), b"md5" + digest.encode())


def _is_scram_of(password: str, iterations: str, salt: str, stored_key: str, _server_key: str) -> bool:
    """Return whether the stored key of RFC 5802, section 3, follows from the password."""
    normalized = saslprep(password).encode()
    try:
        salted = hashlib.pbkdf2_hmac("sha256", normalized, base64.b64decode(salt), int(iterations))
        expected = base64.b64decode(stored_key)
    except (ValueError, OverflowError):  # it only looks like a verifier
        return False
    client_key = hmac.new(salted, b"Client Key", hashlib.sha256).digest()
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), expected)


def saslprep(password: str) -> str:
    """Return a password as RFC 4013 normalizes it; one that it prohibits stays as it is, as PostgreSQL does.

    PostgreSQL differs from the RFC if a code point is in two tables (a zero width space is a space, not nothing), and
    checks for prohibited characters before it normalizes, with the current Unicode.
    https://www.postgresql.org/docs/current/sasl-authentication.html#SASL-SCRAM-SHA-256
    """
    if password.isascii():
        return password
    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in password
        if stringprep.in_table_c12(character) or not stringprep.in_table_b1(character)
    )
    if not mapped or _is_prohibited(mapped):
        return password
    return unicodedata.normalize("NFKC", mapped)


def _is_prohibited(text: str) -> bool:
    if any(is_prohibited(character) for character in text for is_prohibited in PROHIBITED):
        return True
    has_right_to_left = any(stringprep.in_table_d1(character) for character in text)
    has_left_to_right = any(stringprep.in_table_d2(character) for character in text)
    is_framed = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return has_right_to_left and (has_left_to_right or not is_framed)
