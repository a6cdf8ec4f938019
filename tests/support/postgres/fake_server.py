# SPDX-License-Identifier: GPL-3.0-or-later
"""Implements just enough of PostgreSQL's protocol to answer a login in ways that a real server cannot be made to.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from typing import Callable, Iterator

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
CLEAR_TEXT_PASSWORD = struct.pack(">I", 3)
SASL, SASL_CONTINUE = struct.pack(">I", 10), struct.pack(">I", 11)
NONCE = re.compile(rb"r=([!-+\--~]+)")

Answer = Callable[["Client"], None]


class Client:
    """A client's connection to the fake server; ``received`` is everything that it sent after the startup message."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.received = b""

    def start(self) -> None:
        """Read the startup message, after refusing encryption."""
        while True:
            (length,) = struct.unpack(">I", self._exactly(4))
            body = self._exactly(length - 4)
            if struct.unpack(">I", body[:4])[0] not in (SSL_REQUEST, GSS_REQUEST):
                return
            self._connection.sendall(b"N")

    def send(self, kind: bytes, body: bytes) -> None:
        """Send a message."""
        self._connection.sendall(kind + struct.pack(">I", len(body) + 4) + body)

    def refuse(self, sqlstate: str, text: bytes) -> None:
        """Send a FATAL error; its text may be in any encoding."""
        fields = {b"S": b"FATAL", b"V": b"FATAL", b"C": sqlstate.encode(), b"M": text}
        self.send(b"E", b"".join(key + value + b"\0" for key, value in fields.items()) + b"\0")

    def read(self) -> bytes:
        """Return what the client sends next; empty if it closes the connection."""
        part = self._connection.recv(65536)
        self.received += part
        return part

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._connection.recv(size - len(data))
            if not part:
                raise ConnectionError("the client hung up")
            data += part
        return data


class FakeServer:
    """Answers each login on ``port`` of 127.0.0.1; ``clients`` are those that connected."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.clients: list[Client] = []

    def serve(self) -> None:
        """Answer logins until the socket is closed."""
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_one, args=[connection], daemon=True).start()

    def close(self) -> None:
        """Stop the server."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve_one(self, connection: socket.socket) -> None:
        client = Client(connection)
        with connection, contextlib.suppress(OSError):
            client.start()
            self.clients.append(client)
            self._answer(client)


@contextlib.contextmanager
def fake_server(answer: Answer) -> Iterator[FakeServer]:
    """Run a fake server for the duration of a with block."""
    server = FakeServer(answer)
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        yield server
    finally:
        server.close()


def refuses(sqlstate: str, text: bytes) -> Answer:
    """Return an answer that refuses the login with an error."""
    return lambda client: client.refuse(sqlstate, text)


def demands_iterations(count: int) -> Answer:
    """Return an answer that demands scram-sha-256, with ``count`` iterations to be computed by the client.

    https://www.rfc-editor.org/rfc/rfc5802#section-5.1
    """

    def answer(client: Client) -> None:
        client.send(b"R", SASL + b"SCRAM-SHA-256\0\0")
        nonce = NONCE.search(client.read())
        if nonce is not None:
            client.send(b"R", SASL_CONTINUE + b"r=%s+more,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=%d" % (nonce[1], count))
        client.read()

    return answer
