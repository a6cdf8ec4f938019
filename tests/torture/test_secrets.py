# SPDX-License-Identifier: GPL-3.0-or-later
"""Distinct passwords are planted wherever a user may put one, and searched for wherever one could leak."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any, Callable, Mapping

import pytest

from tests.support.modules.leaks import Watch
from tests.support.postgres.site import Site, identifiers
from tests.torture.conftest import Ledger
from tools.postgres.server import free_port
from tools.runners.playbooks import COLLECTIONS, ROOT

ADMIN, USER, NEW, RETIRED, WRONG, ENVIRONMENT, PGPASS = (
    "admin",
    "user",
    "new",
    "retired",
    "wrong",
    "PGPASSWORD",
    ".pgpass",
)
SECRETS: Mapping[str, str] = {
    name: f"planted-{number}-{os.urandom(6).hex()}"
    for number, name in enumerate((ADMIN, USER, NEW, RETIRED, WRONG, ENVIRONMENT, PGPASS))
}
GIVEN = (USER, ENVIRONMENT)  # passed in the environment, as in the README
Variables = dict[str, Any]


class Playing:
    """A user's directory with inventory, playbooks and planted secrets, on a site with a warehouse."""

    def __init__(self, site: Site, directory: Path) -> None:
        self.site = site
        self.directory = directory
        self.admin = site.create_role("admin")
        self.retired = site.role_name("retired")
        site.server.execute(
            identifiers("ALTER ROLE {} LOGIN SUPERUSER PASSWORD %s", self.admin), parameters=[SECRETS[ADMIN]]
        )
        site.create_role_exactly(self.retired, SECRETS[RETIRED])
        site.run("CREATE SCHEMA sales; CREATE TABLE sales.t(id int)")
        (directory / "tmp").mkdir()
        (directory / "ansible.cfg").touch()
        pgpass = directory / ".pgpass"
        pgpass.write_text(f"*:*:*:nobody:{SECRETS[PGPASS]}\n*:*:*:{self.admin}:{SECRETS[ADMIN]}\n")
        pgpass.chmod(0o600)

    def variables(self) -> Variables:
        """Return the correct variables of the inventory."""
        return self.site.variables(
            "sales",
            metamapper_login_user=self.admin,
            metamapper_login_password=SECRETS[ADMIN],
            metamapper_password="{{ lookup('ansible.builtin.env', 'METAMAPPER_PASSWORD') }}",
        )

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the commands: secrets and directories of the test, no Ansible settings of the caller."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PG", "MM_"))}
        return {
            **kept,
            "HOME": str(self.directory),
            "TMPDIR": str(self.directory / "tmp"),
            "ANSIBLE_HOME": str(self.directory / ".ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_LOG_PATH": str(self.directory / "ansible.log"),
            "ANSIBLE_CONFIG": str(self.directory / "ansible.cfg"),
            "ANSIBLE_REMOTE_TMP": str(self.directory / "tmp" / "remote"),
            "ANSIBLE_NOCOLOR": "1",
            "PGPASSFILE": str(self.directory / ".pgpass"),
            "PGPASSWORD": SECRETS[ENVIRONMENT],
            "METAMAPPER_PASSWORD": SECRETS[USER],
            "LC_ALL": "C.UTF-8",
        }

    def plays(self, playbook: str, variables: Variables, *options: str, without: tuple[str, ...] = ()) -> Watch:
        """Run a playbook at the highest verbosity, and watch it."""
        inventory = self.directory / "inventory.yml"
        inventory.write_text(json.dumps({"postgresql": {"hosts": {"db": variables}}}))
        environment = {name: value for name, value in self.environment.items() if name not in without}
        watch = Watch(SECRETS, self.directory, self.site.server, given=GIVEN)
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "inventory.yml", playbook]
        watch.run([*command, "-vvvv", "--diff", *options], environment)
        return watch


@pytest.fixture
def playing(site: Site, tmp_path: Path) -> Playing:
    """A user's directory, with a grant playbook's targets."""
    directory = tmp_path / "user"
    directory.mkdir()
    return Playing(site, directory)


def playbook(name: str) -> str:
    """Return the full name of a playbook."""
    return f"metamapper.postgresql.{name}_metamapper"


GRANT, VERIFY, REVOKE = map(playbook, ("grant", "verify", "revoke"))
# The playbook, the changes to the variables, and whether the run has to fail.
STEPS: Mapping[str, tuple[str, Callable[[Playing], Variables], bool]] = {
    "granted": (GRANT, lambda _p: {}, False),
    "rotated": (
        GRANT,
        lambda p: {"metamapper_user": p.site.role_name("new"), "metamapper_password": SECRETS[NEW],
                   "metamapper_retired_users": [p.retired]},
        False,
    ),
    "wrong administrator's password": (GRANT, lambda _p: {"metamapper_login_password": SECRETS[WRONG]}, True),
    "no server": (GRANT, lambda _p: {"metamapper_login_port": free_port()}, True),
    "no such schema": (
        GRANT, lambda p: {"metamapper_databases": [{"name": p.site.database, "schemas": ["gone"]}]}, True
    ),
    "refused by preflight": (GRANT, lambda p: {"metamapper_group": p.site.user}, True),
    "a password of the wrong type": (GRANT, lambda _p: {"metamapper_password": {"secret": SECRETS[NEW]}}, True),
    "a list for a password": (GRANT, lambda _p: {"metamapper_login_password": [SECRETS[WRONG]]}, True),
    "a misspelled variable": (GRANT, lambda _p: {"metamapper_pasword": SECRETS[NEW]}, True),
    "an unreachable bastion": (
        GRANT, lambda _p: {"metamapper_bastion": {"host": "127.0.0.1", "port": free_port(), "user": "x"}}, True
    ),
    "wrong user's password": (VERIFY, lambda _p: {"metamapper_password": SECRETS[WRONG]}, True),
    "nothing visible": (VERIFY, lambda _p: {}, True),
    "revoked": (REVOKE, lambda _p: {}, False),
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_no_secret_is_seen(playing: Playing, ledger: Ledger, name: str) -> None:
    run, change, is_to_fail = STEPS[name]
    variables = playing.variables()
    watches = []
    if run != GRANT:
        watches.append(playing.plays(GRANT, variables))
    if name == "nothing visible":
        playing.site.run("REVOKE USAGE ON SCHEMA sales FROM {}", playing.site.group)
    watches.append(playing.plays(run, {**variables, **change(playing)}))
    if not is_to_fail:
        watches.append(playing.plays(run, {**variables, **change(playing)}))  # the second run changes nothing
    for watch in watches:
        assert watch.leaks == set()
        assert watch.samples > 3
        ledger["plays"] += 1
        ledger["samples of processes and files"] += watch.samples
    assert (watches[-1].status != 0) == is_to_fail, watches[-1].output


def test_an_administrators_password_from_pgpass_is_not_seen(playing: Playing, ledger: Ledger) -> None:
    variables = {**playing.variables(), "metamapper_login_password": ""}
    watch = playing.plays(GRANT, variables, without=("PGPASSWORD",))
    assert (watch.leaks, watch.status) == (set(), 0), watch.output
    ledger["plays"] += 1


def crash(playing: Playing, command: list[str]) -> Watch:
    """Let a command crash, with core files enabled, and watch it."""

    def allow() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    watch = Watch(SECRETS, playing.directory, playing.site.server, given=GIVEN)
    path = os.pathsep.join([str(ROOT), str(COLLECTIONS)])
    watch.run(command, {**playing.environment, "PYTHONPATH": path}, preexec_fn=allow)
    return watch


# Reads the options; once the module has logged in, it is killed as by a bug in a C library.
CRASHING = """
import json, os, signal, sys, threading, time
import psycopg2
from tools.runners.modules import run_module
connect = psycopg2.connect
def connect_and_crash(**parameters):
    connection = connect(**parameters)
    os.kill(os.getpid(), signal.SIGABRT)
psycopg2.connect = connect_and_crash
run_module("{module}", json.load(open("options.json")))
"""


@pytest.mark.parametrize("module", ["access", "visibility"])
def test_a_crash_leaves_no_core_file(playing: Playing, module: str, ledger: Ledger) -> None:
    playing.plays(GRANT, playing.variables())
    server = playing.site.server
    databases = [{"name": playing.site.database, "schemas": ["sales"]}]
    options: dict[str, Any] = {"login_host": server.host, "login_port": server.port, "databases": databases}
    if module == "access":
        users = [{"name": playing.site.user, "password": SECRETS[USER]}]
        options.update(login_user=playing.admin, login_password=SECRETS[ADMIN], group=playing.site.group, users=users)
    else:
        options.update(user=playing.site.user, password=SECRETS[USER], group=playing.site.group)
    (playing.directory / "options.json").write_text(json.dumps(options))
    watch = crash(playing, [sys.executable, "-c", CRASHING.format(module=module)])
    assert watch.status == -signal.SIGABRT, watch.output
    assert watch.leaks == set()
    ledger["crashes"] += 1


# Code that leaks a secret, and the channels in which the leak has to be found.
SHOWN: Mapping[str, tuple[str, list[str]]] = {
    "output": ("print(secret)", ["output"]),
    "output, in base64": ("import base64; print(base64.b64encode(secret.encode()).decode())", ["output"]),
    "errors": ("import sys; sys.stderr.write(secret)", ["output"]),
    "arguments": ("import subprocess; subprocess.run(['sh', '-c', 'sleep 1; :', secret])", ["command line"]),
    "environment": ("import subprocess; subprocess.run(['sleep', '1'], env={'X': secret})", ["environment"]),
    "a file that goes": (
        "import os, time; open('gone', 'w').write(secret); time.sleep(1); os.unlink('gone')", ["file"]
    ),
    "a file that stays": ("open('left', 'w').write(secret)", ["left file"]),
    "a report": ("import os; os.mkdir('report'); open('report/r.html', 'w').write(secret)", ["left file"]),
    "server log": ("log(secret)", ["server log"]),
    "a core file": ("import os; os.abort()", ["left file"]),
}  # fmt: skip
SHOWING = """
secret = open("secret").read()
def log(text):
    import psycopg2
    place = dict(host="{host}", port={port}, dbname="postgres")
    connection = psycopg2.connect(user="{user}", password=open("admin").read(), **place)
    connection.cursor().execute("SELECT %s", [text])
{what}
"""


@pytest.mark.parametrize("name", SHOWN)
def test_the_watch_finds_what_is_shown(playing: Playing, name: str) -> None:
    what, channels = SHOWN[name]
    server = playing.site.server
    (playing.directory / "secret").write_text(SECRETS[NEW])
    (playing.directory / "admin").write_text(SECRETS[ADMIN])
    script = SHOWING.format(host=server.host, port=server.port, user=playing.admin, what=what)
    watch = crash(playing, [sys.executable, "-c", script])
    found = {channel for channel, secret in watch.leaks if secret == NEW}
    assert set(channels) <= found, watch.output


def test_the_watch_finds_what_a_playbook_shows(playing: Playing) -> None:
    tasks = [{"ansible.builtin.debug": {"msg": "{{ metamapper_login_password }}"}}]
    (playing.directory / "play.yml").write_text(json.dumps([{"hosts": "db", "gather_facts": False, "tasks": tasks}]))
    watch = playing.plays("play.yml", playing.variables())
    assert {("output", ADMIN), ("left file", ADMIN)} <= watch.leaks  # the left file is Ansible's own log


def test_the_watch_finds_a_stored_verifier(playing: Playing) -> None:
    watch = Watch(SECRETS, playing.directory, playing.site.server)
    rows = playing.site.run("SELECT rolpassword FROM pg_authid WHERE rolname = %s".replace("%s", f"'{playing.admin}'"))
    watch.look("output", str(rows).encode())
    assert watch.leaks == {("output", "verifier")}
