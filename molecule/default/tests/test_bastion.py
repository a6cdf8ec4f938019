# SPDX-License-Identifier: GPL-3.0-or-later
"""The bastion forwards Metamapper's connections to the database, and permits nothing else."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import psycopg2
import pytest


@pytest.fixture(scope="module")
def refusals(as_metamapper: Any, made: dict[str, Any]) -> dict[str, str]:
    """Return why each forbidden attempt of the account was refused; empty if it succeeded."""
    targets = [["127.0.0.1", 22], ["localhost", 22], ["WAREHOUSE.internal", 5432], ["warehouse.internal", 5433]]
    targets += [["database", 5432], [made["containers"]["bastion"]["address"], 22], ["169.254.169.254", 80]]
    return as_metamapper("bastion", other_targets=targets)["refusals"]


@pytest.mark.parametrize("attempt", ["exec", "shell", "pty", "x11", "agent", "environment", "sftp"])
def test_metamapper_gets_no_session(refusals: dict[str, str], attempt: str) -> None:
    """Everything that needs a session is refused before the session begins."""
    assert refusals[attempt].startswith("ChannelException")


def test_metamapper_cannot_listen_on_the_bastion(refusals: dict[str, str]) -> None:
    """No port of the bastion is forwarded back to Metamapper."""
    assert "denied" in refusals["remote forward"]


def test_metamapper_reaches_no_other_target(refusals: dict[str, str]) -> None:
    """Metamapper reaches neither the bastion itself, nor another port, nor the same server under another name."""
    others = {name: why for name, why in refusals.items() if ":" in name}
    assert len(others) == 7
    assert set(others.values()) == {"ChannelException: ChannelException(1, 'Administratively prohibited')"}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["metamapper@127.0.0.1", "id"], id="command"),
        pytest.param(["-tt", "metamapper@127.0.0.1"], id="terminal"),
        pytest.param(["-A", "-X", "metamapper@127.0.0.1", "true"], id="agent and X11"),
        pytest.param(["-s", "metamapper@127.0.0.1", "sftp"], id="subsystem"),
        pytest.param(["-N", "-w", "any:any", "metamapper@127.0.0.1"], id="tun device"),
        pytest.param(["-N", "-R", "0:127.0.0.1:22", "metamapper@127.0.0.1"], id="remote forward"),
        pytest.param(["-N", "-R", "/tmp/we'ird.sock:127.0.0.1:22", "metamapper@127.0.0.1"], id="remote Unix socket"),
        pytest.param(["-W", "127.0.0.1:22", "metamapper@127.0.0.1"], id="other target"),
    ],
)
def test_openssh_is_refused_too(ssh: Any, arguments: list[str]) -> None:
    """Requests that Metamapper's libraries cannot make are refused as well."""
    result = ssh("bastion", *arguments)
    assert result.returncode != 0
    assert result.stdout == ""


def test_the_database_refuses_everybody_else(made: dict[str, Any]) -> None:
    """The database publishes no port, and on its private address it accepts nobody but the bastion."""
    command = [made["engine"], "inspect", f"{made['name']}-database"]
    inspected = json.loads(subprocess.run(command, text=True, capture_output=True, check=True).stdout)[0]
    networks = inspected["NetworkSettings"]["Networks"]
    assert not any(inspected["NetworkSettings"].get("Ports", {}).values())
    assert list(networks) == [f"{made['name']}-private"]
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(host=networks[f"{made['name']}-private"]["IPAddress"], user="postgres", connect_timeout=5)


@pytest.fixture(scope="module")
def effective(bastions: dict[str, Any]) -> dict[str, list[str]]:
    """Return the lines of sshd's effective configuration for the account and for another user."""
    command = "/usr/sbin/sshd -T -C user={},host=h,addr=203.0.113.5,laddr=127.0.0.1,lport=22"
    users = ("metamapper", "root")
    return {user: bastions["bastion"].check_output(command.format(user)).splitlines() for user in users}


@pytest.mark.parametrize(
    "line",
    [
        "allowtcpforwarding local",
        "permitopen warehouse.internal:5432",
        "permitlisten none",
        "allowstreamlocalforwarding no",
        "allowagentforwarding no",
        "x11forwarding no",
        "permittunnel no",
        "permittty no",
        "forcecommand /usr/sbin/nologin",
        "maxsessions 0",
        "authenticationmethods publickey",
        "passwordauthentication no",
    ],
)
def test_sshd_says_so(effective: dict[str, list[str]], line: str) -> None:
    """The effective configuration for the account has each setting of the Match block."""
    assert line in effective["metamapper"]


def test_others_are_not_concerned(effective: dict[str, list[str]]) -> None:
    """For every other user the effective configuration is unchanged."""
    assert {"maxsessions 10", "permitopen any", "permittty yes", "allowtcpforwarding yes"} <= set(effective["root"])


def test_the_account_is_an_empty_shell(bastions: dict[str, Any]) -> None:
    """The account has no shell, no password, no home directory and no supplementary group."""
    bastion = bastions["bastion"]
    account = bastion.user("metamapper")
    assert (account.shell, account.home, account.password) == ("/usr/sbin/nologin", "/nonexistent", "*")
    assert account.groups == ["metamapper"]
    assert not bastion.file("/nonexistent").exists


def test_the_keys_are_out_of_its_reach(bastions: dict[str, Any]) -> None:
    """sshd requires that root owns the file of keys and its directories, and that nobody else can write to them."""
    keys = bastions["bastion"].file("/etc/ssh/metamapper-tunnel.keys")
    assert (keys.user, keys.group, keys.mode) == ("root", "root", 0o644)
    assert keys.content_string.count("ssh-rsa ") == 1
