# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: one server for the whole run, and a database and a set of roles for each test."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from tests.support.fixtures import major, site, ssh_config, sshd
from tests.support.modules.access import Warehouse
from tests.support.postgres.certificates import Encrypted, running_with_tls
from tests.support.postgres.site import Site
from tools.packaging.collection import build, install
from tools.postgres.server import Server, running

__all__ = ["major", "site", "ssh_config", "sshd"]  # available to every test in this directory


@pytest.fixture(scope="session")
def server(major: str) -> Iterator[Server]:
    """Run the PostgreSQL server of this test run. Autovacuum is off, so that only tests write to it.

    Its shared_buffers are small, since DROP DATABASE searches all of them.
    """
    with running(major, settings=["autovacuum=off", "log_connections=on", "shared_buffers=16MB"]) as running_server:
        yield running_server


@pytest.fixture(scope="session")
def encrypted(major: str) -> Iterator[Encrypted]:
    """Run a server with TLS, for tests of connections."""
    with running_with_tls(major) as running_server:
        yield running_server


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the collection archive, built from the files that git tracks."""
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def installed(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a collections path with the built collection and its dependencies only."""
    collections = tmp_path_factory.mktemp("collections")
    install(artifact, collections)
    return collections


@pytest.fixture(params=["superuser", "deputy"])
def warehouse(request: pytest.FixtureRequest, site: Site) -> Warehouse:
    """Return a warehouse with hostile names, once with a superuser and once with a non-superuser administrator."""
    return Warehouse(site, is_superuser=request.param == "superuser")


@pytest.fixture
def superuser_warehouse(site: Site) -> Warehouse:
    """Return a warehouse with hostile names and a superuser, for tests that do not depend on the administrator."""
    return Warehouse(site, is_superuser=True)


@pytest.fixture
def deputy_warehouse(site: Site) -> Warehouse:
    """Return a warehouse with hostile names and a non-superuser administrator."""
    return Warehouse(site, is_superuser=False)
