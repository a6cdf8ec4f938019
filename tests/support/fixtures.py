# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests on a real server; a conftest.py imports those that its tests need."""

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
    """Return the major version under test, which MM_PG selects."""
    return os.environ.get("MM_PG") or DEFAULT_MAJOR


@pytest.fixture
def site(server: Server) -> Iterator[Site]:
    """Yield a fresh database, and role names that no other test uses."""
    own = Site(server)
    try:
        yield own
    finally:
        own.clean_up()


@pytest.fixture(scope="module")
def sshd() -> Iterator[Sshd]:
    """Run a bastion that forwards to any target, for tests that do not change it."""
    with Sshd() as running:
        yield running


@pytest.fixture
def ssh_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the user's ssh_config in this test: empty, and without an agent. No file in ~/.ssh is read or written."""
    directory = client_directory(tmp_path / "client", "")
    monkeypatch.setenv("PATH", str(directory), prepend=":")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return directory / "config"
