# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a process of a group listens on a port, according to the kernel."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Iterator

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.listening_socket import is_knowable, listens

SERVE = """
import socket
server = socket.create_server((%r, 0), family=socket.%s)
print(server.getsockname()[1], flush=True)
input()
"""


@pytest.fixture(params=[("127.0.0.1", "AF_INET"), ("::1", "AF_INET6")], ids=["IPv4", "IPv6"])
def other(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """Yield the process group of a process that listens on a port, and the port."""
    if request.param[1] == "AF_INET6" and not os.path.exists("/proc/net/if_inet6"):
        pytest.fail("this machine has no IPv6, which the tests need")
    command = [sys.executable, "-c", SERVE % request.param]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    yield process.pid, int(process.stdout.readline())
    process.communicate("\n")


def test_linux_tells() -> None:
    assert is_knowable()


def test_the_process_that_listens(other: tuple[int, int]) -> None:
    assert listens(*other)


def test_another_process_does_not(other: tuple[int, int]) -> None:
    assert not listens(os.getpgid(0), other[1])


def test_nobody_listens(other: tuple[int, int]) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert not listens(os.getpgid(0), bound.getsockname()[1])


def test_a_group_that_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not listens(2**22 + 1, server.getsockname()[1])
