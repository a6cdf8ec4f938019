# SPDX-License-Identifier: GPL-3.0-or-later
"""A killed test run cannot stop its server, so the next run does."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools.postgres.processes import left_over
from tools.postgres.server import Server, remove_abandoned
from tools.runners.modules import ROOT

pytestmark = pytest.mark.majorless

KILLED = """
import os, signal
from tools.postgres.server import postmaster_of, running
with running() as server:
    print(server.work, postmaster_of(server.data), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_servers_of_killed_runs_are_removed_and_no_others(server: Server) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED], cwd=ROOT, text=True, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    work, postmaster = ended.stdout.rsplit(maxsplit=1)
    remove_abandoned()
    assert not Path(work).exists()
    assert left_over([int(postmaster)]) == []
    assert server.execute("SELECT 1") == [(1,)]
