# SPDX-License-Identifier: GPL-3.0-or-later
"""Each hop of the connection path fails for each possible reason: the error gives the reason and the remedy."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login, Timeouts
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import open_session
from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.bastion import (
    Limits,
    bastion_from_options,
    opened_route,
)

from tests.support.ssh.sshd import Sshd, make_key
from tools.postgres.server import Server, free_port

pytestmark = pytest.mark.majorless

IMPATIENT = Limits(connect_seconds=1, login_seconds=10.0, patience_seconds=0.0, alive_seconds=1)
HOSTILE = "we\"ird.näme'; --"


@pytest.fixture
def ssh_config(ssh_config: Path) -> Path:
    """The ssh_config of a user who has no key."""
    ssh_config.write_text("IdentityFile none\n")
    return ssh_config


@contextlib.contextmanager
def listener(answer: bytes = b"") -> Iterator[int]:
    """Listen on a port, accept connections, and send the same answer on each."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted: list[socket.socket] = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    accepted.append(server.accept()[0])
                    accepted[-1].sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in accepted:
            connection.close()


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """Listen on a port that no longer answers a SYN, as behind a firewall that drops packets."""
    with socket.socket() as server, contextlib.ExitStack() as stack:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _number in range(3):  # fills the queue
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def login_failure(bastion: Mapping[str, Any], *, host: str = "127.0.0.1", port: int = 1) -> Problem:
    """Return why the route cannot be opened."""
    with pytest.raises(Failure) as failure, opened_route(bastion_from_options(bastion), host, port, IMPATIENT):
        pass
    [problem] = failure.value.problems
    return problem


def session_failure(bastion: Mapping[str, Any], login: Login) -> Problem:
    """Return why a session over an open route fails."""
    way = opened_route(bastion_from_options(bastion), login.host, login.port, IMPATIENT)
    with way as path, pytest.raises(Failure) as failure:
        open_session(login, "postgres", path)
    [problem] = failure.value.problems
    return problem


@dataclass(frozen=True)
class Wrong:
    """A route that cannot be opened: how its options differ from working ones, and what the error contains."""

    options: Mapping[str, Any]
    found: str
    remedy: str
    known_hosts: Callable[[Sshd], str] | None = None
    key: Callable[[Sshd, Path], Path] | None = None
    context: Callable[[], contextlib.AbstractContextManager[int]] | None = None
    ssh_config: str = ""


def other_key(_sshd: Sshd, directory: Path) -> Path:
    """Create a key that the bastion does not accept."""
    return make_key(directory / HOSTILE)


def open_key(sshd: Sshd, directory: Path) -> Path:
    """Copy the right key with permissions that let others read it."""
    key = directory / HOSTILE
    key.write_bytes(sshd.key.read_bytes())
    key.chmod(0o644)
    return key


def protected_key(sshd: Sshd, directory: Path) -> Path:
    """Copy the right key and protect it with a passphrase."""
    key = directory / HOSTILE
    key.write_bytes(sshd.key.read_bytes())
    key.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "open sesame", "-f", str(key)], check=True)
    return key


def garbage(_sshd: Sshd, directory: Path) -> Path:
    """Create a file that is not a key."""
    key = directory / "garbage"
    key.write_text("no key\n")
    key.chmod(0o600)
    return key


def foreign_key_of(sshd: Sshd) -> str:
    """Return a known_hosts line for the bastion with the key of another host."""
    return f"[{sshd.host}]:{sshd.port} {sshd.key.with_suffix('.pub').read_text()}"


WRONG = [
    pytest.param(
        Wrong({"host": "no-such-host.invalid"}, 'the name "no-such-host.invalid" is not known', "bastion.host"),
        id="name not resolved",
    ),
    pytest.param(Wrong({"port": 1}, "nothing listens on 127.0.0.1, port 1", "bastion.port"), id="port closed"),
    pytest.param(Wrong({}, "did not answer in time", "firewall", context=black_hole), id="time-out"),
    pytest.param(Wrong({}, "did not answer as an SSH server", "bastion.port", context=listener), id="silent server"),
    pytest.param(
        Wrong({}, "is not an SSH server", "bastion.port", context=lambda: listener(b"HTTP/1.0 400 Bad\r\n" * 1024)),
        id="not an SSH server",
    ),
    pytest.param(
        Wrong({}, "the host key (ED25519) of [127.0.0.1]:", "accept-new", known_hosts=lambda _: ""),
        id="host key unknown",
    ),
    pytest.param(
        Wrong({}, "the host key of [127.0.0.1]:", "ssh-keygen -R", known_hosts=foreign_key_of), id="host key changed"
    ),
    pytest.param(
        Wrong(
            {"host_key_checking": "accept-new"},
            "the host key of [127.0.0.1]:",
            "ssh-keygen -R",
            known_hosts=foreign_key_of,
        ),
        id="host key changed, accept-new",
    ),
    pytest.param(
        Wrong({}, "marked as revoked", "administrator", known_hosts=lambda sshd: "@revoked " + sshd.known_as()),
        id="host key revoked",
    ),
    pytest.param(
        Wrong(
            {}, "was refused by a server that takes publickey, after it was offered", "authorized_keys", key=other_key
        ),
        id="key refused",
    ),
    pytest.param(
        Wrong({"private_key_file": None}, "there was no key to offer", "bastion.private_key_file"), id="no key"
    ),
    pytest.param(Wrong({}, "its mode 0644", "chmod 600", key=open_key), id="key readable for others"),
    pytest.param(Wrong({}, "is protected by a passphrase", "ssh-add", key=protected_key), id="key with a passphrase"),
    pytest.param(Wrong({}, "cannot be used (", "Give a private key", key=garbage), id="no key in the file"),
    pytest.param(
        Wrong({}, "Bad configuration option: nosuchoption", "Correct that line", ssh_config="NoSuchOption yes\n"),
        id="ssh_config broken",
    ),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_way_does_not_open(sshd: Sshd, ssh_config: Path, tmp_path: Path, wrong: Wrong) -> None:
    options = sshd.bastion_options(**wrong.options)
    ssh_config.write_text(wrong.ssh_config or ssh_config.read_text())
    if wrong.known_hosts:
        options["known_hosts_file"] = str(tmp_path / "known hosts")
        Path(options["known_hosts_file"]).write_text(wrong.known_hosts(sshd))
    if wrong.key:
        options["private_key_file"] = str(wrong.key(sshd, tmp_path))
    with wrong.context() if wrong.context else contextlib.nullcontext(options["port"]) as port:
        problem = login_failure({**options, "port": port})
    assert problem.message.startswith('Cannot reach "127.0.0.1", port 1, through the bastion "')
    assert wrong.found in problem.message
    assert wrong.remedy in problem.remedy


@pytest.mark.parametrize(
    ("options", "host", "found", "remedy"),
    [
        pytest.param(
            {"AllowTcpForwarding": "no"}, "127.0.0.1", "forbids to forward", "AllowTcpForwarding", id="no forwarding"
        ),
        pytest.param({"PermitOpen": "127.0.0.1:1"}, "127.0.0.1", "forbids to forward", "PermitOpen", id="other target"),
        pytest.param({"PermitOpen": "127.0.0.1:{port}"}, "localhost", "forbids to forward", "not 127.0.0.1", id="text"),
        pytest.param({}, "no-such-host.invalid", "does not know the name", "login_host", id="name unknown there"),
    ],
)
def test_target_refused(
    server: Server, ssh_config: Path, options: Mapping[str, str], host: str, found: str, remedy: str
) -> None:
    with Sshd({name: value.format(port=server.port) for name, value in options.items()}) as sshd:
        problem = session_failure(sshd.bastion_options(), Login(server.user, host=host, port=server.port))
    assert problem.message.startswith(f'Cannot reach "{host}", port {server.port}, through the bastion "127.0.0.1"')
    assert found in problem.message
    assert remedy in problem.remedy


def test_target_refused_by_the_key(server: Server, ssh_config: Path) -> None:
    with Sshd() as sshd:
        sshd.authorized_keys.write_text('permitopen="db:5432" ' + sshd.authorized_keys.read_text())
        problem = session_failure(sshd.bastion_options(), Login(server.user, host=server.host, port=server.port))
    assert f'exactly "127.0.0.1:{server.port}"' in problem.remedy


def test_database_port_closed(sshd: Sshd, ssh_config: Path) -> None:
    problem = session_failure(sshd.bastion_options(), Login("postgres", host="127.0.0.1", port=free_port()))
    assert "nothing listens on that port (Connection refused)" in problem.message
    assert "listen_addresses" in problem.remedy


def a_quick_login(port: int) -> Login:
    """Return a login that waits no longer than a test should take."""
    return Login("postgres", host="127.0.0.1", port=port, timeouts=Timeouts(connect_seconds=2))


def test_database_behind_a_firewall(sshd: Sshd, ssh_config: Path) -> None:
    with black_hole() as port:
        problem = session_failure(sshd.bastion_options(), a_quick_login(port))
    assert "the bastion did not reach the database server in time" in problem.message
    assert "firewall" in problem.remedy


def test_database_that_does_not_answer(sshd: Sshd, ssh_config: Path) -> None:
    with listener() as port:
        problem = session_failure(sshd.bastion_options(), a_quick_login(port))
    assert problem.message.startswith('Cannot connect to database "postgres" on 127.0.0.1')


def test_wrong_password_is_not_blamed_on_the_bastion(server: Server, sshd: Sshd, ssh_config: Path) -> None:
    login = Login(server.user, Secret(HOSTILE), host=server.host, port=server.port)
    problem = session_failure(sshd.bastion_options(), login)
    assert problem.message.startswith('Cannot connect to database "postgres" on 127.0.0.1')
    assert "password authentication failed" in problem.message
    assert HOSTILE not in str(problem)


def test_the_way_stays_open_after_a_refusal(server: Server, sshd: Sshd, ssh_config: Path) -> None:
    bastion = bastion_from_options(sshd.bastion_options())
    wrong = Login(server.user, Secret(HOSTILE), host=server.host, port=server.port)
    right = Login(server.user, Secret(server.password), host=server.host, port=server.port)
    with opened_route(bastion, server.host, server.port) as path:
        with pytest.raises(Failure):
            open_session(wrong, "postgres", path)
        with open_session(right, "postgres", path) as session:
            assert session.rows("SELECT 1") == [(1,)]


JUMP_CONFIG = """\
Host far
  HostName {far}
  ProxyJump near
Host near
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {key}
  UserKnownHostsFile {known_hosts}
"""


@pytest.mark.parametrize(
    ("options", "differences", "found", "remedy"),
    [
        pytest.param({}, {"port": "1"}, "nothing listens on 127.0.0.1, port 1", "bastion.port", id="jump closed"),
        pytest.param({}, {"known_hosts": "/dev/null"}, "host key", "each jump host", id="jump unknown"),
        pytest.param(
            {}, {"key": "/no/key"}, "the login daemon@127.0.0.1 was refused", "authorized_keys", id="jump refuses"
        ),
        pytest.param({"AllowTcpForwarding": "no"}, {}, "a jump host", "may forward", id="jump forwards nothing"),
        pytest.param({}, {"far": "no-such-host.invalid"}, "a jump host", "resolves", id="jump does not know the name"),
    ],
)
def test_jump_host(
    sshd: Sshd,
    ssh_config: Path,
    options: Mapping[str, str],
    differences: Mapping[str, str],
    found: str,
    remedy: str,
) -> None:
    with Sshd(options) as near:
        names = {**near.bastion_options(), "key": near.key, "known_hosts": near.known_hosts, "far": "127.0.0.1"}
        ssh_config.write_text(JUMP_CONFIG.format(**{**names, **differences}))
        problem = login_failure(sshd.bastion_options(host="far"))
    assert found.replace("daemon", near.user) in problem.message
    assert remedy in problem.remedy
