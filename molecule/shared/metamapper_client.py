# SPDX-License-Identifier: GPL-3.0-or-later
"""Connects as Metamapper does, with the sshtunnel and paramiko that it pins; runs in a virtual environment of its own.

Standard input is a JSON object: bastion [host, port], user, key (a file), target [host, port], login (psycopg2's
parameters) and queries, ssh_targets and other_targets. Standard output is a JSON object: the rows of each query through
the tunnel, the greetings of SSH servers behind the tunnel, and for each thing that the account must not do why it was
refused, or an empty string if it succeeded.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any, Callable

import paramiko
import psycopg2
import sshtunnel


def rows_through_tunnel(request: dict[str, Any]) -> list[list[Any]]:
    """Return the rows of each query, connecting as Metamapper does: no sslmode, no host key check, one RSA key."""
    forwarder = sshtunnel.SSHTunnelForwarder(
        tuple(request["bastion"]),
        ssh_username=request["user"],
        ssh_pkey=paramiko.RSAKey.from_private_key_file(request["key"]),
        remote_bind_address=tuple(request["target"]),
    )
    with forwarder as tunnel:
        login = {**request["login"], "host": "127.0.0.1", "port": tunnel.local_bind_port, "connect_timeout": 5}
        with contextlib.closing(psycopg2.connect(**login)) as connection, connection.cursor() as cursor:
            answers = []
            for query in request["queries"]:
                cursor.execute(query)
                answers.append([list(row) for row in cursor.fetchall()])
            return answers


def outcome(attempt: Callable[[], Any]) -> str:
    """Return why an attempt was refused; empty if it succeeded."""
    try:
        attempt()
    except (paramiko.SSHException, EOFError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def refusals(request: dict[str, Any]) -> dict[str, str]:
    """Return the outcome of each thing that the account must not do."""
    with contextlib.closing(paramiko.Transport(tuple(request["bastion"]))) as transport:
        key = paramiko.RSAKey.from_private_key_file(request["key"])
        transport.connect(username=request["user"], pkey=key)

        def session() -> Any:
            return transport.open_session(timeout=10)

        attempts: dict[str, Callable[[], Any]] = {
            "exec": lambda: session().exec_command("id"),
            "shell": lambda: session().invoke_shell(),
            "pty": lambda: session().get_pty(),
            "x11": lambda: session().request_x11(),
            "agent": lambda: session().request_forward_agent(lambda channel: None),
            "environment": lambda: session().set_environment_variable("LANG", "C"),
            "sftp": lambda: paramiko.SFTPClient.from_transport(transport),
            "remote forward": lambda: transport.request_port_forward("", 0),
        }
        for host, port in request["other_targets"]:
            attempts[f"{host}:{port}"] = lambda target=(host, port): transport.open_channel(
                "direct-tcpip", target, ("127.0.0.1", 0), timeout=10
            )
        return {name: outcome(attempt) for name, attempt in attempts.items()}


def greetings(request: dict[str, Any]) -> list[str]:
    """Return the first four characters that each SSH server sends through the tunnel."""
    with contextlib.closing(paramiko.Transport(tuple(request["bastion"]))) as transport:
        key = paramiko.RSAKey.from_private_key_file(request["key"])
        transport.connect(username=request["user"], pkey=key)
        said = []
        for host, port in request["ssh_targets"]:
            channel = transport.open_channel("direct-tcpip", (host, port), ("127.0.0.1", 0), timeout=10)
            said.append(channel.recv(4).decode())
        return said


def main() -> None:
    """Process the request on standard input and print the answer."""
    request = json.load(sys.stdin)
    answer: dict[str, Any] = {"refusals": refusals(request), "greetings": greetings(request)}
    if "login" in request:
        answer["rows"] = rows_through_tunnel(request)
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
