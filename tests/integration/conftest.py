"""One server for the run, one database and set of roles for each test."""

from __future__ import annotations

import os
from typing import Iterator

import pytest

from tests.support.postgres import DEFAULT_MAJOR, Server, running
from tests.support.site import Site


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The PostgreSQL server of this run; MM_PG chooses its major version."""
    with running(os.environ.get("MM_PG") or DEFAULT_MAJOR) as running_server:
        yield running_server


@pytest.fixture
def site(server: Server) -> Iterator[Site]:
    """A fresh database, and names for roles that no other test uses."""
    own = Site(server)
    try:
        yield own
    finally:
        own.clean_up()
