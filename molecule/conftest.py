"""What the tests of all scenarios use: the containers, the database, and Metamapper's own client."""

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

from tests.support.postgres import CACHE

SHARED = Path(__file__).resolve().parent / "shared"
DIRECTORY = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
CLIENT = ("sshtunnel==0.4.0", "paramiko==2.10.3", "psycopg2-binary==2.9.13")  # what Metamapper 1.0.0 pins, or the like


@pytest.fixture(scope="session")
def made() -> dict[str, Any]:
    """What create.yml made."""
    return json.loads((DIRECTORY / "made.json").read_text())


@pytest.fixture(scope="session")
def bastions(made: dict[str, Any]) -> dict[str, Any]:
    """The jump hosts by name, as testinfra sees them."""
    engine = made["engine"]
    return {name: testinfra.get_host(f"{engine}://{it['container']}") for name, it in made["containers"].items()}


@pytest.fixture(scope="session")
def variables() -> dict[str, Any]:
    """The variables of the server in the inventory, where they are no templates."""
    return yaml.safe_load((SHARED / "group_vars" / "postgresql.yml").read_text())


@pytest.fixture(scope="session")
def superuser(made: dict[str, Any]) -> Iterator[Any]:
    """A cursor of the superuser in the warehouse, by the Unix socket: not through what is being tested."""
    password = yaml.safe_load((SHARED / "group_vars" / "all.yml").read_text())["molecule_superuser_password"]
    login = {"host": str(DIRECTORY / "socket"), "user": "postgres", "password": password, "dbname": "warehouse"}
    with contextlib.closing(psycopg2.connect(**login)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


@pytest.fixture(scope="session")
def client_python() -> Path:
    """A Python with Metamapper's old client libraries, in an environment that nothing else uses."""
    home = CACHE.parent / "metamapper-client" / "-".join(CLIENT)
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *CLIENT], check=True)
        (home / "ready").touch()
    return python


@pytest.fixture(scope="session")
def as_metamapper(made: dict[str, Any], client_python: Path) -> Any:
    """A function that does, through a bastion, what Metamapper does, and returns what came of it."""

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
    """A function that runs OpenSSH's client as the tunnel account, with options, and returns what came of it."""

    def call(bastion: str, *arguments: str, program: str = "ssh", seconds: int = 20) -> Any:
        options = [f"-oPort={made['containers'][bastion]['port']}", f"-i{DIRECTORY / 'workspace'}", "-F/dev/null"]
        options += [f"-oUserKnownHostsFile={DIRECTORY / 'known_hosts'}", "-oBatchMode=yes", "-oIdentitiesOnly=yes"]
        options += ["-oExitOnForwardFailure=yes"]
        command = [program, *options, *arguments]
        return subprocess.run(
            command, text=True, capture_output=True, check=False, timeout=seconds, stdin=subprocess.DEVNULL
        )

    return call
