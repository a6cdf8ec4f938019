# SPDX-License-Identifier: GPL-3.0-or-later
"""The permanent tunnel on Metamapper's host: reading through it, its restart after failures, and its removal.

The tests depend on each other: all but the last leave the tunnel open.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

DIRECTORY = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "bastion.md"
UNIT = "metamapper-tunnel-15432"
FILE = f"/etc/systemd/system/{UNIT}.service"
ACCOUNT = "metamapper-tunnel"
# Has the form of Metamapper's query, and logs in as Metamapper does, without sslmode.
READ = """
import json, sys, time
sys.path.insert(0, "/root/client")
import psycopg2
login = json.load(sys.stdin)
deadline = time.monotonic() + login.pop("seconds")
while True:
    try:
        connection = psycopg2.connect(connect_timeout=5, **login)
        break
    except psycopg2.OperationalError:
        if time.monotonic() > deadline:
            raise
        time.sleep(0.1)
cursor = connection.cursor()
cursor.execute(
    "SELECT DISTINCT c.table_schema, c.table_name, to_regclass(c.table_schema || '.' || c.table_name)::oid > 0"
    " FROM information_schema.columns AS c WHERE c.table_schema NOT IN ('information_schema', 'pg_catalog')"
)
print(json.dumps(sorted(cursor.fetchall())))
cursor.execute("SELECT host(inet_client_addr()), (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid())")
print(json.dumps(cursor.fetchone()))
"""


@pytest.fixture(scope="module")
def host(made: dict[str, Any], bastions: dict[str, Any], client_python: Path, tmp_path_factory: Any) -> Any:
    """Return Metamapper's host, with the version of psycopg2 that its client uses."""
    metamapper = bastions["metamapper"]
    directory = tmp_path_factory.mktemp("client")
    version = metamapper.check_output("python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])'")
    options = ["-q", "--target", str(directory), "--only-binary=:all:", "--python-version", version]
    subprocess.run([client_python, "-m", "pip", "install", *options, "psycopg2-binary==2.9.13"], check=True)
    container = made["containers"]["metamapper"]["container"]
    subprocess.run([made["engine"], "cp", f"{directory}/.", f"{container}:/root/client"], check=True)
    return metamapper


@pytest.fixture(scope="module")
def read(made: dict[str, Any], variables: dict[str, Any], host: Any) -> Any:
    """Return a function that reads through the tunnel on Metamapper's host, retrying for a number of seconds."""

    def call(seconds: float = 0, address: str = "127.0.0.1", port: int = 15432) -> list[Any]:
        login = {"user": "metamapper", "password": variables["metamapper_password"], "dbname": "warehouse"}
        login |= {"host": address, "port": port}
        result = subprocess.run(
            [made["engine"], "exec", "-i", made["containers"]["metamapper"]["container"], "python3", "-c", READ],
            input=json.dumps({**login, "seconds": seconds}),
            text=True,
            capture_output=True,
            check=False,
            timeout=seconds + 60,
        )
        assert result.returncode == 0, result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    return call


def play(*options: str, **changes: Any) -> subprocess.CompletedProcess[str]:
    """Run the playbook as converge did, with changed variables."""
    command = ["ansible-playbook", "-i", os.environ["MOLECULE_INVENTORY_FILE"], *options, "-e", json.dumps(changes)]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"}
    environment["ANSIBLE_COLLECTIONS_PATH"] = os.environ["MOLECULE_PROJECT_DIRECTORY"] + "/.ansible/collections"
    return subprocess.run(
        [*command, "metamapper.postgresql.tunnel_metamapper"],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        check=False,
    )


def is_unchanged(played: subprocess.CompletedProcess[str]) -> bool:
    """Return whether a play changed nothing on any host."""
    assert played.returncode == 0, played.stdout
    return played.stdout.count("changed=0 ") == played.stdout.count("changed=")


def test_metamapper_reads_through_the_tunnel(read: Any, made: dict[str, Any]) -> None:
    relations, session = read()
    assert ["sales", "orders", True] in relations
    assert {relation[0] for relation in relations} == {"sales", "tenant-1", "tenant-2", "we\"ird'näme;--"}
    assert session == [made["containers"]["bastion"]["address"], True]


def test_without_it_the_database_is_out_of_reach(host: Any, made: dict[str, Any]) -> None:
    network = made["containers"]["bastion"]["address"].rpartition(".")[0]
    reach = "timeout 3 bash -c '</dev/tcp/{}/5432'"
    assert [number for number in range(2, 6) if host.run(reach.format(f"{network}.{number}")).rc == 0] == []


def test_the_service_is_what_the_documentation_says(host: Any) -> None:
    assert (host.service(UNIT).is_running, host.service(UNIT).is_enabled) == (True, True)
    assert host.run(f"systemd-analyze verify {FILE}").stderr == ""
    assert [socket.rpartition("/")[2] for socket in host.socket.get_listening_sockets() if "15432" in socket] == [
        "127.0.0.1:15432"
    ]
    account = host.user(ACCOUNT)
    assert (account.shell, account.home, account.password) == ("/usr/sbin/nologin", "/nonexistent", "*")
    key = host.file(f"/etc/metamapper-tunnel/{ACCOUNT}/id_ed25519")
    assert (key.user, key.mode) == (ACCOUNT, 0o400)


def test_the_bastion_has_an_account_of_its_own_for_it(bastions: dict[str, Any]) -> None:
    bastion = bastions["bastion"]
    keys = bastion.file(f"/etc/ssh/{ACCOUNT}-tunnel.keys").content_string
    assert (keys.count("ssh-ed25519 "), keys.count("ssh-rsa ")) == (1, 0)
    effective = bastion.check_output(f"/usr/sbin/sshd -T -C user={ACCOUNT},host=h,addr=203.0.113.5,laddr=::1,lport=22")
    assert {"permitopen warehouse.internal:5432", "maxsessions 0", "permitlisten none"} <= set(effective.splitlines())


@pytest.mark.parametrize(
    ("where", "command"),
    [
        pytest.param("metamapper", "pkill -KILL -x ssh", id="ssh"),
        pytest.param("metamapper", f"systemctl kill -s KILL {UNIT}", id="the service"),
        pytest.param("bastion", f"pkill -KILL -u {ACCOUNT}", id="the session on the bastion"),
    ],
)
def test_killed_it_comes_back(bastions: dict[str, Any], host: Any, read: Any, where: str, command: str) -> None:
    """The tunnel is restarted whatever is killed. Without pkill on the bastion, the test searches /proc there."""
    starts = int(host.check_output(f"systemctl show -P NRestarts {UNIT}"))
    if where == "bastion":
        command = (
            f"uid=$(id -u {ACCOUNT}); find /proc -maxdepth 1 -uid $uid -name '[0-9]*' -printf '%f ' | xargs kill -9"
        )
    bastions[where].check_output(command)
    begun = time.monotonic()
    while int(host.check_output(f"systemctl show -P NRestarts {UNIT}")) == starts and time.monotonic() - begun < 20:
        time.sleep(0.1)
    read(seconds=30)
    assert time.monotonic() - begun < 50  # measured: 2 to 3 seconds, and 13 while other tests ran


@pytest.fixture
def other_key(bastions: dict[str, Any], made: dict[str, Any]) -> Iterator[None]:
    """Replace the bastion's host keys and reload its sshd for one test; Ansible's open connection is kept."""
    bastion = bastions["bastion"]
    bastion.check_output("mkdir /root/keys && mv /etc/ssh/ssh_host_* /root/keys && ssh-keygen -A && kill -HUP 1")
    try:
        yield
    finally:
        bastion.check_output("mv /root/keys/* /etc/ssh/ && rmdir /root/keys && kill -HUP 1")


def test_another_host_key_stops_it_until_somebody_has_looked(host: Any, read: Any, other_key: None) -> None:
    host.check_output("pkill -KILL -x ssh")
    begun = time.monotonic()
    while host.service(UNIT).is_running and time.monotonic() - begun < 20:
        time.sleep(0.2)
    time.sleep(5)  # long enough for a restart
    status = host.run(f"systemctl status --no-pager --full {UNIT}").stdout
    assert "status=78/CONFIG" in status
    assert "Host key verification failed." in status
    assert host.check_output(f"systemctl show -P ActiveState {UNIT}") == "failed"


def test_a_unit_of_somebody_else_is_refused(host: Any, read: Any) -> None:
    """Relies on the test above: the host keys are restored, and a run of the playbook starts the tunnel again."""
    assert play().returncode == 0
    read(seconds=30)
    other = "/etc/systemd/system/metamapper-tunnel-15433.service"
    host.check_output(f"printf '[Service]\\nExecStart=/bin/true\\n' > {other}")
    before = host.check_output("sha256sum /etc/systemd/system/*.service")
    target = {"host": "warehouse.internal", "listen_port": 15433}
    refused = play(metamapper_tunnel_targets=[target])
    assert refused.returncode != 0
    assert f"{other} exists and was not written by this role" in " ".join(refused.stdout.split())
    assert host.check_output("sha256sum /etc/systemd/system/*.service") == before
    host.check_output(f"rm {other}")


def test_targets_change_and_what_is_not_listed_is_closed(host: Any, read: Any) -> None:
    targets = [{"host": "warehouse.internal", "listen_port": port} for port in (15433, 15434)]
    assert play("--check", "--diff", metamapper_tunnel_targets=targets).returncode == 0
    read()
    assert play(metamapper_tunnel_targets=targets).returncode == 0
    assert host.check_output("ls /etc/systemd/system | grep metamapper").split() == [
        "metamapper-tunnel-15433.service",
        "metamapper-tunnel-15434.service",
    ]
    assert is_unchanged(play(metamapper_tunnel_targets=targets))
    assert not is_unchanged(play())
    read(seconds=30)


@pytest.fixture
def sidecar(made: dict[str, Any], bastions: dict[str, Any], tmp_path: Path) -> Iterator[str]:
    """Run the container of the guide with the existing key of an account, and yield its address."""
    bastion, engine, name = made["containers"]["bastion"], made["engine"], f"{made['name']}-sidecar"
    (document,) = (block for block in GUIDE.read_text().split("```yaml\n") if block.startswith("# compose.override"))
    _shell, _c, script = yaml.safe_load(document.split("```")[0])["services"]["tunnel"]["command"]
    command = script.partition("&&")[2].replace(
        "metamapper-tunnel@bastion.example.org", f"metamapper@{bastion['edge']}"
    )
    keys = bastions["bastion"].check_output("cat /etc/ssh/ssh_host_*_key.pub").splitlines()
    (tmp_path / "known_hosts").write_text("".join(f"{bastion['edge']} {key}\n" for key in keys))
    (tmp_path / "id_ed25519").write_bytes((DIRECTORY / "workspace").read_bytes())
    (tmp_path / "id_ed25519").chmod(0o600)
    inspect = [engine, "inspect", "--format"]
    image = [*inspect, "{{.Config.Image}}", bastion["container"]]
    options = [f"--name={name}", f"--label={made['label']}", f"--network={made['name']}-edge"]
    options += ["--volume", f"{tmp_path}:/tunnel:ro,z", subprocess.check_output(image, text=True).strip()]
    script = command.replace("db.example.internal", "warehouse.internal")
    subprocess.run([engine, "run", "--detach", *options, "sh", "-c", script], check=True, capture_output=True)
    try:
        address = [*inspect, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name]
        yield subprocess.check_output(address, text=True).strip()
    finally:
        subprocess.run([engine, "rm", "--force", name], check=True, capture_output=True)


def test_the_container_of_the_guide_does_the_same(read: Any, sidecar: str) -> None:
    relations, _session = read(seconds=20, address=sidecar, port=5432)
    assert ["sales", "orders", True] in relations


def test_absent_leaves_no_trace(bastions: dict[str, Any], host: Any, digest: Any) -> None:
    before = digest(host)
    assert not is_unchanged(play("--check", metamapper_tunnel_state="absent"))
    assert digest(host) == before
    assert not is_unchanged(play(metamapper_tunnel_state="absent"))
    assert host.run("find /etc /run/systemd -name '*metamapper*' | grep .").stdout == ""
    assert not host.user(ACCOUNT).exists
    assert not host.group(ACCOUNT).exists
    assert bastions["bastion"].run(f"find /etc -name '*{ACCOUNT}-tunnel*'").stdout == ""  # the jump account stays
    assert not bastions["bastion"].user(ACCOUNT).exists
    assert bastions["bastion"].user("metamapper").exists
    assert is_unchanged(play(metamapper_tunnel_state="absent"))
    assert play("--check", "--diff").returncode == 0
    assert not host.user(ACCOUNT).exists
