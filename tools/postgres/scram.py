# SPDX-License-Identifier: GPL-3.0-or-later
"""A SCRAM-SHA-256 verifier that makes logins fast: https://datatracker.ietf.org/doc/html/rfc5802#section-3"""

from __future__ import annotations

import base64
import hashlib
import hmac

SALT = b"of a test server"


def cheap_verifier(password: str) -> str:
    """Return the verifier of an ASCII password with one iteration; computing the default of 4,096 takes longer than the
    rest of a login."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), SALT, 1)
    stored_key = hashlib.sha256(hmac.new(salted, b"Client Key", hashlib.sha256).digest()).digest()
    server_key = hmac.new(salted, b"Server Key", hashlib.sha256).digest()
    salt, stored, server = (base64.b64encode(part).decode() for part in (SALT, stored_key, server_key))
    return f"SCRAM-SHA-256$1:{salt}${stored}:{server}"
