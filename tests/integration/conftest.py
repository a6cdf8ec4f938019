# SPDX-License-Identifier: GPL-3.0-or-later
"""One server for the run, one database and set of roles for each test."""

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

__all__ = ["major", "site", "ssh_config", "sshd"]  # for every test here


@pytest.fixture(scope="session")
def server(major: str) -> Iterator[Server]:
    """The PostgreSQL server of this run; whatever writes on it is a test's doing."""
    with running(major, settings=["autovacuum=off", "log_connections=on"]) as running_server:
        yield running_server


@pytest.fixture(scope="session")
def encrypted(major: str) -> Iterator[Encrypted]:
    """A server with TLS, for those tests that are about the way in."""
    with running_with_tls(major) as running_server:
        yield running_server


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as one file, built from what git knows."""
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def installed(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections path that holds the built collection, what it depends on, and nothing else."""
    collections = tmp_path_factory.mktemp("collections")
    install(artifact, collections)
    return collections


@pytest.fixture(params=["superuser", "deputy"])
def warehouse(request: pytest.FixtureRequest, site: Site) -> Warehouse:
    """A warehouse with hostile names, once with a superuser and once with what managed services give instead."""
    return Warehouse(site, is_superuser=request.param == "superuser")


@pytest.fixture
def superuser_warehouse(site: Site) -> Warehouse:
    """A warehouse with hostile names and a superuser, for what does not depend on who makes the changes."""
    return Warehouse(site, is_superuser=True)


@pytest.fixture
def deputy_warehouse(site: Site) -> Warehouse:
    """A warehouse with hostile names and an administrator who is no superuser."""
    return Warehouse(site, is_superuser=False)
