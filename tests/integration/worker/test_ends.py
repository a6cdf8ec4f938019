# SPDX-License-Identifier: GPL-3.0-or-later
"""However a task ends that waits for a lock, in the worker process or as a module, nothing is left after a second."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import has_feature
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.transaction import ADVISORY_LOCK_KEY

from tests.support.modules.access import version
from tests.support.patience import eventually, soon
from tests.support.postgres.site import Site
from tests.support.ssh.sshd import Sshd
from tools.postgres.processes import children_of, command_line, is_running
from tools.runners.playbooks import COLLECTIONS

pytestmark = [pytest.mark.playbook, pytest.mark.thorough]

START_SECONDS = 15.0
END_SECONDS = 20.0
TASK_TIMEOUT_SECONDS = 4


@dataclass
class Waiting:
    """An ansible-playbook whose task waits for the advisory lock, with its descendants and its sessions."""

    site: Site
    name: str
    playbook: subprocess.Popen[str]

    @property
    def sessions(self) -> list[int]:
        """The process ids of the server processes for the task's sessions."""
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
        return [pid for (pid,) in self.site.server.execute(query, parameters=[self.name])]

    @property
    def has_lock_to_wait_for(self) -> bool:
        """Whether the task waits for a lock."""
        query = "SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'"
        return bool(self.site.server.execute(query, parameters=[self.name]))

    @property
    def descendants(self) -> list[int]:
        """All processes that the playbook has started."""
        return children_of(self.playbook.pid)


def workers_of(waiting: Waiting) -> list[int]:
    """Return the worker processes, which have the name of their parent."""
    return [process for process in waiting.descendants if "ansible-playbook" in command_line(process)]


def kill_worker(waiting: Waiting) -> None:
    """Kill the worker process."""
    for process in workers_of(waiting):
        os.kill(process, signal.SIGKILL)


def kill_module(waiting: Waiting) -> None:
    """Kill the module, a process of its own."""
    for process in waiting.descendants:
        if "AnsiballZ_access.py" in command_line(process) and "sh -c" not in command_line(process):
            os.kill(process, signal.SIGKILL)


def press_ctrl_c(waiting: Waiting) -> None:
    """Send SIGINT to the worker, as Ansible does, and to the foreground process group, as a terminal does.

    From 2.19 on a worker has its own session, and Ansible sometimes waits some seconds before it passes SIGINT on. A
    second SIGINT would end the worker before it passes the first one on to its module: so the worker comes first.
    """
    workers = [process for process in workers_of(waiting) if os.getpgid(process) != waiting.playbook.pid]
    for process in workers:
        os.kill(process, signal.SIGINT)
    eventually(lambda: not any(map(is_running, workers)), soon())
    with contextlib.suppress(ProcessLookupError):
        os.killpg(waiting.playbook.pid, signal.SIGINT)


def await_task_timeout(waiting: Waiting) -> None:
    """Wait until Ansible's time limit for the task is over."""
    waiting.playbook.wait(START_SECONDS)


ENDS: Mapping[str, tuple[bool, Callable[[Waiting], None]]] = {
    "worker-SIGKILL": (True, kill_worker),
    "worker-Ctrl-C": (True, press_ctrl_c),
    "worker-task_timeout": (True, await_task_timeout),
    "module-SIGKILL": (False, kill_module),
    "module-Ctrl-C": (False, press_ctrl_c),
}


@contextlib.contextmanager
def waiting_playbook(site: Site, directory: Path, way: Mapping[str, Any], *, in_worker: bool) -> Iterator[Waiting]:
    """Run a playbook whose task waits for a lock, for the length of a with block."""
    name = f"ends {site.suffix}"
    options = {
        "login_host": site.server.host,
        "login_port": site.server.port,
        "login_password": site.server.password,
        "login_db": site.database,
        "group": site.group,
        "users": [{"name": site.user, "password": site.password}],
        "databases": [{"name": site.database, "schemas": ["sales"]}],
        **way,
    }
    task = {"name": "wait", "metamapper.postgresql.access": options, "vars": {"metamapper_in_worker": in_worker}}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [{**task, "timeout": TASK_TIMEOUT_SECONDS if in_worker else 0}],
    }
    (directory / "play.yml").write_text(json.dumps([play]))
    (directory / "ansible.cfg").touch()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PG", "PYTHONPATH"))}
    environment = {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_HOME": str(directory / ".ansible"),
        "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
        "PGAPPNAME": name,
    }
    with (directory / "output").open("w") as output:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "play.yml"],
            cwd=directory, env=environment, text=True, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
        try:
            yield Waiting(site, name, process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def left(processes: list[int]) -> list[str]:
    """Return the command lines of those processes that still run."""
    return [command_line(process) for process in processes if is_running(process)]


@pytest.fixture(params=["direct", "bastion"])
def way(request: pytest.FixtureRequest, ssh_config: Path) -> Mapping[str, Any]:
    """Options that connect to the server, directly or through a bastion."""
    if request.param == "direct":
        return {}
    sshd: Sshd = request.getfixturevalue("sshd")
    return {"bastion": sshd.bastion_options()}


@pytest.mark.parametrize("name", ENDS)
def test_nothing_is_left_within_a_second(site: Site, tmp_path: Path, way: Mapping[str, Any], name: str) -> None:
    in_worker, end = ENDS[name]
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.t(id int)")
    with contextlib.closing(site.server.connect(site.database)) as holder, holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK_KEY])
        with waiting_playbook(site, tmp_path, way, in_worker=in_worker) as waiting:
            assert eventually(lambda: waiting.has_lock_to_wait_for, START_SECONDS), (tmp_path / "output").read_text()
            started = waiting.descendants
            assert any("-L" in command_line(process).split() for process in started) == bool(way)
            end(waiting)
            assert eventually(lambda: not any(map(is_running, started)), soon()), left(started)
            # Before 14, the statement of a killed client keeps waiting for the lock until lock_timeout.
            if name == "worker-task_timeout" or has_feature(version(site.server), "client_connection_check"):
                assert eventually(lambda: not waiting.sessions, soon())
            waiting.playbook.wait(END_SECONDS)
    assert list(tmp_path.rglob("AnsiballZ_*")) == []
