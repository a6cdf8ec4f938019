# SPDX-License-Identifier: GPL-3.0-or-later
"""Neither a password nor its stored verifier is exposed: not in results, not in logs, not in process lists."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.support.modules.access import PASSWORD, Warehouse
from tests.support.postgres.site import Site
from tools.postgres.server import running
from tools.runners.modules import ROOT, Outcome, run_module, start_module

# What the server stores: scram-sha-256 from 10 on, md5 on 9.6.
STORED = re.compile(r"SCRAM-SHA-256\$\d|md5[0-9a-f]{32}")
PLAIN = "plain-text-that-must-not-be-seen-7h3"


def shown(warehouse: Warehouse, text: str) -> list[str]:
    """Return the secrets that a text contains."""
    stored = warehouse.server.execute(
        "SELECT rolpassword FROM pg_authid WHERE rolname = %s", parameters=[warehouse.user]
    )
    secrets = [warehouse.password, json.dumps(warehouse.password)[1:-1], *(row[0] for row in stored if row[0])]
    return [secret for secret in secrets if secret in text] + STORED.findall(text)


@pytest.mark.parametrize("password", [PASSWORD, PLAIN], ids=["hostile", "plain"])
def test_no_result_shows_it(warehouse: Warehouse, password: str) -> None:
    warehouse.password = password
    steps: list[Callable[[], Outcome]] = [
        lambda: warehouse.access(check=True, diff=True).ok(),
        lambda: warehouse.access(diff=True).ok(),
        lambda: warehouse.access(diff=True).ok(),
        lambda: warehouse.access(diff=True, databases=[warehouse.entry(schemas=["gone"])]),
        lambda: warehouse.access(login_password=password),
    ]
    for step in steps:
        assert shown(warehouse, step().text) == []
    warehouse.run("ALTER ROLE {} PASSWORD 'another'", warehouse.user)
    fixed = warehouse.access(diff=True).ok()
    assert fixed.changed
    assert shown(warehouse, fixed.text) == []


def test_the_log_of_a_server_that_logs_all_statements_does_not_show_it(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    position = len(warehouse.server.logged())
    warehouse.access().ok()
    warehouse.access(users=[{"name": warehouse.user, "password": PLAIN}]).ok()
    log = warehouse.server.logged()[position:]
    assert "GRANT SELECT ON TABLE" in log
    assert PASSWORD not in log
    assert PLAIN not in log
    assert STORED.findall(log) == []


def test_the_log_never_shows_the_password_of_a_user_made_by_a_deputy(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    warehouse.password = PLAIN
    position = len(warehouse.server.logged())
    warehouse.access().ok()
    log = warehouse.server.logged()[position:]
    # A non-superuser cannot keep a statement out of the log. This one is sent alone, as pgaudit's redaction requires.
    assert re.search(r"statement: CREATE ROLE .* PASSWORD '", log)
    assert PLAIN not in log


def processes() -> str:
    """Return the command lines of all processes, with their environments if readable."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                found.append((directory / name).read_bytes().decode(errors="replace"))
            except OSError:
                continue
    return "\n".join(found)


def test_no_process_shows_it_while_the_module_runs(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    warehouse.password = PLAIN
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            text = processes()
            seen.append(text)
            if len(seen) > 1:
                seen.pop(0)
            if PLAIN in text or warehouse.admin.password in text:
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    output, errors = start_module("access", warehouse.options()).communicate(timeout=60)
    done.set()
    watcher.join(10)
    assert "CREATE ROLE" in output
    assert shown(warehouse, output + errors + seen[-1]) == []
    assert warehouse.admin.password not in seen[-1]


def test_ansible_at_its_most_verbose_does_not_show_it(deputy_warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse = deputy_warehouse
    warehouse.password = PLAIN
    playbook: list[dict[str, Any]] = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "vars_files": ["secrets.json"],
            "tasks": [
                {
                    "metamapper.postgresql.access": {
                        **warehouse.options(),
                        "login_password": "{{ admin_password }}",
                        "login_user": "{{ admin }}",
                        "group": "{{ group }}",
                        "users": [{"name": "{{ user }}", "password": "{{ password }}"}],
                        "databases": "{{ databases }}",
                    }
                }
            ],
        }
    ]
    secrets = {
        "admin": warehouse.admin.name,
        "admin_password": warehouse.admin.password,
        "group": warehouse.group,
        "user": warehouse.user,
        "password": PLAIN,
        "databases": [warehouse.entry(schemas=[warehouse.other])],
    }
    (tmp_path / "play.yml").write_text(json.dumps(playbook))
    (tmp_path / "secrets.json").write_text(json.dumps(secrets).replace("{0}", ""))
    run = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-vvv", "--diff", str(tmp_path / "play.yml")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible/collections"), "ANSIBLE_NOCOLOR": "1"},
    )
    assert "module_args" in run.stdout, run.stdout + run.stderr
    assert PLAIN not in run.stdout + run.stderr
    assert warehouse.admin.password not in run.stdout + run.stderr


def test_a_password_that_the_server_refuses_is_an_error_of_its_own(major: str) -> None:
    with running(major, settings=["shared_preload_libraries=passwordcheck"]) as server:
        site = Site(server)
        options = {
            "login_host": server.host,
            "login_port": server.port,
            "login_password": server.password,
            "group": site.group,
            "users": [{"name": site.user, "password": site.user}],
            "databases": [{"name": site.database, "schemas": ["public"]}],
        }
        refused = run_module("access", options)
        assert refused.failed
        assert refused["sqlstate"] == "22023"
        assert "rds.restrict_password_commands" in refused["msg"]
        assert "PASSWORD '********'" in refused["problems"][0]["statement"]
        assert refused["committed"] == [f'the group: "{site.group}"', f'database "{site.database}"']
        assert STORED.findall(refused.text + server.logged()) == []
