# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnel that the role ``tunnel`` keeps open, through a real sshd: what it carries, and how it is restored.

And why it is needed: Metamapper's own use of a tunnel cannot work.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, ContextManager, Iterator

import psycopg2
import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_command import Tunnel

from tests.support.modules.visibility import look, make_reader
from tests.support.patience import eventually
from tests.support.postgres.site import Site
from tests.support.ssh.sshd import Sshd, make_key
from tests.support.ssh.standing_tunnel import StandingTunnel, unit_text
from tools.postgres.server import Server, free_port
from tools.system_packages import program

pytestmark = pytest.mark.majorless

SECONDS = 40.0  # measured: 2 to 3; other tests may use the processors meanwhile
SILENT_SECONDS = 60.0  # measured: 12 to 17, of which 10 to 15 pass before ssh gives up on the bastion


@pytest.fixture
def bastion() -> Iterator[Sshd]:
    """A bastion for this test only."""
    with Sshd() as running:
        yield running


@pytest.fixture
def tunnel(bastion: Sshd, server: Server, tmp_path: Path) -> Iterator[StandingTunnel]:
    """A tunnel that is open."""
    with StandingTunnel(bastion, f"{server.host}:{server.port}", tmp_path) as standing:
        standing.wait(lambda: answers(server, standing.port))
        yield standing


def answers(server: Server, port: int) -> bool:
    """Tell whether the server answers on a port of localhost."""
    with contextlib.suppress(psycopg2.OperationalError), contextlib.closing(connect(server, port)):
        return True
    return False


def connect(server: Server, port: int) -> Any:
    """Return a connection through a port of localhost, made as Metamapper makes it."""
    return psycopg2.connect(
        host="127.0.0.1",
        port=port,
        user=server.user,
        password=server.password,
        dbname="postgres",
        connect_timeout=5,
    )


@contextlib.contextmanager
def coming_back(server: Server, tunnel: StandingTunnel, seconds: float = SECONDS) -> Iterator[None]:
    """Run a block that breaks the tunnel, then wait until the tunnel has restarted and a login through it succeeds."""
    starts = tunnel.starts  # read before the block: after it, the tunnel may have restarted already
    yield
    tunnel.wait(lambda: tunnel.starts > starts and answers(server, tunnel.port), seconds)


def test_visibility_proves_it_end_to_end(site: Site, server: Server, tunnel: StandingTunnel) -> None:
    make_reader(site)
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.t (a int)")
    site.run("GRANT USAGE ON SCHEMA sales TO {}; GRANT SELECT ON sales.t TO {}", site.group, site.group)
    outcome = look(site, "sales", login_host="127.0.0.1", login_port=tunnel.port).ok()
    assert outcome["seen"] == {site.database: {"sales": {"t": 1}}}
    os.kill(tunnel.main, signal.SIGSTOP)  # so that it does not start the tunnel again
    os.kill(tunnel.ssh, signal.SIGKILL)
    assert look(site, "sales", login_host="127.0.0.1", login_port=tunnel.port).failed
    os.kill(tunnel.main, signal.SIGCONT)


@pytest.mark.parametrize("which", ["ssh", "main"])
def test_killed_it_comes_back(which: str, server: Server, tunnel: StandingTunnel) -> None:
    with coming_back(server, tunnel):
        os.kill(getattr(tunnel, which), signal.SIGKILL)


def test_a_connection_that_breaks_comes_back(bastion: Sshd, server: Server, tunnel: StandingTunnel) -> None:
    with coming_back(server, tunnel):
        for session in bastion.processes()[1:]:
            os.kill(session, signal.SIGKILL)


def test_a_bastion_that_restarts_is_come_back_to(bastion: Sshd, server: Server, tunnel: StandingTunnel) -> None:
    with coming_back(server, tunnel):
        bastion.signal(signal.SIGKILL)
        tunnel.wait(lambda: tunnel.starts > 2)  # it keeps trying
        bastion.start()


@pytest.mark.thorough
def test_a_bastion_that_falls_silent_is_given_up(bastion: Sshd, server: Server, tunnel: StandingTunnel) -> None:
    with coming_back(server, tunnel, SILENT_SECONDS):
        for session in bastion.processes()[1:]:
            os.kill(session, signal.SIGSTOP)


def test_another_host_key_stops_it_and_is_said(bastion: Sshd, server: Server, tunnel: StandingTunnel) -> None:
    bastion.host_key.unlink()
    make_key(bastion.host_key)
    if os.geteuid() == 0:
        os.chown(bastion.host_key, bastion.account.pw_uid, bastion.account.pw_gid)
    bastion.signal(signal.SIGKILL)
    bastion.start()
    tunnel.wait(lambda: tunnel.ended_with is not None)
    assert tunnel.ended_with == 78
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in tunnel.logged()
    starts = tunnel.starts
    time.sleep(float(tunnel.unit["RestartSec"]) + 1)
    assert tunnel.starts == starts


def test_a_port_that_is_taken_is_waited_for(bastion: Sshd, server: Server, tmp_path: Path) -> None:
    standing = StandingTunnel(bastion, f"{server.host}:{server.port}", tmp_path)
    with socket.create_server(("127.0.0.1", standing.port)), standing:
        standing.wait(lambda: "Address already in use" in standing.logged())
    with StandingTunnel(bastion, f"{server.host}:{server.port}", tmp_path) as other:
        other.wait(lambda: answers(server, other.port))


def test_it_listens_where_it_is_to_and_nowhere_else(tunnel: StandingTunnel) -> None:
    with socket.create_connection(("127.0.0.1", tunnel.port)):
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", tunnel.port))


@contextlib.contextmanager
def own_tunnel(bastion: Sshd, server: Server) -> Iterator[int]:
    """Open a tunnel as Metamapper does, for the length of the block; yields its port."""
    port = free_port()
    options = ["-F", "none", "-N", "-o", f"UserKnownHostsFile={bastion.known_hosts}", "-i", str(bastion.key)]
    forward = f"127.0.0.1:{port}:{server.host}:{server.port}"
    command = [str(program("ssh")), *options, "-p", str(bastion.port), "-L", forward, f"{bastion.user}@{bastion.host}"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as ssh:
        try:
            eventually(lambda: answers(server, port), 20)
            yield port
        finally:
            ssh.terminate()


def rows(server: Server, port: int) -> Iterator[Any]:
    """Yield the rows of a query. Being a generator, it connects only when the first row is requested."""
    with contextlib.closing(connect(server, port)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables")
        yield from cursor


def tables_and_views(server: Server, opened: Callable[[], ContextManager[int]]) -> Iterator[Any]:
    """Return the rows as Metamapper 1.0.0 does: a generator, which is returned after the tunnel's block has ended."""
    with opened() as port:
        return rows(server, port)


def test_the_way_in_which_metamapper_uses_a_tunnel_of_its_own_cannot_work(
    bastion: Sshd, server: Server, tunnel: StandingTunnel
) -> None:
    """The form's test queries inside the block and succeeds; a scan does so after it. The role's tunnel works."""
    with own_tunnel(bastion, server) as port:
        assert answers(server, port)
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        list(tables_and_views(server, lambda: own_tunnel(bastion, server)))
    assert list(tables_and_views(server, lambda: contextlib.nullcontext(tunnel.port)))


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit file of a tunnel."""
    tunnel = Tunnel("b", "203.0.113.10", 22, "metamapper-tunnel", "[2001:db8::5]:5432", "127.0.0.1", 15432)
    path = tmp_path / tunnel.unit
    path.write_text(unit_text(tunnel, tmp_path))
    return path


def test_systemd_accepts_the_unit(unit: Path) -> None:
    verified = subprocess.run(
        [program("systemd-analyze"), "verify", "--man=no", str(unit)], text=True, capture_output=True, check=False
    )
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


def test_the_sandbox_is_as_tight_as_a_network_client_allows(unit: Path) -> None:
    """The threshold is in tenths of the exposure level that systemd shows."""
    command = [str(program("systemd-analyze")), "security", "--offline=yes", "--threshold=12", "--no-pager", str(unit)]
    rated = subprocess.run(command, text=True, capture_output=True, check=False)
    assert rated.returncode == 0, rated.stdout + rated.stderr
