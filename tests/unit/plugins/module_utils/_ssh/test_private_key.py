# SPDX-License-Identifier: GPL-3.0-or-later
"""What a private key file reveals before it is used: whether it needs a passphrase, and why it is unreadable."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.private_key import (
    file_needs_passphrase,
    needs_passphrase,
    unreadable_because,
)

from tests.support.ssh.sshd import make_key


@pytest.mark.parametrize(("passphrase", "expected"), [("", False), ("open sesame", True)], ids=["plain", "encrypted"])
def test_key_of_openssh(tmp_path: Path, passphrase: str, expected: bool) -> None:
    key = make_key(tmp_path / "we\"ird.näme'; --", passphrase=passphrase)
    assert file_needs_passphrase(str(key)) is expected
    assert unreadable_because(str(key)) == ""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", False, id="empty"),
        pytest.param(b"-----BEGIN RSA PRIVATE KEY-----\nMIIE", False, id="plain PEM"),
        pytest.param(b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", True, id="encrypted PEM"),
        pytest.param(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIE", True, id="encrypted PKCS#8"),
        pytest.param(b"-----BEGIN PRIVATE KEY-----\nMIIE", False, id="plain PKCS#8"),
        pytest.param(b"-----BEGIN OPENSSH PRIVATE KEY-----\nA\n-----END", False, id="broken base64"),
        pytest.param(b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END", False, id="something else in base64"),
        pytest.param(b"ssh-ed25519 AAAAC3 me", False, id="public key"),
    ],
)
def test_needs_passphrase(content: bytes, expected: bool) -> None:
    assert needs_passphrase(content) is expected


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("missing", "No such file or directory", id="missing"),
        pytest.param(".", "Is a directory", id="directory"),
        pytest.param("file/below", "Not a directory", id="below a file"),
    ],
)
def test_unreadable(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").write_text("")
    assert unreadable_because(str(tmp_path / name)) == reason
    assert file_needs_passphrase(str(tmp_path / name)) is False
