# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a playbook as a user does: from the user's own directory, with the collection installed."""

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
COLLECTIONS = ROOT / ".ansible" / "collections"


@dataclass(frozen=True)
class Play:
    """The result of a playbook: its exit status and its whole output."""

    status: int
    output: str

    def ok(self) -> Play:
        """Return this play; raises AssertionError with its output if it failed."""
        if self.status != 0:
            raise AssertionError(self.output)
        return self

    @property
    def changed(self) -> int:
        """The number of tasks that changed something, on all hosts together."""
        return sum(int(count) for count in re.findall(r"changed=(\d+)", self.output))

    def recap(self, host: str) -> dict[str, int]:
        """Return the counts of a host in the recap."""
        line = next(line for line in self.output.splitlines() if re.match(rf"{re.escape(host)}\s+: ok=", line))
        return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}

    @property
    def failed(self) -> bool:
        """Whether the playbook failed."""
        return self.status != 0


def run_playbook(
    directory: Path,
    playbook: str,
    variables: Mapping[str, Any],
    *options: str,
    host: str = "127.0.0.1",
    collections: Path = COLLECTIONS,
) -> Play:
    """Run a playbook on one host; see ``run_on_hosts``."""
    return run_on_hosts(directory, playbook, {host: variables}, *options, collections=collections)


def run_on_hosts(
    directory: Path,
    playbook: str,
    hosts: Mapping[str, Mapping[str, Any]],
    *options: str,
    collections: Path = COLLECTIONS,
) -> Play:
    """Run ``playbook`` (a file in the directory, or the name of an installed one) on hosts of the group postgresql.

    The inventory is written as JSON, which is valid YAML, so that hostile names are preserved. The caller's Ansible
    configuration and variables such as PGPASSWORD do not affect the play.
    """
    (directory / "inventory.yml").write_text(json.dumps({"postgresql": {"hosts": hosts}}))
    (directory / "ansible.cfg").touch()
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "inventory.yml", playbook, *options]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PG", "PYTHONPATH"))},
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_HOME": str(directory / ".ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
        "LC_ALL": "C.UTF-8",
    }
    ended = subprocess.run(
        command,
        cwd=directory,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return Play(ended.returncode, ended.stdout)
