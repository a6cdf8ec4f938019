# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Functions of libpq that psycopg2 does not offer, or calls while it holds the GIL; ctypes releases it.

If libpq's functions cannot be found, psycopg2 polls a login, and a statement that has timed out is not cancelled: the
server ends it by its own limit.
https://www.postgresql.org/docs/current/libpq.html
"""

from __future__ import annotations

import ctypes
from typing import Any

VERBOSE = 2  # PQERRORS_VERBOSE
ERROR_BYTES = 256  # what PQcancel recommends

_FUNCTIONS = {
    "PQsetErrorVerbosity": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
    "PQconnectPoll": (ctypes.c_int, [ctypes.c_void_p]),
    "PQerrorMessage": (ctypes.c_char_p, [ctypes.c_void_p]),
    "PQgetCancel": (ctypes.c_void_p, [ctypes.c_void_p]),
    "PQcancel": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]),
    "PQfreeCancel": (None, [ctypes.c_void_p]),
}


def load_libpq(path: str) -> Any | None:
    """Return the libpq that a shared library uses, for example psycopg2's; None if it cannot be found."""
    try:
        library = ctypes.CDLL(path)  # through it the loader finds the libpq that it is linked to
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError):
        return None
    return library


class Cancellation:
    """Asks a server to cancel what a connection runs: over a connection of its own to the same address.

    Made while the connection is idle. Does nothing if there is no libpq.
    https://www.postgresql.org/docs/current/libpq-cancel.html
    """

    def __init__(self, libpq: Any | None, connection_pointer: int) -> None:
        self._libpq = libpq
        self._handle = libpq.PQgetCancel(connection_pointer) if libpq is not None else None

    def __del__(self) -> None:
        if self._handle:
            self._libpq.PQfreeCancel(self._handle)  # type: ignore[union-attr]

    def request(self) -> None:
        """Send the request; takes as long as the network does."""
        if self._handle and self._libpq is not None:
            self._libpq.PQcancel(self._handle, ctypes.create_string_buffer(ERROR_BYTES), ERROR_BYTES)
