# SPDX-License-Identifier: GPL-3.0-or-later
"""A test server starts whatever else happens on the machine."""

from __future__ import annotations

import socket

import pytest

from tools.postgres.server import Server

pytestmark = pytest.mark.majorless


def test_a_port_that_was_taken_meanwhile_is_replaced() -> None:
    server = Server()
    taken = server.port
    with socket.socket() as other:
        other.bind((server.host, taken))
        other.listen()
        with server:
            assert server.port != taken
            assert server.execute("SELECT 1") == [(1,)]
