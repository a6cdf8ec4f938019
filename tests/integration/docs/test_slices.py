# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide for slices as written: sixty servers, three workers, one of which is lost."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Iterable, Iterator

import pytest

from tests.support.documents.blocks import ROOT, blocks, commands
from tests.support.modules.leaks import forms
from tests.support.postgres.site import Site
from tools.postgres.processes import all_processes, command_line
from tools.runners.engine import environment

pytestmark = [pytest.mark.playbook, pytest.mark.majorless, pytest.mark.thorough]

GUIDE = ROOT / "docs" / "guides" / "slices.md"
FILES = {block.file: block.text for block in blocks(GUIDE) if block.file}
COMMANDS = [command for block in blocks(GUIDE, "shell") for command in commands(block.text)]
SLICES = {
    shlex.split(command)[2]: shlex.split(command)[:4] for command in COMMANDS if command.startswith("sh slice.sh")
}
MERGE, *KEEP = [command for command in COMMANDS if command.startswith(("ansible-playbook", "mkdir", "cp"))]
HOSTS = [f"db{number:02}.example.org" for number in range(1, 61)]
LEAK = """\
- hosts: postgresql
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ lookup('ansible.builtin.env', 'PGPASSWORD') }}"
"""


class Fleet:
    """Sixty hosts, which stand for six databases on one server, and a directory with the files of the guide."""

    def __init__(self, directory: Path, site: Site, collections: Path) -> None:
        self.directory = directory
        self.secrets = {"PGPASSWORD": site.server.password, "METAMAPPER_PASSWORD": site.password}
        self.environment = environment(collections, directory / "home", **self.secrets)
        for name, text in FILES.items():
            self.write(name, text)
        databases = [site.create_database(f"warehouse{number}") for number in range(6)]
        for database in databases:
            site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)", database=database)
        own = {name: value for name, value in site.variables("sales").items() if not name.endswith("password")}
        for number, host in enumerate(HOSTS):
            wanted = [{"name": databases[number % len(databases)], "schemas": ["sales"]}]
            self.write(f"job/inventory/host_vars/{host}.yml", json.dumps({**own, "metamapper_databases": wanted}))

    def write(self, name: str, text: str) -> None:
        """Write a file in the directory."""
        (self.directory / name).parent.mkdir(parents=True, exist_ok=True)
        (self.directory / name).write_text(text)

    def start(self, name: str) -> subprocess.Popen[str]:
        """Start a slice."""
        return subprocess.Popen(
            SLICES[name],
            cwd=self.directory,
            env=self.environment,
            start_new_session=True,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def artifacts(self, name: str) -> Path:
        """Return where the artifacts of a slice are."""
        return self.directory / "results" / name / "artifacts" / "metamapper"

    def merge(self) -> dict[str, Any]:
        """Merge the reports with the guide's command; return the report and, as ``output``, what was printed."""
        ended = subprocess.run(
            ["sh", "-euc", MERGE],
            cwd=self.directory,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout
        report = json.loads((self.directory / "metamapper-report" / "report.json").read_text())
        return {**report, "output": ended.stdout}

    def leaks(self) -> list[str]:
        """Return the files that contain a secret, in plain text or in another form."""
        secrets = [form for each in self.secrets.values() for form in (each, json.dumps(each)[1:-1])]
        written = [form for secret in secrets for form in forms(secret)]
        kept = (path for name in ("job", "results", "metamapper-report") for path in files(self.directory / name))
        return [path.name for path in kept if any(form in path.read_bytes() for form in written)]


def files(directory: Path) -> Iterator[Path]:
    """Return the files in a directory and in its subdirectories."""
    return (path for path in directory.rglob("*") if path.is_file())


def worker_of(process: subprocess.Popen[str]) -> int:
    """Return the process id of a slice's worker."""
    return next(
        pid for pid in all_processes() if command_line(pid).split()[-1:] == ["worker"] and os.getsid(pid) == process.pid
    )


def has_begun_to_grant(artifacts: Path) -> bool:
    """Tell whether the events of a slice show that access was granted on at least one server."""
    events = (path.read_text() for path in artifacts.glob("job_events/*.json"))
    return any('"event": "runner_on_ok"' in text and "Ensure Metamapper access" in text for text in events)


def lose_worker(process: subprocess.Popen[str], artifacts: Path) -> None:
    """Kill the worker of a slice in the middle of its work."""
    deadline = time.monotonic() + 120
    while not has_begun_to_grant(artifacts):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.kill(worker_of(process), signal.SIGKILL)


def ok_servers(artifacts: Iterable[Path]) -> dict[str, int]:
    """Return the servers in the statistics of some slices, and how many tasks failed on each."""
    events = [json.loads(path.read_text()) for each in artifacts for path in each.glob("job_events/*.json")]
    ended = [event["event_data"] for event in events if event["event"] == "playbook_on_stats"]
    return {host: data["failures"].get(host, 0) for data in ended for host in data["processed"]}


@pytest.fixture
def fleet(tmp_path: Path, site: Site, installed: Path) -> Fleet:
    """The fleet, with nothing granted yet."""
    return Fleet(tmp_path, site, installed)


def test_three_slices_one_of_which_is_lost_and_run_again(fleet: Fleet) -> None:
    started = {name: fleet.start(name) for name in SLICES}
    lose_worker(started["slice-2"], fleet.artifacts("slice-2"))
    ended = {name: (process.communicate()[1], process.returncode) for name, process in started.items()}
    assert [status for _said, status in ended.values()] == [0, 1, 0], ended
    assert "its worker was lost" in ended["slice-2"][0]

    report = fleet.merge()
    assert "There is no report in" in report["output"]
    assert report["absent"] == HOSTS[20:40]

    again = fleet.start("slice-2")
    assert (again.communicate()[1], again.returncode) == ("", 0)
    assert ok_servers(map(fleet.artifacts, SLICES)) == dict.fromkeys(HOSTS, 0)
    report = fleet.merge()
    # Several hosts with the same database is a warning: as far as is known, they are copies of each other.
    assert {server["name"]: server["status"] for server in report["servers"]} == dict.fromkeys(HOSTS, "warning")
    assert report["absent"] == []
    assert fleet.leaks() == []


def test_the_next_run_finds_its_baselines(fleet: Fleet, site: Site) -> None:
    assert fleet.start("slice-1").wait() == 0
    fleet.merge()
    subprocess.run(["sh", "-euc", "\n".join(KEEP)], cwd=fleet.directory, check=True)
    site.run("DROP TABLE sales.orders", database=f"warehouse0_{site.suffix}")
    assert fleet.start("slice-1").wait() == 0
    lost = {server["name"]: server["summary"]["lost"] for server in fleet.merge()["servers"]}
    assert {name for name, answer in lost.items() if answer["warnings"]} == set(HOSTS[0:20:6])
    assert "unknown" not in {answer["status"] for answer in lost.values()}


def test_a_secret_in_the_artifacts_is_found(fleet: Fleet) -> None:
    fleet.write("job/project/grant.yml", LEAK)
    process = subprocess.run(
        ["sh", "slice.sh", "slice-1", HOSTS[0]],
        cwd=fleet.directory,
        env=fleet.environment,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    assert process.returncode == 0
    assert "stdout" in fleet.leaks()
    assert any(name.endswith(".json") for name in fleet.leaks())
