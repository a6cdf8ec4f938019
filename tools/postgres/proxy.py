# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP proxy on loopback that holds what passes back for a while, counts the turns of each connection, and can become
a black hole."""

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
COMMIT = b"COMMIT\0"  # alone in its message, and the end of it
TERMINATE = b"X\x00\x00\x00\x04"
CHUNK = 1 << 16

SO_ATTACH_FILTER = 26
# One instruction of the kernel's packet filter: return 0, so keep nothing.
# https://www.kernel.org/doc/html/latest/networking/filter.html
DROP_EVERYTHING = struct.pack("HBBI", 0x06, 0, 0, 0)


def deafen(connection: socket.socket) -> None:
    """Drop whatever arrives on a socket before TCP sees it, and so acknowledge nothing any more."""
    program = ctypes.create_string_buffer(DROP_EVERYTHING)
    filtering = struct.pack("HL", 1, ctypes.addressof(program))
    connection.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filtering)


@dataclass
class Conversation:
    """One connection: how often the client spoke, and waited for an answer, since it was logged in."""

    round_trips: int = 0
    is_logged_in: bool = False
    is_clients_turn: bool = True
    writes: bool = False
    is_cut: bool = False

    def client_spoke(self, chunk: bytes) -> None:
        """Count the first words after an answer; a farewell expects none."""
        if self.is_logged_in and self.is_clients_turn and chunk != TERMINATE:
            self.round_trips += 1
        self.is_clients_turn = False

    def server_spoke(self, chunk: bytes) -> None:
        """Note that it is the client's turn."""
        self.is_logged_in = self.is_logged_in or READY in chunk
        self.is_clients_turn = True


class Proxy:
    """Listens on ``port`` and passes everything on, each way ``delay_seconds`` late."""

    def __init__(self, host: str, port: int, *, delay_seconds: float) -> None:
        self._target = (host, port)
        self._delay = delay_seconds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.conversations: list[Conversation] = []
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()  # an end that is used no more closes
        self._is_black_hole = threading.Event()
        self._commits_left = -1
        self._is_commit_delivered = False

    @property
    def round_trips(self) -> list[int]:
        """The round trips after login of each connection, in the order of the logins."""
        return [one.round_trips for one in self.conversations if one.is_logged_in]

    def serve(self) -> None:
        """Take connections until the listener is closed."""
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
        """End a connection at its COMMIT, of the transactions that write the one of this number from now on (0: the
        next): before the server hears it, or before the client hears the answer."""
        self._commits_left, self._is_commit_delivered = number, is_delivered

    def _client_spoke(self, conversation: Conversation, chunk: bytes) -> bool:
        """Note what a client says; return whether the server hears it."""
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
        """Note what the server says; return whether the client hears it."""
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
        """Become a black hole, as a network that drops every packet: no answer, no end, and nobody connects."""
        self._is_black_hole.set()
        for connection in (self._listener, *list(self._sockets)):
            with contextlib.suppress(OSError):  # it is closed already
                deafen(connection)

    def fall_silent(self) -> None:
        """Pass nothing on any more, and yet acknowledge all: the network is well, and whoever is behind it hangs."""
        self._is_black_hole.set()

    def close(self) -> None:
        """Stop listening, and end what is left."""
        for connection in (self._listener, *list(self._sockets)):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextlib.contextmanager
def proxy(host: str, port: int, *, delay_seconds: float = 0.0) -> Iterator[Proxy]:
    """Run a proxy for the length of a with block."""
    running = Proxy(host, port, delay_seconds=delay_seconds)
    thread = threading.Thread(target=running.serve, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.close()
        thread.join(5)
