# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnel ends with the module, however that ends, or with the bastion, and then the error gives the reason."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from typing import Any, ContextManager, Iterator

import psycopg2
import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.route import Route
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import open_session
from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.bastion import (
    Limits,
    bastion_from_options,
    opened_route,
)

from tests.support.modules.holder import ENDS, holder
from tests.support.patience import soon
from tests.support.ssh.sshd import Sshd
from tools.postgres.processes import children_of, command_line, environment, left_over
from tools.postgres.server import Server

pytestmark = [pytest.mark.majorless, pytest.mark.usefixtures("ssh_config")]

ATTENTIVE = Limits(connect_seconds=1, login_seconds=10.0, patience_seconds=0.0, alive_seconds=1)


@pytest.fixture
def sshd() -> Iterator[Sshd]:
    """A bastion for this test only."""
    with Sshd() as running:
        yield running


def login_to(server: Server) -> Login:
    """Return the superuser's login on a server."""
    return Login(server.user, Secret(server.password), host=server.host, port=server.port)


@pytest.mark.parametrize("end", list(ENDS))
def test_nothing_is_left_after(
    server: Server, sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    files = list(tmp_path.rglob("*"))
    way = {"bastion": sshd.bastion_options(), "host": server.host, "port": server.port}
    with holder("path", **way, processes=2) as running:
        assert len(running.descendants) == 2  # the supervisor and ssh
        sessions = sshd.processes()[1:]
        assert sessions
        ENDS[end](running)
        assert left_over(running.descendants + sessions) == []
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", running.said["port"]))
    assert list(tmp_path.rglob("*")) == files


JUMP_CONFIG = """\
Host far
  HostName 127.0.0.1
  ProxyJump near
Host near
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {private_key_file}
  UserKnownHostsFile {known_hosts_file}
"""


@pytest.mark.parametrize("end", ["return", "SIGKILL"])
def test_nothing_is_left_of_a_jump_chain_after(server: Server, sshd: Sshd, ssh_config: Path, end: str) -> None:
    ssh_config.write_text(JUMP_CONFIG.format(**sshd.bastion_options()))
    way = {"bastion": sshd.bastion_options(host="far"), "host": server.host, "port": server.port}
    with holder("path", **way, processes=3) as running:
        assert len(running.descendants) == 3  # the supervisor and two ssh processes
        ENDS[end](running)
        assert left_over(running.descendants + sshd.processes()[1:]) == []


def through(server: Server, sshd: Sshd, limits: Limits = ATTENTIVE) -> ContextManager[Route]:
    """Return the route to a server through the bastion."""
    return opened_route(bastion_from_options(sshd.bastion_options()), server.host, server.port, limits)


def test_nothing_is_left_where_ssh_was_waiting_for_the_bastion(server: Server, sshd: Sshd) -> None:
    before = children_of(os.getpid())
    sshd.signal(signal.SIGSTOP)
    with pytest.raises(Failure, match="did not answer as an SSH server in time"), through(server, sshd):
        pass
    assert left_over(set(children_of(os.getpid())) - set(before)) == []


def test_a_login_that_hangs_is_given_up(server: Server, sshd: Sshd) -> None:
    sshd.signal(signal.SIGSTOP)
    limits = Limits(connect_seconds=20, login_seconds=1.0, patience_seconds=0.0)
    with pytest.raises(Failure, match="was not complete in time"), through(server, sshd, limits):
        pass


def test_no_secret_is_in_a_process_list(server: Server, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", server.password)
    before = {*children_of(os.getpid())}
    with through(server, sshd) as path, open_session(
        Login(server.user, None, server.host, server.port), "postgres", path
    ):
        own = {*children_of(os.getpid())} - before - {*sshd.processes()}
        assert len(own) == 2
        assert not [process for process in own if server.password in command_line(process) + environment(process)]


def use_until_lost(server: Server, sshd: Sshd, end: int) -> None:
    """Send a signal to the bastion while a query runs through it."""
    with through(server, sshd) as path, open_session(login_to(server), "postgres", path) as session:
        session.begin("READ ONLY")
        session.rows("SELECT 1")
        sshd.signal(end)
        session.rows("SELECT pg_catalog.pg_sleep(100)")


def lose_and_raise(server: Server, sshd: Sshd, error: Exception) -> None:
    """Kill the bastion, and raise an error that would follow from that."""
    with through(server, sshd):
        lose(sshd)
        raise error


def lose_and_log_in(server: Server, sshd: Sshd) -> None:
    """Kill the bastion, and try to log in."""
    with through(server, sshd) as path:
        lose(sshd)
        open_session(login_to(server), "postgres", path)


def lose(sshd: Sshd) -> None:
    """Kill the bastion, and wait until ssh has ended."""
    before = [child for child in children_of(os.getpid()) if "-L" in command_line(child).split()]
    sshd.signal(signal.SIGKILL)
    assert before
    assert left_over(before) == []


def test_a_bastion_that_dies_is_told(server: Server, sshd: Sshd) -> None:
    with pytest.raises(Failure) as failure:
        use_until_lost(server, sshd, signal.SIGKILL)
    problem, _consequence = failure.value.problems
    assert "the bastion closed the connection" in problem.message
    assert "run the task again" in problem.remedy


def test_a_bastion_that_hangs_is_told(server: Server, sshd: Sshd) -> None:
    started = time.monotonic()
    with pytest.raises(Failure) as failure:
        use_until_lost(server, sshd, signal.SIGSTOP)
    problem, _consequence = failure.value.problems
    assert "127.0.0.1 stopped answering" in problem.message
    assert time.monotonic() - started < 10 * soon()


def test_the_reason_comes_before_what_followed_from_it(server: Server, sshd: Sshd) -> None:
    consequence = Failure([Problem("no answer")], committed=["warehouse"])
    with pytest.raises(Failure) as failure:
        lose_and_raise(server, sshd, consequence)
    reason, *others = failure.value.problems
    assert "the bastion closed the connection" in reason.message
    assert tuple(others) == consequence.problems
    assert failure.value.committed == consequence.committed


def test_no_login_is_tried_on_a_port_that_ssh_has_left(
    server: Server, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins: list[Any] = []
    monkeypatch.setattr(psycopg2, "connect", lambda **parameters: logins.append(parameters))
    with pytest.raises(Failure) as failure:
        lose_and_log_in(server, sshd)
    assert logins == []
    [problem] = failure.value.problems
    assert "the bastion closed the connection" in problem.message


@pytest.mark.parametrize(
    "error", [Failure([Problem("wrong")]), psycopg2.Error("wrong"), ValueError("wrong")], ids=["own", "libpq", "other"]
)
def test_an_error_is_not_blamed_on_a_bastion_that_works(server: Server, sshd: Sshd, error: Exception) -> None:
    with pytest.raises(type(error)) as raised, through(server, sshd):
        raise error
    assert raised.value is error
