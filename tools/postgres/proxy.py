# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP proxy on loopback that delays traffic, counts the round trips of each connection, and can become a black
hole."""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
import threading
import time
import weakref
from dataclasses import dataclass
from functools import partial
from typing import Callable, Iterator

READY = b"Z\x00\x00\x00\x05"  # ReadyForQuery: the first one ends the login
COMMIT = b"COMMIT\0"  # the end of a message that contains nothing else
TERMINATE = b"X\x00\x00\x00\x04"
CHUNK = 1 << 16

SO_ATTACH_FILTER = 26
# A program for the kernel's packet filter with one instruction: return 0, which keeps nothing of a packet.
# https://www.kernel.org/doc/html/latest/networking/filter.html
DROP_EVERYTHING = struct.pack("HBBI", 0x06, 0, 0, 0)


def deafen(connection: socket.socket) -> None:
    """Drop everything that arrives on a socket before TCP sees it, so that nothing is acknowledged."""
    program = ctypes.create_string_buffer(DROP_EVERYTHING)
    filtering = struct.pack("HL", 1, ctypes.addressof(program))
    connection.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filtering)


@dataclass
class Conversation:
    """One connection; ``round_trips`` is how often the client sent something and waited, since its login."""

    round_trips: int = 0
    is_logged_in: bool = False
    is_clients_turn: bool = True
    writes: bool = False
    is_cut: bool = False

    def client_spoke(self, chunk: bytes) -> None:
        """Count a round trip if this is the first chunk after an answer; Terminate expects none."""
        if self.is_logged_in and self.is_clients_turn and chunk != TERMINATE:
            self.round_trips += 1
        self.is_clients_turn = False

    def server_spoke(self, chunk: bytes) -> None:
        """Record an answer: the client's next chunk starts a new round trip."""
        self.is_logged_in = self.is_logged_in or READY in chunk
        self.is_clients_turn = True


class Proxy:
    """Listens on ``port`` and forwards everything with a delay of ``delay_seconds`` in each direction."""

    def __init__(self, host: str, port: int, *, delay_seconds: float) -> None:
        self._target = (host, port)
        self._delay = delay_seconds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.conversations: list[Conversation] = []
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()  # weak, so that unused sockets are closed
        self._is_black_hole = threading.Event()
        self._commits_left = -1
        self._is_commit_delivered = False

    @property
    def round_trips(self) -> list[int]:
        """The round trips after the login of each connection, in the order of the connections."""
        return [one.round_trips for one in self.conversations if one.is_logged_in]

    def serve(self) -> None:
        """Accept connections until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                try:
                    server = socket.create_connection(self._target)
                except ConnectionRefusedError:
                    client.close()
                    continue
                self._sockets.update((client, server))
                conversation = Conversation()
                self.conversations.append(conversation)
                self._start(client, server, partial(self._client_spoke, conversation))
                self._start(server, client, partial(self._server_spoke, conversation))

    def cut_commit(self, number: int, *, is_delivered: bool) -> None:
        """Cut the connection at the COMMIT of the writing transaction of this number, counted from now (0: the next).

        It is cut before the COMMIT reaches the server, or with ``is_delivered`` before its answer reaches the client.
        """
        self._commits_left, self._is_commit_delivered = number, is_delivered

    def _client_spoke(self, conversation: Conversation, chunk: bytes) -> bool:
        """Record a chunk from the client; return whether to forward it to the server."""
        conversation.client_spoke(chunk)
        conversation.writes = conversation.writes or b"READ WRITE" in chunk
        if not (conversation.writes and chunk.endswith(COMMIT)):
            return True
        conversation.writes = False
        conversation.is_cut = self._commits_left == 0
        self._commits_left -= 1
        return self._is_commit_delivered or not conversation.is_cut

    @staticmethod
    def _server_spoke(conversation: Conversation, chunk: bytes) -> bool:
        """Record a chunk from the server; return whether to forward it to the client."""
        conversation.server_spoke(chunk)
        return not conversation.is_cut

    def _start(self, source: socket.socket, target: socket.socket, note: Callable[[bytes], bool]) -> None:
        threading.Thread(target=self._pass_on, args=(source, target, note), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, note: Callable[[bytes], bool]) -> None:
        with contextlib.suppress(OSError):
            while True:
                chunk = source.recv(CHUNK)
                if not chunk or not note(chunk):
                    break
                time.sleep(self._delay)
                if self._is_black_hole.is_set():
                    return
                target.sendall(chunk)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def swallow(self) -> None:
        """Behave like a network that drops every packet: no answer, no end of a connection, and no new connection."""
        self._is_black_hole.set()
        for connection in (self._listener, *list(self._sockets)):
            with contextlib.suppress(OSError):  # it may be closed already
                deafen(connection)

    def fall_silent(self) -> None:
        """Forward nothing more, but acknowledge everything, like a server that hangs behind a working network."""
        self._is_black_hole.set()

    def close(self) -> None:
        """Stop listening, and end all connections."""
        for connection in (self._listener, *list(self._sockets)):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextlib.contextmanager
def proxy(host: str, port: int, *, delay_seconds: float = 0.0) -> Iterator[Proxy]:
    """Run a proxy for the duration of a with block."""
    running = Proxy(host, port, delay_seconds=delay_seconds)
    thread = threading.Thread(target=running.serve, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.close()
        thread.join(5)
