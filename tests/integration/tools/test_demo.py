# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo as a newcomer sees it: what "make demo" runs, prints and leaves."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools.postgres.processes import left_over
from tools.postgres.server import CACHE, PREFIX, working_directory
from tools.runners.modules import ROOT

# Not marked "playbook": it runs only with the ansible-core and the server of requirements/demo.txt.
pytestmark = pytest.mark.majorless

LINES = 100
STATEMENT = re.compile(r"warehouse=# (.+)")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which the demo writes into a directory of its own."""
    (tmp_path / "postgresql").symlink_to(CACHE)
    return {**os.environ, "MM_CACHE": str(tmp_path)}


def servers_of(process: int) -> list[Path]:
    """Return the directories of the servers that a process started and did not remove."""
    return [*Path(working_directory() or "/tmp").glob(f"{PREFIX}{process}-*")]


@pytest.fixture
def demo(environment: dict[str, str]) -> subprocess.Popen[str]:
    """The demo, just started, with no terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "tools.demo"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.thorough
def test_the_demo_is_short_and_runs_the_remedies_that_it_shows(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    output, _errors = demo.communicate()
    assert demo.returncode == 0, output
    lines = output.splitlines()
    assert len(lines) <= LINES
    assert Path(lines[-1]).is_file()
    assert lines[-1].endswith(".html")
    assert "This run is meant to fail" in output[: output.index("FAILED: ")]
    reported = {line.strip() for line in lines if line.startswith("    ")}
    repairs = [statement for statement in STATEMENT.findall(output) if statement in reported]
    assert [statement.split()[0] for statement in repairs] == ["GRANT", "REVOKE"]
    assert "changed=0 " in output[output.index("\n3. ") : output.index("\n4. ")]
    log = (tmp_path / "demo" / "output.log").read_text()
    assert log.count("\nPLAY RECAP") == output.count("\n$ ansible-playbook") == 5
    assert servers_of(demo.pid) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_ended_removes_its_server(demo: subprocess.Popen[str], number: signal.Signals) -> None:
    assert demo.stdout
    while not demo.stdout.readline().startswith("$ ansible-playbook"):
        assert demo.poll() is None
    assert servers_of(demo.pid) != []
    demo.send_signal(number)
    demo.communicate()
    assert demo.returncode == 128 + number
    assert servers_of(demo.pid) == []
    assert left_over([demo.pid]) == []
