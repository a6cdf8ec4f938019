# SPDX-License-Identifier: GPL-3.0-or-later
"""Something dies at a random moment: each transaction is there whole or not at all, and the next run completes it.

The way is module, ssh, sshd, proxy, server, or without the bastion module, proxy, server; each of them is ended.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, ContextManager, Iterator, Mapping, Sequence

import pytest

from tests.support.modules.access import Warehouse
from tests.support.modules.forks import Forks, Run
from tests.support.modules.removal import absent_options
from tests.support.patience import eventually
from tests.support.postgres.site import Site
from tests.support.postgres.stages import GRANTING, NOTHING, REMOVING, Stages
from tests.support.ssh.sshd import Sshd
from tests.torture.conftest import Ledger, Size
from tools.postgres.processes import children_of, command_line, left_over
from tools.postgres.proxy import Proxy, proxy
from tools.postgres.server import Server, running
from tools.runners.modules import Outcome

DELAY_SECONDS = 0.004
QUIET_SECONDS = 90.0  # as long as the server may take to notice that a client is gone for good
BLIND_SECONDS = 100.0  # as long as the module may take to notice that the network is
AT_ONCE = 20
_numbers = itertools.count(1)


@dataclass
class Scene:
    """One warehouse, the way to it, and where the module leaves its temporary files."""

    warehouse: Warehouse
    way: Proxy
    forking: Forks
    sshd: Sshd | None
    directory: Path
    way_to_bastion: Proxy | None = None

    def __post_init__(self) -> None:
        self.name = f"torture {os.getpid()} {next(_numbers)}"
        self.directory.mkdir(exist_ok=True)
        self.stages = Stages(self.warehouse, self._grant)

    def _grant(self, entries: Sequence[Mapping[str, Any]]) -> None:
        options = self.warehouse.options(databases=entries, login_db=self.warehouse.database)
        self.forking.start("access", options).outcome().ok()

    def _options(self, *, removing: bool, **way: Any) -> dict[str, Any]:
        """Return options to grant or to take back. Runs beside this one share neither databases nor the advisory lock
        for roles, which is taken where the administrator logs in.
        """
        changes = {**way, "login_db": self.warehouse.database}
        if removing:
            return absent_options(self.warehouse, **changes)
        return self.warehouse.options(databases=self.stages.entries, **changes)

    def start(self, *, removing: bool, in_worker: bool = False) -> Run:
        """Start the module through the proxy, or what its action plugin does: to grant, or to take back."""
        way: dict[str, Any] = {"login_port": self.way.port, "ssl_mode": "disable"}
        if self.sshd is not None:
            way["bastion"] = self.sshd.bastion_options(**self._through(self.way_to_bastion))
        environment = {"PGAPPNAME": self.name, "TMPDIR": str(self.directory)}
        return self.forking.start("access", self._options(removing=removing, **way), environment, in_worker=in_worker)

    def _through(self, way: Proxy | None) -> dict[str, Any]:
        """Return the options of a bastion that change where a proxy stands before it."""
        if way is None or self.sshd is None:
            return {}
        known_hosts = self.sshd.work / f"known_hosts_{way.port}"
        known_hosts.write_text(self.sshd.known_as(f"[{self.sshd.host}]:{way.port}"))
        return {"port": way.port, "known_hosts_file": str(known_hosts)}

    def restore(self, *, removing: bool) -> Outcome:
        """Run the module to its end, undisturbed."""
        return self.forking.start("access", self._options(removing=removing)).outcome()

    def await_quiet(self) -> None:
        """Wait until the server has ended the transactions of the run: what is idle without one holds nothing."""
        query = "SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND state <> 'idle'"
        assert eventually(lambda: not self.warehouse.server.execute(query, parameters=[self.name]), QUIET_SECONDS)


@contextlib.contextmanager
def scene(
    server: Server, forking: Forks, sshd: Sshd | None, directory: Path, *, can_lose_bastion: bool = False
) -> Iterator[Scene]:
    """Make a warehouse and a way to it for the length of a with block; what is left goes with the server."""
    with contextlib.ExitStack() as stack:
        way = stack.enter_context(proxy(server.host, server.port, delay_seconds=DELAY_SECONDS))
        before = None
        if sshd is not None and can_lose_bastion:
            before = stack.enter_context(proxy(sshd.host, sshd.port, delay_seconds=0))
        yield Scene(Warehouse(Site(server), is_superuser=True), way, forking, sshd, directory, before)


Kill = Callable[[Scene, Run], None]


def kill_module(number: int) -> Kill:
    """Return what sends the module a signal."""
    return lambda _scene, run: run.signal(number)


def stop_server(scene: Scene, _run: Run) -> None:
    """Stop the server as if it crashed."""
    scene.warehouse.server.stop("immediate")


def kill_tunnel(scene: Scene, run: Run) -> None:
    """Kill the module's ssh."""
    for child in children_of(run.process):
        if "-L" in command_line(child).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def kill_bastion(scene: Scene, _run: Run) -> None:
    """Kill the bastion's sshd, with every session."""
    assert scene.sshd is not None
    scene.sshd.signal(signal.SIGKILL)


def swallow(scene: Scene, _run: Run) -> None:
    """Let the network before the server drop every packet."""
    scene.way.swallow()


def swallow_before_bastion(scene: Scene, _run: Run) -> None:
    """Let the network between module and bastion drop every packet; the bastion still reaches the server."""
    assert scene.way_to_bastion is not None
    scene.way_to_bastion.swallow()


def start_server(scene: Scene) -> None:
    """Start the server again."""
    scene.warehouse.server.start()


def start_bastion(scene: Scene) -> None:
    """Start the bastion again."""
    assert scene.sshd is not None
    scene.sshd.start()


def leave(_scene: Scene) -> None:
    """Nothing has to be started again."""


@dataclass(frozen=True)
class Case:
    """What is ended, what starts it again, whether the module can tell of it, and whether it runs in a worker."""

    kill: Kill
    revive: Callable[[Scene], None] = leave
    module_tells: bool = True
    through_bastion: bool = True
    in_worker: bool = False


CASES: Mapping[str, Case] = {
    "module-SIGKILL": Case(kill_module(signal.SIGKILL), module_tells=False),
    "module-SIGTERM": Case(kill_module(signal.SIGTERM), module_tells=False),
    "module-SIGINT": Case(kill_module(signal.SIGINT), module_tells=False),
    "worker-SIGKILL": Case(kill_module(signal.SIGKILL), module_tells=False, in_worker=True),
    "worker-SIGTERM": Case(kill_module(signal.SIGTERM), module_tells=False, in_worker=True),
    "worker-SIGINT": Case(kill_module(signal.SIGINT), module_tells=False, in_worker=True),
    "worker-tunnel": Case(kill_tunnel, in_worker=True),
    "server": Case(stop_server, start_server, through_bastion=False),
    "server-behind-bastion": Case(stop_server, start_server),
    "tunnel": Case(kill_tunnel),
    "bastion": Case(kill_bastion, start_bastion),
}
SWALLOWING: Mapping[str, Case] = {
    "before-server": Case(swallow, through_bastion=False),
    "before-bastion": Case(swallow_before_bastion),
}


@pytest.fixture(scope="module")
def mortal_server(major: str) -> Iterator[Server]:
    """A server that is stopped in the middle of things, again and again, and keeps what it has committed."""
    settings = ["autovacuum=off", "fsync=on", "full_page_writes=on", "max_connections=200"]
    with running(major, settings=settings) as server:
        yield server


def local_ports(run: Run) -> list[int]:
    """Return the ports that the module's ssh listens on."""
    words = [command_line(child).split() for child in run.descendants]
    return [int(line[line.index("-L") + 1].split(":")[1]) for line in words if "-L" in line]


def nothing_left(run: Run, scene: Scene, ports: list[int]) -> None:
    """See that no process, port or file of the run's is left."""
    assert left_over([run.process, *run.descendants]) == []
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
    assert list(scene.directory.iterdir()) == []


@dataclass(frozen=True)
class Struck:
    """A run in the middle of which something was ended."""

    run: Run
    ports: list[int]
    removing: bool


def strike(scene: Scene, case: Case, *, moment: float, removing: bool) -> Struck:
    """Start a run, and end something at a moment of it."""
    run = scene.start(removing=removing, in_worker=case.in_worker)
    time.sleep(moment)
    run.descendants = children_of(run.process)
    ports = local_ports(run)
    case.kill(scene, run)
    return Struck(run, ports, removing)


def recover(scene: Scene, case: Case, struck: Struck) -> str:
    """See that all is well after it, complete the run, and return how far it had come."""
    run = struck.run
    try:
        run.wait(BLIND_SECONDS)
    finally:
        case.revive(scene)
    said = run.printed
    assert "Traceback" not in said, said
    if case.module_tells:
        outcome = run.outcome()
        assert not outcome.failed or outcome["problems"][0]["message"], said
    nothing_left(run, scene, struck.ports)
    scene.await_quiet()
    reached = scene.stages.reached()
    allowed = REMOVING if struck.removing else GRANTING
    assert reached in allowed, said
    scene.restore(removing=struck.removing).ok()
    assert scene.stages.reached() == allowed[-1]
    return f"{allowed.index(reached)} of {len(allowed) - 1} transactions kept"


def unhurt(scene: Scene) -> Mapping[bool, float]:
    """Return how long a run takes that nobody disturbs, of each kind; access is taken back at the end."""
    seconds = {}
    scene.restore(removing=True).ok()
    for removing in (False, True):
        started = time.monotonic()
        scene.start(removing=removing).outcome().ok()
        seconds[removing] = time.monotonic() - started
    assert set(scene.stages.reached()) == {NOTHING}
    return seconds


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    """What is ended."""
    return CASES[request.param]


@pytest.fixture
def mortal_scene(mortal_server: Server, forking: Forks, sshd: Sshd, tmp_path: Path, case: Case) -> Iterator[Scene]:
    """A warehouse on the server that is stopped, and the way to it."""
    with scene(mortal_server, forking, sshd if case.through_bastion else None, tmp_path / "files") as one:
        yield one


def test_killed_at_any_moment(mortal_scene: Scene, case: Case, size: Size, ledger: Ledger) -> None:
    seconds, chance = unhurt(mortal_scene), random.Random(case.kill.__qualname__)
    for number in range(size.kills):
        removing = number % 2 == 1
        moment = chance.uniform(0, 1.05 * seconds[removing])
        struck = strike(mortal_scene, case, moment=moment, removing=removing)
        ledger[recover(mortal_scene, case, struck)] += 1
        ledger["kills"] += 1


def swallowed(scene: Scene, case: Case, number: int, seconds: Mapping[bool, float]) -> Struck:
    """Let the network of one run, which would take some seconds, drop every packet from some moment on."""
    removing = number % 2 == 1
    scene.restore(removing=not removing).ok()
    moment = random.Random(number).uniform(0, 1.05 * seconds[removing])
    return strike(scene, case, moment=moment, removing=removing)


@pytest.fixture(params=SWALLOWING)
def swallowing(request: pytest.FixtureRequest) -> Case:
    """Where the network swallows."""
    return SWALLOWING[request.param]


@pytest.fixture
def numbered_scene(
    mortal_server: Server, forking: Forks, sshd: Sshd, tmp_path: Path, swallowing: Case
) -> Callable[[int], ContextManager[Scene]]:
    """What makes a warehouse, and a way to it that can swallow."""
    bastion = sshd if swallowing.through_bastion else None
    return lambda number: scene(mortal_server, forking, bastion, tmp_path / str(number), can_lose_bastion=True)


def test_swallowed_by_the_network_at_any_moment(
    numbered_scene: Callable[[int], ContextManager[Scene]], swallowing: Case, size: Size, ledger: Ledger
) -> None:
    """Many beside each other, since each has to wait until it notices."""
    for start in range(0, size.kills, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, size.kills))
        with contextlib.ExitStack() as stack:
            scenes = [stack.enter_context(numbered_scene(number)) for number in numbers]
            seconds = unhurt(scenes[0])
            struck = [swallowed(one, swallowing, number, seconds) for number, one in zip(numbers, scenes)]
            for one, run in zip(scenes, struck):
                ledger[recover(one, swallowing, run)] += 1
                ledger["kills"] += 1
