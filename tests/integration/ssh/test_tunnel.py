# SPDX-License-Identifier: GPL-3.0-or-later
"""A session through a real sshd works whatever the user's ssh_config contains."""

from __future__ import annotations

import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Iterator

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import open_session
from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh import tunnel as _ssh_tunnel
from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.bastion import (
    Limits,
    bastion_from_options,
    opened_route,
)

from tests.support.ssh.sshd import Sshd
from tools.postgres.processes import children_of, left_over
from tools.postgres.server import Server

pytestmark = pytest.mark.majorless

HOSTILE = "we\"ird.näme'; --"
NO_PATIENCE = Limits(patience_seconds=0.0)


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Check that no test leaves a process behind."""
    before = set(children_of(os.getpid()))
    yield
    assert left_over(set(children_of(os.getpid())) - before) == []


def login_to(server: Server, **options: Any) -> Login:
    """Return the superuser's login on a server."""
    return Login(server.user, **{"password": Secret(server.password), "host": server.host, **options}, port=server.port)


def answer(login: Login, bastion: dict[str, Any], query: str = "SELECT 1", limits: Limits = NO_PATIENCE) -> Any:
    """Return the only value of a query through a bastion."""
    way = opened_route(bastion_from_options(bastion), login.host, login.port, limits)
    with way as path, open_session(login, "postgres", path) as session:
        return session.rows(query)[0][0]


def test_a_session_goes_through_the_bastion(server: Server, sshd: Sshd, ssh_config: Path) -> None:
    login = login_to(server)
    with opened_route(bastion_from_options(sshd.bastion_options()), login.host, login.port) as path:
        parameters = path.parameters()
        assert parameters["hostaddr"] == "127.0.0.1"
        assert parameters["port"] not in (server.port, sshd.port)
        with open_session(login, "postgres", path) as session:
            assert session.rows("SELECT current_user") == [(server.user,)]
        assert len(sshd.processes()) > 1
    assert left_over(sshd.processes()[1:]) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", parameters["port"]))


def test_two_hundred_sessions_through_one_way(server: Server, sshd: Sshd, ssh_config: Path) -> None:
    login = login_to(server)
    with opened_route(bastion_from_options(sshd.bastion_options()), login.host, login.port) as path:
        for number in range(200):
            with open_session(login, "postgres", path) as session:
                assert session.rows(f"SELECT {number}") == [(number,)]


def test_much_data(server: Server, sshd: Sshd, ssh_config: Path) -> None:
    query = "SELECT pg_catalog.repeat('x', 10000000)"
    assert len(answer(login_to(server), sshd.bastion_options(), query)) == 10000000


def test_twenty_at_a_time_through_a_busy_bastion(server: Server, ssh_config: Path) -> None:
    login = login_to(server)
    with Sshd({"MaxStartups": "3:50:6"}) as busy, ThreadPoolExecutor(20) as pool:
        answers = [
            pool.submit(answer, login, busy.bastion_options(), f"SELECT {number}", Limits()) for number in range(20)
        ]
        assert [one.result() for one in answers] == list(range(20))
        assert "MaxStartups" in busy.logged()  # connections were really dropped


def test_a_busy_bastion_is_given_up_in_the_end(server: Server, ssh_config: Path) -> None:
    with Sshd({"MaxStartups": "1"}) as full, socket.create_connection((full.host, full.port)) as occupant:
        occupant.recv(1)
        with pytest.raises(Failure) as failure:
            answer(login_to(server), full.bastion_options(), limits=Limits(patience_seconds=1.0))
    assert "it closed the connection before the login" in str(failure.value)
    assert "MaxStartups" in str(failure.value)


def test_a_port_that_is_taken_is_left(
    server: Server, sshd: Sshd, ssh_config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_port = _ssh_tunnel.free_port
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = [taken.getsockname()[1]] * 3
        monkeypatch.setattr(_ssh_tunnel, "free_port", lambda address: ports.pop() if ports else free_port(address))
        assert answer(login_to(server), sshd.bastion_options()) == 1
    assert ports == []


def test_no_port_at_all(server: Server, sshd: Sshd, ssh_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ssh_tunnel, "MOST_ADAPTATIONS", 2)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(_ssh_tunnel, "free_port", lambda _address: taken.getsockname()[1])
        with pytest.raises(Failure, match="Address already in use"):
            answer(login_to(server), sshd.bastion_options())


def test_accept_new_learns_the_key_once(server: Server, sshd: Sshd, ssh_config: Path, tmp_path: Path) -> None:
    known = tmp_path / HOSTILE
    options = sshd.bastion_options(host_key_checking="accept-new", known_hosts_file=str(known))
    assert answer(login_to(server), options) == 1
    learned = known.read_text()
    assert sshd.host_key.with_suffix(".pub").read_text().split()[1] in learned
    assert answer(login_to(server), options) == 1
    assert known.read_text() == learned


@pytest.fixture
def pgpass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The .pgpass of the user in this test."""
    passfile = tmp_path / "pgpass"
    passfile.touch(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passfile))
    return passfile


def test_pgpass_knows_the_host_by_its_name(server: Server, sshd: Sshd, ssh_config: Path, pgpass: Path) -> None:
    pgpass.write_text(f"localhost:*:*:{server.user}:{server.password}\n")
    assert answer(login_to(server, host="localhost", password=None), sshd.bastion_options()) == 1


def test_pgpass_is_matched_on_the_local_port(server: Server, sshd: Sshd, ssh_config: Path, pgpass: Path) -> None:
    pgpass.write_text(f"127.0.0.1:{server.port}:*:{server.user}:{server.password}\n")
    with pytest.raises(Failure, match="no password supplied"):
        answer(login_to(server, password=None), sshd.bastion_options())


ALIAS = """\
Host bastion
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {private_key_file}
  UserKnownHostsFile {known_hosts_file}
"""
ONLY_THE_ALIAS = {"host": "bastion"}


def test_everything_may_stand_in_the_ssh_config(server: Server, sshd: Sshd, ssh_config: Path) -> None:
    ssh_config.write_text(ALIAS.format(**sshd.bastion_options()))
    assert answer(login_to(server), ONLY_THE_ALIAS) == 1


def test_a_key_of_the_agent(
    server: Server, sshd: Sshd, ssh_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh_config.write_text("IdentityFile none\n")
    address = str(tmp_path / "agent")
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", address], stdout=subprocess.DEVNULL)
    try:
        while not Path(address).exists():
            assert agent.poll() is None
        monkeypatch.setenv("SSH_AUTH_SOCK", address)
        subprocess.run(["ssh-add", "-q", str(sshd.key)], check=True)
        assert answer(login_to(server), sshd.bastion_options(private_key_file=None)) == 1
    finally:
        agent.kill()
        agent.wait()


def test_a_chain_of_jump_hosts(server: Server, sshd: Sshd, ssh_config: Path) -> None:
    with Sshd({"PermitOpen": f"127.0.0.1:{sshd.port}"}) as near:
        jump = ALIAS.format(**near.bastion_options()).replace("Host bastion", "Host near")
        ssh_config.write_text(ALIAS.format(**sshd.bastion_options()) + "  ProxyJump near\n" + jump)
        assert answer(login_to(server), ONLY_THE_ALIAS) == 1
        assert "Accepted publickey" in near.logged()


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param("ControlMaster auto\nControlPath {directory}/control\nControlPersist yes", id="shared connection"),
        pytest.param("ForkAfterAuthentication yes", id="fork into the background"),
        pytest.param(
            "SessionType default\nRemoteCommand touch {directory}/mark\nRequestTTY force", id="remote command"
        ),
        pytest.param("PermitLocalCommand yes\nLocalCommand touch {directory}/mark", id="local command"),
        pytest.param("LocalForward {taken} 127.0.0.1:1", id="local forward on a taken port"),
        pytest.param("LocalForward {directory}/no/such/socket 127.0.0.1:1", id="local forward of a socket"),
        pytest.param("DynamicForward {taken}", id="dynamic forward on a taken port"),
        pytest.param("RemoteForward {taken} 127.0.0.1:1", id="remote forward on a taken port"),
        pytest.param("ClearAllForwardings yes", id="no forwards"),
        pytest.param(
            "ExitOnForwardFailure no\nGatewayPorts yes\nTunnel yes\nForwardX11 yes\nForwardAgent yes", id="more"
        ),
        pytest.param("LogLevel QUIET", id="quiet"),
        pytest.param("VisualHostKey yes\nBatchMode no\nStdinNull no\nAddressFamily inet", id="other habits"),
    ],
)
def test_no_ssh_config_breaks_or_outlives_it(
    server: Server, sshd: Sshd, ssh_config: Path, tmp_path: Path, lines: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        own = lines.format(directory=tmp_path, taken=taken.getsockname()[1])
        ssh_config.write_text("Host bastion\n" + own + "\n" + ALIAS.format(**sshd.bastion_options()))
        assert answer(login_to(server), ONLY_THE_ALIAS) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["client"]


@pytest.mark.parametrize("checking", ["yes", "accept-new"])
@pytest.mark.parametrize(
    "lines", ["StrictHostKeyChecking no\n", "NoHostAuthenticationForLocalhost yes\n", "UserKnownHostsFile /dev/null\n"]
)
def test_no_ssh_config_weakens_the_host_key_check(
    server: Server, sshd: Sshd, ssh_config: Path, checking: str, lines: str
) -> None:
    foreign = f"[{sshd.host}]:{sshd.port} {sshd.key.with_suffix('.pub').read_text()}"
    (ssh_config.parent / "known").write_text(foreign)
    ssh_config.write_text(lines)
    options = sshd.bastion_options(host_key_checking=checking, known_hosts_file=str(ssh_config.parent / "known"))
    with pytest.raises(Failure, match="the host key of"):
        answer(login_to(server), options)


def test_new_keys_are_not_accepted_where_they_are_forgotten(server: Server, sshd: Sshd, ssh_config: Path) -> None:
    ssh_config.write_text("UserKnownHostsFile ~/.ssh/other /dev/null\n")
    options = sshd.bastion_options(host_key_checking="accept-new", known_hosts_file=None)
    with pytest.raises(Failure, match='keeps host keys in "/dev/null", which remembers nothing'):
        answer(login_to(server), options)


def test_new_keys_are_not_accepted_where_they_cannot_be_written(
    server: Server, sshd: Sshd, ssh_config: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    options = sshd.bastion_options(host_key_checking="accept-new", known_hosts_file=str(tmp_path / "file" / "known"))
    with pytest.raises(Failure, match="cannot be written to known_hosts"):
        answer(login_to(server), options)


LIES = "debug1: Entering interactive session.\n"


def test_a_banner_does_not_open_the_way(server: Server, ssh_config: Path, tmp_path: Path) -> None:
    banner = tmp_path / "banner"
    banner.write_text(LIES)
    with Sshd({"Banner": str(banner)}) as bastion:
        assert answer(login_to(server), bastion.bastion_options()) == 1
        bastion.authorized_keys.write_text("")
        with pytest.raises(Failure, match=r"the login .* was refused"):
            answer(login_to(server), bastion.bastion_options())


def test_who_had_the_port_first_gets_no_login(
    server: Server, sshd: Sshd, ssh_config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = ssh_config.parent / "ssh"
    client.write_text(f"#!/bin/sh\nprintf '%s' '{LIES}'\nexec sleep 100\n")  # as ssh prints debug output of a bastion
    with socket.create_server(("127.0.0.1", 0)) as thief:
        monkeypatch.setattr(_ssh_tunnel, "free_port", lambda _address: thief.getsockname()[1])
        with pytest.raises(Failure, match="was not complete in time"):
            answer(login_to(server), sshd.bastion_options(), limits=Limits(login_seconds=1.0, patience_seconds=0.0))
        thief.settimeout(0.1)
        with pytest.raises(socket.timeout):
            thief.accept()


def test_a_proxy_command_learns_no_password(
    server: Server, sshd: Sshd, ssh_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGPASSWORD", "PGSSLPASSWORD", "METAMAPPER_PASSWORD"):
        monkeypatch.setenv(name, "we\"ird.näme'; --")
    proxy = tmp_path / "proxy"
    proxy.write_text(f'env > {tmp_path}/seen\nexec 3<> "/dev/tcp/$1/$2"\ncat <&3 & cat >&3\n')
    ssh_config.write_text(f"ProxyCommand bash {proxy} %h %p\n")
    assert answer(login_to(server), sshd.bastion_options()) == 1
    seen = (tmp_path / "seen").read_text()
    assert "PATH=" in seen
    assert "PASSWORD" not in seen


def test_a_client_before_8_7(server: Server, sshd: Sshd, ssh_config: Path) -> None:
    client = ssh_config.parent / "ssh"
    refusal = 'case "$*" in *ForkAfterAuthentication*) echo "command-line: line 0: Bad configuration option: '
    refusal += 'forkafterauthentication" >&2; exit 255;; esac'
    client.write_text(client.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\n{refusal}\n"))
    assert answer(login_to(server), sshd.bastion_options()) == 1
