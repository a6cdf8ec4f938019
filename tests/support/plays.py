"""Runs playbooks of this collection as a user does: ansible-playbook, in a directory of the user's own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Play:
    """What a run of ansible-playbook ended with."""

    return_code: int
    output: str

    def recap(self, host: str) -> dict[str, int]:
        """Return the counts of a host in the recap."""
        line = next(line for line in self.output.splitlines() if re.match(rf"{re.escape(host)}\s+: ok=", line))
        return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}


def run_playbook(playbook: str, directory: Path, hosts: Mapping[str, Mapping[str, Any]], *arguments: str) -> Play:
    """Run a playbook (a path, or the full name of one of this collection's) on hosts with their variables."""
    inventory = directory / "inventory.json"
    inventory.write_text(json.dumps({"postgresql": {"hosts": hosts}}))
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PG"))},
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
        "ANSIBLE_HOME": str(directory / "ansible-home"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(inventory), playbook, *arguments]
    done = subprocess.run(
        command,
        cwd=directory,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return Play(done.returncode, done.stdout)
