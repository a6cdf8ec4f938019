# SPDX-License-Identifier: GPL-3.0-or-later
"""For all tests: adds programs unpacked into the cache to PATH, and records the tests in the file that MM_RAN names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.system_packages import PACKAGES, find


def pytest_configure() -> None:
    """Put the unpacked programs into PATH, so that all processes that tests start find them."""
    directories = {str(found.parent) for found in map(find, PACKAGES) if found}
    os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], *sorted(directories)])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move tests marked "first" to the front: they share expensive fixtures, and other workers steal from the end."""
    items.sort(key=lambda item: item.get_closest_marker("first") is None)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Record the outcome of a test; see tools/ran.py. Only the main process does so, to which the workers report."""
    ran = os.environ.get("MM_RAN")
    outcome: str = report.outcome  # or "rerun", set by the plugin that reruns failed tests
    if (
        ran
        and "PYTEST_XDIST_WORKER" not in os.environ
        and (outcome in {"skipped", "rerun"} or (report.when, outcome) == ("call", "passed"))
    ):
        with Path(ran).open("a", encoding="utf-8") as file:
            file.write(f"{outcome} {report.nodeid}\n")
