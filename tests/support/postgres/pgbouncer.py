# SPDX-License-Identifier: GPL-3.0-or-later
"""PgBouncer in front of a server in transaction pooling: each transaction may get another server session."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator

from tools.postgres.server import NOBODY, Server, free_port
from tools.system_packages import for_another_user, program

CONFIGURATION = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 4
max_client_conn = 100
auth_type = {auth_type}
auth_user = {user}
auth_query = SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1
auth_file = {directory}/users
logfile = {directory}/log
server_reset_query_always = 0
"""


@contextlib.contextmanager
def pgbouncer(server: Server) -> Iterator[int]:
    """Run PgBouncer for the duration of a with block and return its port."""
    port = free_port()
    directory = Path(tempfile.mkdtemp(prefix="mm-pgbouncer-"))
    binary = for_another_user(program("pgbouncer"), directory)
    directory.chmod(0o777)  # PgBouncer refuses to run as root
    as_nobody: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    text = CONFIGURATION.format(
        host=server.host,
        port=server.port,
        listen_port=port,
        auth_type="md5" if server.major == "9.6" else "scram-sha-256",
        user=server.user,
        directory=directory,
    )
    (directory / "ini").write_text(text)
    (directory / "users").write_text(f'"{server.user}" "{server.password}"\n')
    process = subprocess.Popen([str(binary), "-q", str(directory / "ini")], stderr=subprocess.DEVNULL, **as_nobody)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(directory, ignore_errors=True)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("PgBouncer did not begin to listen")
