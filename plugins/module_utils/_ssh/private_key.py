# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What can be found out about a file with a private key without using it."""

from __future__ import annotations

import base64
import binascii

OPENSSH_BEGIN = b"-----BEGIN OPENSSH PRIVATE KEY-----"
OPENSSH_MAGIC = b"openssh-key-v1\0"
NO_CIPHER = b"\0\0\0\4none"
PEM_ENCRYPTED = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")


def unreadable_because(path: str) -> str:
    """Return the system's message why a file cannot be read; empty if it can."""
    try:
        with open(path, "rb"):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def needs_passphrase(content: bytes) -> bool:
    """Whether a private key is encrypted; False for what is no private key.

    OpenSSH's own format has the cipher after the magic string.
    https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
    """
    if OPENSSH_BEGIN not in content:
        return any(mark in content for mark in PEM_ENCRYPTED)
    body = content.split(OPENSSH_BEGIN, 1)[1].split(b"-----END", 1)[0]
    try:
        key = base64.b64decode(body)
    except binascii.Error:
        return False
    return key.startswith(OPENSSH_MAGIC) and not key.startswith(OPENSSH_MAGIC + NO_CIPHER)


def file_needs_passphrase(path: str) -> bool:
    """Whether the private key in a file is encrypted; False for a file that cannot be read."""
    if unreadable_because(path):
        return False
    with open(path, "rb") as file:
        return needs_passphrase(file.read())
