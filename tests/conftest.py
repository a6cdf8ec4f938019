"""For all tests: what was unpacked into the cache is in PATH."""

from __future__ import annotations

import os

from tools.system_packages import PACKAGES, find


def pytest_configure() -> None:
    """Let everything that tests start find these programs."""
    directories = {str(found.parent) for found in map(find, PACKAGES) if found}
    os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], *sorted(directories)])
