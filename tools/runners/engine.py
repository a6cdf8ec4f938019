# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-runner, with which AWX and Automation Platform run their jobs, in a virtual environment of its own."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

from tools.runners.playbooks import ROOT

REQUIREMENTS = ROOT / "requirements" / "runner.txt"
CACHE = Path(os.environ.get("MM_CACHE", ROOT / ".cache")) / "runner"
INSTALL = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--requirement")


def programs() -> Path:
    """Return the directory with ansible-runner for this Python, installed at the first use."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    home = CACHE / f"{sys.version_info.major}.{sys.version_info.minor}-{digest}"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:  # tests run in parallel
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            venv.create(home / "venv", with_pip=True, clear=True)
            subprocess.run([home / "venv" / "bin" / "python", *INSTALL, REQUIREMENTS], check=True)
            (home / "ready").touch()
    return home / "venv" / "bin"


def environment(collections: Path, home: Path, **others: str) -> dict[str, str]:
    """Return the environment of a worker: with the Ansible of this environment, without the caller's configuration."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PG", "PYTHONPATH"))}
    path = os.pathsep.join([str(programs()), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {
        **own,
        "PATH": path,
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_HOME": str(home),
        "LC_ALL": "C.UTF-8",
        **others,
    }
