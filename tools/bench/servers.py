# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole playbook that grants and verifies, on many servers: the time for each server, and by task."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Sequence
from unittest import mock

from tools.bench.access import PASSWORD, SETTINGS, USER, forget
from tools.bench.content import build
from tools.bench.figures import Figure, Goal, amount, ratio
from tools.bench.scenario import Scenario, Turn, seconds
from tools.bench.sizes import Sizes
from tools.postgres.server import Server
from tools.runners.playbooks import Play, run_on_hosts

PLAYBOOK = "metamapper.postgresql.grant_metamapper"
FORKS = "--forks=10"
DATABASES = ("one", "two")
SCHEMAS, RELATIONS = 3, 5
SMALL = (*SETTINGS, "shared_buffers=8MB", "max_connections=20")
EMPTY, TASK = "one task ansible.builtin.ping, which does nothing", "one task access, no-op"
FIRST_SHARE, SHARE, WHOLE = "first run: a server", "no-op: a server", "no-op: the whole playbook"
# Templates, filled in from the variables of each host.
WANTED = {
    "login_host": "{{ metamapper_login_host }}",
    "login_port": "{{ metamapper_login_port }}",
    "login_password": "{{ metamapper_login_password }}",
    "users": [{"name": USER, "password": "{{ metamapper_password }}"}],
    "databases": "{{ metamapper_databases }}",
}
CALLBACKS = Path(__file__).parent / "callbacks"


@dataclass(frozen=True)
class Fleet:
    """The servers on which one playbook runs."""

    servers: Sequence[Server]

    @property
    def part(self) -> str:
        """The label in the tables."""
        return f"{len(self.servers)} servers × {len(DATABASES)} databases, forks 10"

    def hosts(self) -> dict[str, dict[str, Any]]:
        """Return the inventory, with one host for each server."""
        wanted = [{"name": name, "schemas": ["s*"]} for name in DATABASES]
        return {
            f"server{number}": {
                "metamapper_login_host": server.host,
                "metamapper_login_port": server.port,
                "metamapper_login_password": server.password,
                "metamapper_password": PASSWORD,
                "metamapper_databases": wanted,
            }
            for number, server in enumerate(self.servers)
        }

    def play(self) -> tuple[Play, list[tuple[str, float]]]:
        """Run the playbook; return its result, and each task with its seconds for all servers together."""
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            configuration = f"[defaults]\ncallback_plugins = {CALLBACKS}\ncallbacks_enabled = steps\n"
            (directory / "ansible.cfg").write_text(configuration)
            start = time.time()
            with mock.patch.dict(os.environ, {"BENCH_STEPS": str(directory / "steps")}):
                ended = run_on_hosts(directory, PLAYBOOK, self.hosts(), FORKS).ok()
            began = [("Ansible's own start", start)]
            began += [tuple(json.loads(line)) for line in (directory / "steps").read_text().splitlines()]
        return ended, [(one[0], other[1] - one[1]) for one, other in zip(began, began[1:])]

    def measured(self, run: str) -> Iterable[Figure]:
        """Yield the time of one run: in total, per server, and per server and task where it is noticeable."""
        ended, steps = self.play()
        count = len(self.servers)
        whole = sum(took for _name, took in steps)
        yield Figure(self.part, f"{run}: the whole playbook", whole)
        yield Figure(self.part, f"{run}: a server", whole / count, "s a server")
        yield Figure(self.part, f"{run}: tasks a server", ended.recap("server0")["ok"], "tasks")
        for name in dict.fromkeys(name for name, _took in steps):
            share = sum(took for of, took in steps if of == name) / count
            yield Figure(self.part, f"{run}: a server, {name}", share, "s a server")

    def both(self) -> Iterable[Figure]:
        """Measure a first run and a no-op of the playbook, and one task compared with an empty one."""
        for server in self.servers:
            forget(server)
        yield from self.measured("first run")
        yield from self.measured("no-op")
        for name, module, options in (
            (EMPTY, "ansible.builtin.ping", {}),
            (TASK, "metamapper.postgresql.access", WANTED),
        ):
            yield Figure(self.part, name, seconds(partial(self.one_task, {module: options})))

    def one_task(self, task: Mapping[str, Any]) -> None:
        """Run one task on all hosts; raises AssertionError if it fails."""
        content = {"name": "One task", "hosts": "all", "gather_facts": False, "connection": "local", "tasks": [task]}
        hosts = {name: {**host, "ansible_python_interpreter": sys.executable} for name, host in self.hosts().items()}
        with tempfile.TemporaryDirectory() as directory:
            (Path(directory) / "one.yml").write_text(json.dumps([content]))
            run_on_hosts(Path(directory), "one.yml", hosts, FORKS).ok()

    def goals(self) -> list[Goal]:
        """Return the goals for a no-op run."""
        of = {name: (self.part, name) for name in (TASK, EMPTY, FIRST_SHARE, SHARE, WHOLE)}
        return [
            amount(FIRST_SHARE, of[FIRST_SHARE], None, "s"),
            amount(SHARE, of[SHARE], 0.2, "s"),
            Goal("no-op: the whole playbook, beside a play of one empty task", ratio, of[WHOLE], of[EMPTY], 1.3),
            Goal("no-op: one task of access, beside an empty one", ratio, of[TASK], of[EMPTY], 0.45),
        ]


@contextlib.contextmanager
def servers(sizes: Sizes) -> Iterator[Scenario]:
    """Start the servers, each with its databases."""
    with contextlib.ExitStack() as stack:
        fleet = Fleet([stack.enter_context(Server(sizes.major, settings=SMALL)) for _number in range(sizes.servers)])
        for server in fleet.servers:
            for name in DATABASES:
                build(server, name, SCHEMAS, RELATIONS)
        turns: list[Turn] = [fleet.both]
        yield Scenario("Many servers", turns, fleet.goals())
