# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests on a real server begin with; a conftest.py imports what its tests need."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator

import pytest

from tests.support.postgres.site import Site
from tests.support.ssh.sshd import Sshd, client_directory
from tools.postgres.server import DEFAULT_MAJOR, Server


@pytest.fixture(scope="session")
def major() -> str:
    """The major version under test; MM_PG chooses it."""
    return os.environ.get("MM_PG") or DEFAULT_MAJOR


@pytest.fixture
def site(server: Server) -> Iterator[Site]:
    """A fresh database, and names for roles that no other test uses."""
    own = Site(server)
    try:
        yield own
    finally:
        own.clean_up()


@pytest.fixture(scope="module")
def sshd() -> Iterator[Sshd]:
    """A bastion that forwards everywhere, for tests that leave it as it is."""
    with Sshd() as running:
        yield running


@pytest.fixture
def ssh_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ssh_config of the user in this test: empty, and without an agent. No file in ~/.ssh is read or written."""
    directory = client_directory(tmp_path / "client", "")
    monkeypatch.setenv("PATH", str(directory), prepend=":")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return directory / "config"
