# SPDX-License-Identifier: GPL-3.0-or-later
"""Something is killed at a random moment: each transaction is applied entirely or not at all; the next run completes.

The connection path is module, ssh, sshd, proxy, server, or without the bastion module, proxy, server; each is killed.
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
BLIND_SECONDS = 100.0  # as long as the module may take to notice that the network is gone
AT_ONCE = 20
_numbers = itertools.count(1)


@dataclass
class Scene:
    """One warehouse, the connection path to it, and the module's directory for temporary files."""

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
        """Return options to grant or to revoke. Parallel runs share neither databases nor the advisory lock
        for roles, which is taken where the administrator logs in.
        """
        changes = {**way, "login_db": self.warehouse.database}
        if removing:
            return absent_options(self.warehouse, **changes)
        return self.warehouse.options(databases=self.stages.entries, **changes)

    def start(self, *, removing: bool, in_worker: bool = False) -> Run:
        """Start the module, or its action plugin, through the proxy: to grant, or to revoke."""
        way: dict[str, Any] = {"login_port": self.way.port, "ssl_mode": "disable"}
        if self.sshd is not None:
            way["bastion"] = self.sshd.bastion_options(**self._through(self.way_to_bastion))
        environment = {"PGAPPNAME": self.name, "TMPDIR": str(self.directory)}
        return self.forking.start("access", self._options(removing=removing, **way), environment, in_worker=in_worker)

    def _through(self, way: Proxy | None) -> dict[str, Any]:
        """Return the options of a bastion that change if a proxy stands in front of it."""
        if way is None or self.sshd is None:
            return {}
        known_hosts = self.sshd.work / f"known_hosts_{way.port}"
        known_hosts.write_text(self.sshd.known_as(f"[{self.sshd.host}]:{way.port}"))
        return {"port": way.port, "known_hosts_file": str(known_hosts)}

    def restore(self, *, removing: bool) -> Outcome:
        """Run the module to its end without disturbing it."""
        return self.forking.start("access", self._options(removing=removing)).outcome()

    def await_quiet(self) -> None:
        """Wait until no session of the run is active or in a transaction: idle sessions hold no locks."""
        query = "SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND state <> 'idle'"
        assert eventually(lambda: not self.warehouse.server.execute(query, parameters=[self.name]), QUIET_SECONDS)


@contextlib.contextmanager
def scene(
    server: Server, forking: Forks, sshd: Sshd | None, directory: Path, *, can_lose_bastion: bool = False
) -> Iterator[Scene]:
    """Yield a new warehouse and a connection path to it; what is left goes with the server."""
    with contextlib.ExitStack() as stack:
        way = stack.enter_context(proxy(server.host, server.port, delay_seconds=DELAY_SECONDS))
        before = None
        if sshd is not None and can_lose_bastion:
            before = stack.enter_context(proxy(sshd.host, sshd.port, delay_seconds=0))
        yield Scene(Warehouse(Site(server), is_superuser=True), way, forking, sshd, directory, before)


Kill = Callable[[Scene, Run], None]


def kill_module(number: int) -> Kill:
    """Return a function that sends the module a signal."""
    return lambda _scene, run: run.signal(number)


def stop_server(scene: Scene, _run: Run) -> None:
    """Stop the server as in a crash."""
    scene.warehouse.server.stop("immediate")


def kill_tunnel(scene: Scene, run: Run) -> None:
    """Kill the module's ssh."""
    for child in children_of(run.process):
        if "-L" in command_line(child).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def kill_bastion(scene: Scene, _run: Run) -> None:
    """Kill the bastion's sshd with all its sessions."""
    assert scene.sshd is not None
    scene.sshd.signal(signal.SIGKILL)


def swallow(scene: Scene, _run: Run) -> None:
    """Let the network in front of the server drop every packet."""
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
    """What is killed, what restarts it, whether the module can report it, and whether the module runs in a worker."""

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
    """A server that tests stop again and again; it keeps what it has committed."""
    settings = ["autovacuum=off", "fsync=on", "full_page_writes=on", "max_connections=200"]
    with running(major, settings=settings) as server:
        yield server


def local_ports(run: Run) -> list[int]:
    """Return the ports that the module's ssh listens on."""
    words = [command_line(child).split() for child in run.descendants]
    return [int(line[line.index("-L") + 1].split(":")[1]) for line in words if "-L" in line]


def nothing_left(run: Run, scene: Scene, ports: list[int]) -> None:
    """Check that the run has left no process, port or file."""
    assert left_over([run.process, *run.descendants]) == []
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
    assert list(scene.directory.iterdir()) == []


@dataclass(frozen=True)
class Struck:
    """A run during which something was killed."""

    run: Run
    ports: list[int]
    removing: bool


def strike(scene: Scene, case: Case, *, moment: float, removing: bool) -> Struck:
    """Start a run, and kill something after ``moment`` seconds."""
    run = scene.start(removing=removing, in_worker=case.in_worker)
    time.sleep(moment)
    run.descendants = children_of(run.process)
    ports = local_ports(run)
    case.kill(scene, run)
    return Struck(run, ports, removing)


def recover(scene: Scene, case: Case, struck: Struck) -> str:
    """Check the state after the kill, complete the run, and return how many transactions had been committed."""
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
    """Return the seconds that an undisturbed run takes, to grant and to revoke; in the end nothing is granted."""
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
    """What is killed."""
    return CASES[request.param]


@pytest.fixture
def mortal_scene(mortal_server: Server, forking: Forks, sshd: Sshd, tmp_path: Path, case: Case) -> Iterator[Scene]:
    """A warehouse on the server that is stopped, and the connection path to it."""
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
    """Start a run, which takes ``seconds`` undisturbed; from a random moment on its network drops every packet."""
    removing = number % 2 == 1
    scene.restore(removing=not removing).ok()
    moment = random.Random(number).uniform(0, 1.05 * seconds[removing])
    return strike(scene, case, moment=moment, removing=removing)


@pytest.fixture(params=SWALLOWING)
def swallowing(request: pytest.FixtureRequest) -> Case:
    """Where the network drops every packet."""
    return SWALLOWING[request.param]


@pytest.fixture
def numbered_scene(
    mortal_server: Server, forking: Forks, sshd: Sshd, tmp_path: Path, swallowing: Case
) -> Callable[[int], ContextManager[Scene]]:
    """A function that creates a warehouse and a connection path to it that can drop every packet."""
    bastion = sshd if swallowing.through_bastion else None
    return lambda number: scene(mortal_server, forking, bastion, tmp_path / str(number), can_lose_bastion=True)


def test_swallowed_by_the_network_at_any_moment(
    numbered_scene: Callable[[int], ContextManager[Scene]], swallowing: Case, size: Size, ledger: Ledger
) -> None:
    """Many runs in parallel, since each of them has to wait until it notices."""
    for start in range(0, size.kills, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, size.kills))
        with contextlib.ExitStack() as stack:
            scenes = [stack.enter_context(numbered_scene(number)) for number in numbers]
            seconds = unhurt(scenes[0])
            struck = [swallowed(one, swallowing, number, seconds) for number, one in zip(numbers, scenes)]
            for one, run in zip(scenes, struck):
                ledger[recover(one, swallowing, run)] += 1
                ledger["kills"] += 1
