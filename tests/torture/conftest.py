# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is done, on what, and a summary of it at the end that can be read in a log.

``MM_SIZE`` is "small" or "full" (``make torture SIZE=small``), ``MM_PG`` the major version.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Generator, Iterator, Mapping

import pytest

from tests.support.fixtures import major, site, ssh_config
from tests.support.modules.forks import Forks, forks
from tests.support.ssh.sshd import Sshd
from tools.postgres.server import DEFAULT_MAJOR, Server, running

__all__ = ["major", "site", "ssh_config"]  # for every test here

Ledger = Counter[str]
LEDGER = pytest.StashKey[Ledger]()


@dataclass(frozen=True)
class Size:
    """How often each thing is done."""

    rounds: int
    """Rounds of sixteen runs at once."""

    kills: int
    """Ends at random points, of each kind."""

    storms: int
    """Runs in a storm of DDL."""

    catalogs: int
    """Random catalogs on a real server."""

    hosts: int
    """Hosts behind one bastion."""

    schemas: int
    """Schemas of a large database, of twenty relations each."""


SIZES: Mapping[str, Size] = {
    "full": Size(rounds=200, kills=100, storms=100, catalogs=100, hosts=1000, schemas=5000),
    "tiny": Size(rounds=4, kills=2, storms=2, catalogs=2, hosts=6, schemas=50),  # to see whether the suite itself works
    "small": Size(rounds=16, kills=8, storms=8, catalogs=8, hosts=40, schemas=400),
}


CHOSEN = os.environ.get("MM_SIZE") or "full"


@pytest.fixture(scope="session")
def size() -> Size:
    """How often each thing is done in this run."""
    return SIZES[CHOSEN]


@pytest.fixture(scope="session")
def server(major: str) -> Iterator[Server]:
    """A server that nobody stops."""
    with running(major, settings=["autovacuum=off", "max_connections=200"]) as running_server:
        yield running_server


@pytest.fixture(scope="session")
def forking() -> Iterator[Forks]:
    """What starts modules as processes of their own."""
    with forks() as process:
        yield process


@pytest.fixture
def sshd() -> Iterator[Sshd]:
    """A bastion of this test alone."""
    with Sshd() as running_sshd:
        yield running_sshd


@pytest.fixture(autouse=True)
def _own_ssh_config(ssh_config: Path) -> None:
    """Keep every test away from the user's ~/.ssh."""


@pytest.fixture
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """What this test did and saw, how often; it is shown at the end of the run."""
    counts: Ledger = Counter()
    request.node.stash[LEDGER] = counts
    return counts


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hand the counts over with the report, which may travel to another process."""
    report = yield
    report.user_properties.append(("torture", dict(item.stash.get(LEDGER, {}))))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what ran, how often, how long, and what was seen."""
    reports = [report for key in ("passed", "failed") for report in terminalreporter.getreports(key)]
    shown = sorted((report for report in reports if report.when == "call"), key=lambda report: report.nodeid)
    terminalreporter.section(f"torture, size {CHOSEN}, PostgreSQL {os.environ.get('MM_PG') or DEFAULT_MAJOR}")
    for report in shown:
        name = report.nodeid.partition("::")[2] or report.nodeid
        terminalreporter.write_line(f"{report.outcome:6} {report.duration:6.0f} s  {name}")
        for _name, counts in report.user_properties:
            if counts:
                seen = ", ".join(f"{what}: {times}" for what, times in sorted(counts.items()))
                terminalreporter.write_line(f"{'':17}{seen}")
