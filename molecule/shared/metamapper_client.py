# SPDX-License-Identifier: GPL-3.0-or-later
"""Metamapper's way in, with the versions of sshtunnel and paramiko that it pins: it runs in an environment of its own.

Standard input is one JSON object: bastion [host, port], user, key (a file), target [host, port], login (psycopg2's
parameters) and queries; further ssh_targets and other_targets. Standard output is one: the rows of each query through
the tunnel, what SSH servers behind the tunnel say first, and for each thing that the account must not do what came of
trying it, an empty text where it could.
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
    """Return the rows of each query, as the consumer gets them: no sslmode, no host key, one RSA key."""
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
    """Return why an attempt was refused, or an empty text where it was not."""
    try:
        attempt()
    except (paramiko.SSHException, EOFError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def refusals(request: dict[str, Any]) -> dict[str, str]:
    """Return what came of everything that the account must not do."""
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
    """Return the first four characters that each SSH server says through the tunnel."""
    with contextlib.closing(paramiko.Transport(tuple(request["bastion"]))) as transport:
        key = paramiko.RSAKey.from_private_key_file(request["key"])
        transport.connect(username=request["user"], pkey=key)
        said = []
        for host, port in request["ssh_targets"]:
            channel = transport.open_channel("direct-tcpip", (host, port), ("127.0.0.1", 0), timeout=10)
            said.append(channel.recv(4).decode())
        return said


def main() -> None:
    """Answer the request on standard input."""
    request = json.load(sys.stdin)
    answer: dict[str, Any] = {"refusals": refusals(request), "greetings": greetings(request)}
    if "login" in request:
        answer["rows"] = rows_through_tunnel(request)
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
