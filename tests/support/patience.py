# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits for what comes by itself, on a machine that may be busy."""

from __future__ import annotations

import os
import time
from typing import Callable


def soon() -> float:
    """Return a second where each process has a processor, and more on a busy machine, where each gets its share."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def eventually(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds, no longer than told; return whether it does."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()
