# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which SQLSTATE a login was refused with: libpq does not hand it out, but its verbose messages spell it.

It stands there in front of the text, in every language. The verbosity can only be set on a connection that is being
made, so that the login has to be an asynchronous one.
https://www.postgresql.org/docs/current/libpq-control.html#LIBPQ-PQSETERRORVERBOSITY
"""

from __future__ import annotations

import contextlib
import ctypes
import re
import select
import time
from typing import Any

from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import CONNECT_TIMEOUT_SECONDS

with contextlib.suppress(ImportError):  # reported by _postgres.session.require_psycopg2
    from psycopg2 import _psycopg, extensions

VERBOSE = 2  # PQERRORS_VERBOSE
SQLSTATE_IN_TEXT = re.compile(r":\s+(?=[A-Z]*[0-9])([0-9A-Z]{5}): ")  # FATAL has five letters, too, but no digit
LOCATION = re.compile(r"\s+\S+ ?:\s+\w+, \w+\.c:\d+")
NOT_AUTHORIZED = "28000"


def spell_out_states(connection: Any) -> bool:
    """Let libpq name the SQLSTATE when the login on this connection is refused; return whether it will."""
    try:
        library = ctypes.CDLL(_psycopg.__file__)  # through it the loader finds the very libpq that psycopg2 uses
        library.PQsetErrorVerbosity.argtypes = [ctypes.c_void_p, ctypes.c_int]
        library.PQsetErrorVerbosity(connection.pgconn_ptr, VERBOSE)
    except (OSError, AttributeError):
        return False
    return True


def spoken_state(message: str) -> str:
    """Return the SQLSTATE in a verbose message; of several tries the one that says most.

    With ssl_mode prefer, libpq tries again without TLS when it is refused with it, and is then often refused for that.
    """
    states = SQLSTATE_IN_TEXT.findall(message)
    telling = [state for state in states if state != NOT_AUTHORIZED]
    return str((telling or states or [""])[0])


def without_state(message: str) -> str:
    """Return a verbose message as people read it: without the SQLSTATE, and the line of source code it came from."""
    return SQLSTATE_IN_TEXT.sub(": ", LOCATION.sub("", message))


def await_login(connection: Any) -> None:
    """Wait until an asynchronous login is made; raises psycopg2.Error or TimeoutError."""
    deadline = time.monotonic() + CONNECT_TIMEOUT_SECONDS
    while True:
        state = connection.poll()
        if state == extensions.POLL_OK:
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {CONNECT_TIMEOUT_SECONDS} seconds")
        readable = [connection] if state == extensions.POLL_READ else []
        writable = [connection] if state == extensions.POLL_WRITE else []
        select.select(readable, writable, [], left)
