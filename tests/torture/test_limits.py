# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections, disk, writable directories or sshd's MaxStartups run out: the error is clear, or the module waits."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.support.modules.access import Warehouse
from tests.support.modules.visibility import found, look
from tests.support.mounts import filled, mounted
from tests.support.postgres.site import Site
from tests.support.ssh.sshd import Sshd
from tests.torture.conftest import Ledger, Size
from tools.postgres.server import NOBODY, Server, running
from tools.runners.modules import ROOT, Outcome
from tools.runners.playbooks import COLLECTIONS, run_on_hosts

SLOTS = 6
RESERVED = 3  # for superusers: PostgreSQL's default
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system needs root")


@contextlib.contextmanager
def held(server: Server, count: int, **parameters: str) -> Iterator[None]:
    """Hold so many connections, and no others."""
    server.close_sessions()
    with contextlib.ExitStack() as stack:
        for _number in range(count):
            stack.enter_context(contextlib.closing(server.connect(**parameters)))
        yield


@pytest.fixture
def narrow(major: str) -> Iterator[Site]:
    """A site on a server with few connections."""
    settings = ["autovacuum=off", f"max_connections={SLOTS}", f"superuser_reserved_connections={RESERVED}"]
    with running(major, settings=settings) as server:
        yield Site(server)


def refused(outcome: Outcome) -> str:
    """Return the error message of a run that failed."""
    assert outcome.failed
    (problem,) = outcome["problems"]
    assert problem["message"] == outcome["msg"]
    return str(problem["message"])


def test_no_slot_is_left_on_the_server(narrow: Site) -> None:
    warehouse = Warehouse(narrow, is_superuser=True)
    assert narrow.database
    with held(narrow.server, SLOTS):
        said = refused(warehouse.access())
        assert "too many clients already" in said
        assert "Cannot connect to database" in said
    warehouse.access().ok()
    assert warehouse.readable(warehouse.schema) == warehouse.relations
    reader = {"name": warehouse.database, "user": warehouse.user, "password": warehouse.password}
    with held(narrow.server, SLOTS):
        (finding,) = found(look(narrow, "*", group=warehouse.group, **reader), "connection")
        assert "SQLSTATE 53300" in finding["reason"]
        assert "max_connections" in finding["remedy"]


def test_only_the_slots_of_superusers_are_left(narrow: Site) -> None:
    """A login as the user then proves nothing about the password, which is not set again."""
    warehouse = Warehouse(narrow, is_superuser=True)
    with held(narrow.server, SLOTS - RESERVED):
        made = warehouse.access().ok()
        again = warehouse.access().ok()
    assert made.changed
    assert (again.changed, again["users"][0]["password"]) == (False, "proven")
    assert "connection slots" in again["users"][0]["reason"]


def test_the_administrators_own_limit_is_reached(narrow: Site) -> None:
    warehouse = Warehouse(narrow, is_superuser=False)
    narrow.run("ALTER ROLE {} CONNECTION LIMIT 1", warehouse.admin.name)
    with held(narrow.server, 1, user=warehouse.admin.name, password=warehouse.admin.password):
        assert "too many connections for role" in refused(warehouse.access())
    warehouse.access().ok()
    assert not warehouse.access().ok().changed


def fragments(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    """Return the relations on which the group has any privilege."""
    query = (
        "SELECT c.relname FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE r.rolname = %s"
    )
    return warehouse.server.execute(query, database=warehouse.database, parameters=[warehouse.group])


@NEEDS_ROOT
def test_the_disk_of_the_server_is_full(major: str, ledger: Ledger) -> None:
    server = Server(major, settings=["autovacuum=off"])
    with mounted(server.data, "size=192m", "mode=0700", f"uid={NOBODY}", f"gid={NOBODY}"), server:
        warehouse = Warehouse(Site(server), is_superuser=True)
        for number in range(400):
            warehouse.run(f"CREATE TABLE {{}}.t{number}()", warehouse.schema)
        with filled(server.data):
            outcome = warehouse.access()
            ledger[outcome["sqlstate"] or "no SQLSTATE"] += 1
            assert outcome.failed
            assert "No space left on device" in outcome["msg"]
            assert outcome["sqlstate"] == "53100"
        assert not fragments(warehouse)
        warehouse.access().ok()
        assert not warehouse.access().ok().changed
    server.destroy()  # its directory could not be removed while a file system was mounted in it


@NEEDS_ROOT
def test_the_reports_cannot_be_written(site: Site, tmp_path: Path) -> None:
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.t(id int)")
    with mounted(tmp_path / "read-only", "ro") as directory:
        variables = site.variables("sales", metamapper_report_directory=str(directory / "reports"))
        user = tmp_path / "user"
        user.mkdir()
        play = run_on_hosts(user, "metamapper.postgresql.grant_metamapper", {"db": variables})
    assert play.failed
    assert "Read-only file system" in play.output
    assert str(directory / "reports") in play.output
    assert "Traceback" not in play.output
    with site.login() as connection, connection.cursor() as cursor:  # what was granted before the failure stays granted
        cursor.execute("SELECT * FROM sales.t")


# No temporary file can be written: neither to the usual directories nor to the current one.
READ_ONLY = """
for directory in /tmp /var/tmp /usr/tmp /dev/shm; do
    test -d $directory && mount --bind $directory $directory && mount -o remount,bind,ro $directory
done
cd /proc
exec "$@"
"""


@NEEDS_ROOT
@pytest.mark.parametrize("module", ["access", "visibility"])
def test_nowhere_to_write_on_the_controller(site: Site, sshd: Sshd, module: str) -> None:
    warehouse = Warehouse(site, is_superuser=True)
    warehouse.access().ok()
    options: dict[str, Any] = {**warehouse.options(), "bastion": sshd.bastion_options()}
    if module == "visibility":
        options["user"], options["password"] = warehouse.user, warehouse.password
        options["fail_on"] = []
        for name in ("login_user", "login_password", "users"):
            del options[name]
    command = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", sys.executable, "-m", "tools.runners.modules", module]
    path = os.pathsep.join([str(ROOT), str(COLLECTIONS)])
    environment = {**{k: v for k, v in os.environ.items() if k != "TMPDIR"}, "PYTHONPATH": path}
    ran = subprocess.run(
        command, input=json.dumps(options), env=environment, text=True, capture_output=True, check=False
    )
    assert ran.stderr == ""
    assert "failed" not in json.loads(ran.stdout), ran.stdout


def test_a_fleet_behind_one_bastion(site: Site, tmp_path: Path, size: Size, ledger: Ledger) -> None:
    """OpenSSH drops connections at random while many are being made: MaxStartups."""
    warehouse = Warehouse(site, is_superuser=True)
    warehouse.access().ok()
    hosts = {f"db{number}": {"ansible_python_interpreter": sys.executable} for number in range(size.hosts)}
    with Sshd({"MaxStartups": "2:70:20"}) as sshd:
        task = {"metamapper.postgresql.access": {**warehouse.options(), "bastion": sshd.bastion_options()}}
        play = {"hosts": "postgresql", "gather_facts": False, "connection": "local", "tasks": [task]}
        (tmp_path / "play.yml").write_text(json.dumps([play]))
        ran = run_on_hosts(tmp_path, "play.yml", hosts, "--forks", str(min(size.hosts, 100)))
        dropped = sshd.logged().count("past MaxStartups") + sshd.logged().count("drop connection")
    recaps = [ran.recap(host) for host in hosts]
    ledger["hosts"] = len(recaps)
    ledger["hosts that failed"] = sum(recap["failed"] + recap["unreachable"] for recap in recaps)
    ledger["connections that the bastion dropped"] = dropped
    assert ledger["hosts that failed"] == 0, ran.output[-4000:]
    assert dropped > 0
    assert not warehouse.access().ok().changed
