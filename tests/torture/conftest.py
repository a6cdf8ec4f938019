# SPDX-License-Identifier: GPL-3.0-or-later
"""How often each test repeats its work, on which server, and a summary at the end that can be read in a log.

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
    """How many repetitions each test makes."""

    rounds: int
    """Rounds of sixteen parallel runs."""

    kills: int
    """Kills at random moments, of each kind."""

    storms: int
    """Runs during concurrent DDL."""

    catalogs: int
    """Random catalogs on a real server."""

    hosts: int
    """Hosts behind one bastion."""

    schemas: int
    """Schemas of a large database, of twenty relations each."""


SIZES: Mapping[str, Size] = {
    "full": Size(rounds=200, kills=100, storms=100, catalogs=100, hosts=1000, schemas=5000),
    "tiny": Size(rounds=4, kills=2, storms=2, catalogs=2, hosts=6, schemas=50),  # only checks that the suite works
    "small": Size(rounds=16, kills=8, storms=8, catalogs=8, hosts=40, schemas=400),
}


CHOSEN = os.environ.get("MM_SIZE") or "full"


@pytest.fixture(scope="session")
def size() -> Size:
    """How many repetitions each test makes in this run."""
    return SIZES[CHOSEN]


@pytest.fixture(scope="session")
def server(major: str) -> Iterator[Server]:
    """A server that no test stops."""
    with running(major, settings=["autovacuum=off", "max_connections=200"]) as running_server:
        yield running_server


@pytest.fixture(scope="session")
def forking() -> Iterator[Forks]:
    """A helper that starts modules as separate processes."""
    with forks() as process:
        yield process


@pytest.fixture
def sshd() -> Iterator[Sshd]:
    """A bastion for this test only."""
    with Sshd() as running_sshd:
        yield running_sshd


@pytest.fixture(autouse=True)
def _own_ssh_config(ssh_config: Path) -> None:
    """Keep every test away from the user's ~/.ssh."""


@pytest.fixture
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """Counts of what this test did and saw, shown at the end of the run."""
    counts: Ledger = Counter()
    request.node.stash[LEDGER] = counts
    return counts


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that wait for minutes, one in each process: xdist gives each an equal share, in order."""
    waiting = [item for item in items if "swallowed" in item.name]
    others = [item for item in items if item not in waiting]
    share = -(-len(items) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    for number, item in enumerate(waiting):
        others.insert(number * share, item)
    items[:] = others


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the counts to the report, which may be sent to another process."""
    report = yield
    report.user_properties.append(("torture", dict(item.stash.get(LEDGER, {}))))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what ran, how often, how long it took, and what was seen."""
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
