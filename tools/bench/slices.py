# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet in three slices on ansible-runner, the engine of AWX: seconds, the controller's memory, and report sizes.

A few clusters stand for many servers, under many names each: only the controller's work is measured.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Iterator, Sequence

from tools.bench.access import PASSWORD
from tools.bench.content import build
from tools.bench.figures import Figure, Goal, amount, growth
from tools.bench.scenario import Scenario, Turn
from tools.bench.servers import DATABASES, PLAYBOOK, RELATIONS, SCHEMAS, SMALL
from tools.bench.sizes import Sizes
from tools.postgres.server import Server
from tools.runners import engine
from tools.runners.playbooks import COLLECTIONS

CLUSTERS, SLICES, FORKS = 4, 3, "10"
ENVIRONMENT = "{{{{ lookup('ansible.builtin.env', '{}') }}}}"
REPORT = Path("artifacts") / "job" / "metamapper-report"
VARIABLES = {
    "metamapper_login_password": ENVIRONMENT.format("PGPASSWORD"),
    "metamapper_password": ENVIRONMENT.format("METAMAPPER_PASSWORD"),
    "metamapper_databases": [{"name": name, "schemas": ["s*"]} for name in DATABASES],
    "metamapper_report_directory": ENVIRONMENT.format("AWX_ISOLATED_DATA_DIR") + "/metamapper-report",
}
WHOLE, PROCESSOR = "all slices and the merge", "all slices and the merge, of a processor"
SHARE, SLICE, MERGE = "a server", "the longest slice", "the merge"
SLICE_MEMORY, MERGE_MEMORY = "memory of a slice", "memory of the merge"
JSON, HTML = "report.json", "report.html"
NOTE = (
    f"No-op runs of `{PLAYBOOK}`, one slice after another, forks {FORKS}: {CLUSTERS} clusters on this machine under "
    "many names. Memory is the most that one process of a slice held."
)


@dataclass(frozen=True)
class Ended:
    """Resources of a child and its children: seconds, CPU seconds, and the largest process's peak in megabytes."""

    seconds: float
    processor: float
    megabytes: float


@dataclass(frozen=True)
class Fleet:
    """A fleet of many names for a few servers, with a job directory."""

    directory: Path
    servers: Sequence[Server]
    names: int

    @property
    def part(self) -> str:
        """The label in the tables."""
        return f"{self.names:,} servers × {len(DATABASES)} databases, {len(self.slices)} slices"

    @property
    def slices(self) -> range:
        """The numbers of the slices, none of which is empty."""
        return range(min(SLICES, self.names))

    def prepare(self) -> None:
        """Write the files of the job."""
        hosts = {f"server{number:04}": self._place(number) for number in range(self.names)}
        job = self.directory / "job"
        for name, content in (
            ("inventory/servers.yml", {"postgresql": {"hosts": hosts, "vars": VARIABLES}}),
            ("project/grant.yml", [{"name": "Grant", "import_playbook": PLAYBOOK}]),
        ):
            (job / name).parent.mkdir(parents=True)
            (job / name).write_text(json.dumps(content))

    def _place(self, number: int) -> dict[str, Any]:
        server = self.servers[number % len(self.servers)]
        return {"metamapper_login_host": server.host, "metamapper_login_port": server.port}

    def environment(self) -> dict[str, str]:
        """Return the environment of ansible-runner's worker."""
        secrets = {"PGPASSWORD": self.servers[0].password, "METAMAPPER_PASSWORD": PASSWORD}
        return engine.environment(COLLECTIONS, self.directory / "home", **secrets)

    def run(self, script: str, *arguments: str) -> Ended:
        """Run a shell script; raises AssertionError with its output if it fails."""
        start = time.perf_counter()
        command = ["sh", "-euc", script, "sh", *arguments]
        log = self.directory / "log"
        with log.open("w") as output:
            child = subprocess.Popen(
                command, cwd=self.directory, env=self.environment(), stdout=output, stderr=subprocess.STDOUT
            )
            _pid, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise AssertionError(log.read_text())
        return Ended(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)

    def slice(self, number: int) -> Ended:
        """Run one slice; the sizes of slices differ by at most one server."""
        first, last = (self.names * edge // len(self.slices) for edge in (number, number + 1))
        limit = f"postgresql[{first}:{last - 1}]" if last > first + 1 else f"postgresql[{first}]"
        script = (
            'ansible-runner transmit job --playbook grant.yml --ident job --forks "$3" --limit "$2" '
            '| ansible-runner worker | ansible-runner process "$1" --ident job; '
            'test "$(cat "$1/artifacts/job/rc")" = 0'
        )
        return self.run(script, f"slice-{number}", limit, FORKS)

    def merge(self) -> Ended:
        """Merge the reports of all slices."""
        extra = {"metamapper_reports": [f"slice-{number}/{REPORT}" for number in self.slices]}
        script = 'ansible-playbook -i job/inventory metamapper.postgresql.merge_reports -e "$1"'
        return self.run(script, json.dumps({**extra, "metamapper_report_directory": "whole"}))

    def turn(self) -> Iterable[Figure]:
        """Measure running all slices and merging their reports."""
        ended = [self.slice(number) for number in self.slices]
        merged = self.merge()
        whole = sum(each.seconds for each in (*ended, merged))
        yield Figure(self.part, WHOLE, whole)
        yield Figure(self.part, PROCESSOR, sum(each.processor for each in (*ended, merged)))
        yield Figure(self.part, SHARE, whole / self.names, "s a server")
        yield Figure(self.part, SLICE, max(each.seconds for each in ended))
        yield Figure(self.part, MERGE, merged.seconds)
        yield Figure(self.part, SLICE_MEMORY, max(each.megabytes for each in ended), "MB")
        yield Figure(self.part, MERGE_MEMORY, merged.megabytes, "MB")
        for name in (JSON, HTML):
            yield Figure(self.part, name, (self.directory / "whole" / name).stat().st_size / 1e6, "MB")


def goals(fleets: Sequence[Fleet]) -> list[Goal]:
    """Return the goals: ten times the servers take at most eleven times the seconds."""
    shown = [
        amount(f"{fleet.names:,} servers: {what}", (fleet.part, what), None, unit)
        for fleet in fleets
        for what, unit in ((WHOLE, "s"), (SLICE_MEMORY, "MB"), (MERGE_MEMORY, "MB"), (JSON, "MB"))
    ]
    sizes = [(fleet.names, fleet.part) for fleet in fleets]
    grown = growth(sizes, (WHOLE, PROCESSOR), "servers")
    return [*shown, *grown]


@contextlib.contextmanager
def slices(sizes: Sizes) -> Iterator[Scenario]:
    """Start the clusters, and grant everything on each, under one of its names."""
    with contextlib.ExitStack() as stack:
        count = min(CLUSTERS, *sizes.fleets)
        servers = [stack.enter_context(Server(sizes.major, settings=SMALL)) for _number in range(count)]
        for server in servers:
            for name in DATABASES:
                build(server, name, SCHEMAS, RELATIONS)
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fleets = [Fleet(directory / str(names), servers, names) for names in sizes.fleets]
        for fleet in fleets:
            fleet.prepare()
        first = Fleet(directory / "first", servers, len(servers))
        first.prepare()
        for number in first.slices:
            first.slice(number)
        turns: list[Turn] = [fleet.turn for fleet in fleets]
        yield Scenario("Slices of a fleet", turns, goals(fleets), NOTE)
