# SPDX-License-Identifier: GPL-3.0-or-later
"""For all tests: what was unpacked into the cache is in PATH, and MM_RAN names a file that is told which tests ran."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.system_packages import PACKAGES, find


def pytest_configure() -> None:
    """Let everything that tests start find these programs."""
    directories = {str(found.parent) for found in map(find, PACKAGES) if found}
    os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], *sorted(directories)])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker have all tests that share what is costly to make: others steal from the end of its list."""
    items.sort(key=lambda item: item.get_closest_marker("first") is None)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write down how a test ended; see tools/ran.py. Workers tell the process that started them."""
    ran = os.environ.get("MM_RAN")
    outcome: str = report.outcome  # or "rerun", of the plugin that runs a test again
    if (
        ran
        and "PYTEST_XDIST_WORKER" not in os.environ
        and (outcome in {"skipped", "rerun"} or (report.when, outcome) == ("call", "passed"))
    ):
        with Path(ran).open("a", encoding="utf-8") as file:
            file.write(f"{outcome} {report.nodeid}\n")
