# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for the tests of all scenarios: the containers, the database, and Metamapper's own client."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import testinfra
import yaml

from tools.postgres.server import CACHE

SHARED = Path(__file__).resolve().parent / "shared"
DIRECTORY = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
# Files in /etc that a comparison ignores: backups and locks of the tools that add and remove users, and files that the
# container engine writes.
OTHERS = ("*-", ".pwd.lock", "resolv.conf", "hosts", "hostname", "mtab")
NOT_COMPARED = " ".join(f"! -name '{name}'" for name in OTHERS)
NOT_DIFFED = " ".join(f"-x '{name}'" for name in OTHERS)
CLIENT = ("sshtunnel==0.4.0", "paramiko==2.10.3", "psycopg2-binary==2.9.13")  # Metamapper 1.0.0 pins these or similar


@pytest.fixture(scope="session")
def made() -> dict[str, Any]:
    """Return what create.yml wrote about the containers that it created."""
    return json.loads((DIRECTORY / "made.json").read_text())


@pytest.fixture(scope="session")
def bastions(made: dict[str, Any]) -> dict[str, Any]:
    """Return testinfra's hosts for the jump hosts, by name."""
    engine = made["engine"]
    return {name: testinfra.get_host(f"{engine}://{it['container']}") for name, it in made["containers"].items()}


@pytest.fixture(scope="session")
def variables() -> dict[str, Any]:
    """Return the inventory variables of the database server that are not templates."""
    return yaml.safe_load((SHARED / "group_vars" / "postgresql.yml").read_text())


@pytest.fixture(scope="session")
def superuser_login() -> dict[str, str]:
    """Return the superuser's login for the warehouse over the Unix socket, independent of the path that is tested."""
    password = yaml.safe_load((SHARED / "group_vars" / "all.yml").read_text())["molecule_superuser_password"]
    return {"host": str(DIRECTORY / "socket"), "user": "postgres", "password": password, "dbname": "warehouse"}


@pytest.fixture(scope="session")
def superuser(superuser_login: dict[str, str]) -> Iterator[Any]:
    """Yield a cursor of the superuser in the warehouse."""
    with contextlib.closing(psycopg2.connect(**superuser_login)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


@pytest.fixture(scope="session")
def client_python() -> Path:
    """Return a Python with Metamapper's old client libraries, in a virtual environment of its own."""
    home = CACHE.parent / "metamapper-client" / "-".join(CLIENT)
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *CLIENT], check=True)
        (home / "ready").touch()
    return python


@pytest.fixture(scope="session")
def as_metamapper(made: dict[str, Any], client_python: Path) -> Any:
    """Return a function that runs Metamapper's client through a bastion and returns its answer."""

    def call(bastion: str, **request: Any) -> dict[str, Any]:
        defaults = {
            "bastion": ["127.0.0.1", made["containers"][bastion]["port"]],
            "user": "metamapper",
            "key": str(DIRECTORY / "workspace"),
            "ssh_targets": [],
            "other_targets": [],
        }
        result = subprocess.run(
            [client_python, "-W", "ignore", SHARED / "metamapper_client.py"],
            input=json.dumps({**defaults, **request}),
            text=True,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return call


@pytest.fixture(scope="session")
def ssh(made: dict[str, Any]) -> Any:
    """Return a function that runs OpenSSH's client as the tunnel account and returns the completed process."""

    def call(bastion: str, *arguments: str, program: str = "ssh", seconds: int = 20) -> Any:
        options = [f"-oPort={made['containers'][bastion]['port']}", f"-i{DIRECTORY / 'workspace'}", "-F/dev/null"]
        options += [f"-oUserKnownHostsFile={DIRECTORY / 'known_hosts'}", "-oBatchMode=yes", "-oIdentitiesOnly=yes"]
        options += ["-oExitOnForwardFailure=yes"]
        command = [program, *options, *arguments]
        return subprocess.run(
            command, text=True, capture_output=True, check=False, timeout=seconds, stdin=subprocess.DEVNULL
        )

    return call


@pytest.fixture(scope="session")
def digest() -> Any:
    """Return a function that returns a digest of a host's /etc: paths, owners, modes and contents."""

    def look(host: Any) -> str:
        command = f"cd /etc && find . {NOT_COMPARED} -printf '%p %u %g %m %y\\n' | sort; "
        command += f"find . -type f {NOT_COMPARED} -exec sha256sum {{}} + | sort"
        return str(host.check_output(command))

    return look


@pytest.fixture(scope="session")
def assert_no_trace() -> Any:
    """Return a function that fails unless a host's /etc is as bastion/prepare.yml recorded it."""

    def compare(host: Any) -> None:
        names = f"find . -type f {NOT_COMPARED} | sort"
        assert host.check_output(f"cd /root/etc.before && {names}") == host.check_output(f"cd /etc && {names}")
        assert host.run(f"diff -r {NOT_DIFFED} /root/etc.before /etc").stdout == ""
        assert host.run("ls /etc/ssh /etc/ssh/sshd_config.d | grep -e '~$' -e metamapper").stdout == ""

    return compare
