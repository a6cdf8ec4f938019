# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits for a condition, on a machine that may be busy."""

from __future__ import annotations

import os
import time
from typing import Callable


def soon() -> float:
    """Return a timeout in seconds: 1 while each process has a processor, and more in proportion on a busy machine."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def eventually(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait until a condition holds, for at most ``seconds``; return whether it does."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()
