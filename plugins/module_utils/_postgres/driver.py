# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The only module that uses psycopg2: its import, its connections, and its errors as ServerError."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import traceback
from dataclasses import dataclass
from functools import lru_cache, partial
from threading import Thread
from typing import TYPE_CHECKING, Any, Callable, Mapping, Tuple, Union

from .._core.byte_text import from_bytes, to_bytes
from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .._core.sql_statement import quoted
from .libpq import VERBOSE, Cancellation, load_libpq
from .server_error import ServerError, said_by
from .worker import NotInTime, Worker

PSYCOPG2_IMPORT_ERROR: str | None
try:
    import psycopg2
    import psycopg2.extensions
    from psycopg2 import _psycopg, sql
except ImportError:
    PSYCOPG2_IMPORT_ERROR = traceback.format_exc()
    if not TYPE_CHECKING:
        psycopg2 = sql = _psycopg = None
else:
    PSYCOPG2_IMPORT_ERROR = None

__all__ = ["ServerError", "sql"]

Query = Union[str, "sql.Composable"]
Row = Tuple[Any, ...]

# After a statement has timed out: for the request to cancel it, and for the server to do so.
CANCEL_SECONDS = 1.0
NOT_UTF8 = "22021"  # character_not_in_repertoire: from a server that checks the bytes itself


def require_psycopg2() -> None:
    """Raise Failure if psycopg2 cannot be imported."""
    if PSYCOPG2_IMPORT_ERROR is not None:
        message = "The Python library psycopg2 is not installed for the interpreter that runs this module."
        remedy = (
            "Install psycopg2-binary (or the package python3-psycopg2) for it, or set ansible_python_interpreter to a "
            "Python that has it; with metamapper_connection=local that is the Python of ansible-playbook itself."
        )
        raise Failure([Problem(message, by_hand(remedy))])


def _server_error(error: BaseException, *, is_connection_lost: bool) -> ServerError:
    state = str(getattr(error, "pgcode", None) or "")
    return ServerError(state, said_by(error), is_connection_lost=is_connection_lost)


def libpq_version() -> int:
    """Return the version of libpq as a number, for example 160004."""
    return int(psycopg2.extensions.libpq_version())


@dataclass(frozen=True)
class Result:
    """The rows of a query, and the names of its columns; both are empty for a statement that returns none."""

    columns: tuple[str, ...]
    rows: list[Row]


@lru_cache(maxsize=None)
def _libpq() -> Any | None:
    return load_libpq(_psycopg.__file__)


def connect(parameters: Mapping[str, Any], timeout_seconds: float) -> Connection:
    """Return a connection in autocommit mode; raises ServerError."""
    worker = Worker()
    try:
        raw = worker.call(partial(psycopg2.connect, connection_factory=_log_in, **parameters), timeout_seconds)
        raw.autocommit = True
        connection = Connection(raw, worker)
        _OPEN[id(connection)] = connection
        return connection
    except NotInTime as error:
        text = f"no answer within {timeout_seconds:g} seconds"
        raise ServerError("", text, is_connection_lost=True, is_timeout=True) from error
    except (psycopg2.Error, UnicodeDecodeError) as error:
        raise _server_error(error, is_connection_lost=True) from error
    finally:
        if worker.is_busy:
            worker.end(int)


def _log_in(dsn: str) -> Any:
    raw = psycopg2.extensions.connection.__new__(psycopg2.extensions.connection)
    try:
        psycopg2.extensions.connection.__init__(raw, dsn)
    except (psycopg2.Error, UnicodeDecodeError) as error:
        said = _said_at_login(raw, error)
        raw.close()  # the error may live long, and libpq leaves the socket open: the server would wait for a password
        raise ServerError("", said, is_connection_lost=True) from error
    return raw


def _said_at_login(raw: Any, error: Exception) -> str:
    """Return why a login failed; Python before 3.11.4 leaves that out of the error if it is not UTF-8."""
    libpq = _libpq()
    message = libpq.PQerrorMessage(raw.pgconn_ptr) if libpq is not None and raw.pgconn_ptr else None
    return said_by(error, message or b"")


_OPEN: dict[int, Connection] = {}  # changed and copied atomically, so that threads need no lock


def interrupt_connections() -> None:
    """Interrupt all open connections of the process at once: for threads that nobody waits for any longer."""
    threads = [Thread(target=_interrupt, args=[connection], daemon=True) for connection in list(_OPEN.values())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * CANCEL_SECONDS)


def _interrupt(connection: Connection) -> None:
    """Cancel the running statement, whoever waits for it, and close its socket."""
    connection.is_interrupted = True
    canceller = Worker()
    with contextlib.suppress(NotInTime):
        canceller.call(connection._cancellation.request, CANCEL_SECONDS)
    canceller.end(int)
    connection._hang_up()


class Connection:
    """A psycopg2 connection whose errors are ServerError, and whose waits can be interrupted.

    ``exchanges_bytes`` tells whether ``exchange_bytes`` was called, ``is_interrupted`` that nobody waits for answers
    any more, so that nothing is to be sent again.
    """

    def __init__(self, raw: Any, worker: Worker | None = None) -> None:
        self._raw = raw
        self._worker = worker or Worker()
        self._cancellation = Cancellation(_libpq(), raw.pgconn_ptr)
        self._is_closed = False
        self.exchanges_bytes = False
        self.is_interrupted = False

    def exchange_bytes(self, timeout_seconds: float) -> None:
        """Let texts be any bytes, as ``_core.byte_text`` has them; raises ServerError."""
        self._answer(partial(self._raw.set_client_encoding, "LATIN1"), timeout_seconds)
        self.exchanges_bytes = True

    @property
    def server_version(self) -> int:
        """The server's version as a number, for example 90624 or 170002."""
        return int(self._raw.server_version)

    @property
    def encodings(self) -> tuple[str, str]:
        """The encodings of the client and of the server, as PostgreSQL names them, for example ("UTF8", "LATIN1")."""
        info = self._raw.info
        return str(info.parameter_status("client_encoding")), str(info.parameter_status("server_encoding"))

    @property
    def python_encoding(self) -> str:
        """The encoding of the client, as Python names it, for example "iso8859_1"."""
        return str(psycopg2.extensions.encodings[self._raw.encoding])

    @property
    def is_lost(self) -> bool:
        """Whether the connection is closed, by either side."""
        return self._is_closed or bool(self._raw.closed)

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is open, be it one that has failed; asks libpq, not the server."""
        return bool(self._raw.info.transaction_status != psycopg2.extensions.TRANSACTION_STATUS_IDLE)

    @property
    def tls_protocol(self) -> str:
        """The version of TLS, for example "TLSv1.3"; empty if the connection is not encrypted."""
        return str(self._raw.info.ssl_attribute("protocol") or "TLS") if self._raw.info.ssl_in_use else ""

    def text(self, query: Query, parameters: Mapping[str, Any] | None = None) -> str:
        """Return a query as it is sent to the server."""
        with self._raw.cursor() as cursor:
            if self.exchanges_bytes:
                return str(cursor.mogrify(_as_bytes(query, cursor), to_bytes(parameters)).decode("latin-1"))
            return str(cursor.mogrify(query, parameters).decode())

    def execute(self, text: str, timeout_seconds: float) -> Result:
        """Return the last result of a message of one or more statements, without parameters; raises ServerError.

        After a timeout or a signal the statement is cancelled and the connection closed.
        """
        result: Result = self._answer(partial(self._execute, text), timeout_seconds)
        return result

    def encrypt_password(self, password: str, user: str, algorithm: str) -> str:
        """Return what a server stores of a password; raises ServerError if libpq cannot compute it."""
        try:
            return str(psycopg2.extensions.encrypt_password(password, user, scope=self._raw, algorithm=algorithm))
        except (psycopg2.Error, UnicodeError) as error:
            raise _server_error(error, is_connection_lost=self.is_lost) from error

    def close(self) -> None:
        """End the session; does not wait for long."""
        _OPEN.pop(id(self), None)
        if not self._is_closed:
            self._is_closed = True
            with contextlib.suppress(NotInTime):
                self._worker.call(self._raw.close, CANCEL_SECONDS)
            self._worker.end(int)

    def _answer(self, function: Callable[[], Any], timeout_seconds: float) -> Any:
        if self.is_lost:
            raise ServerError("", "the connection is closed", is_connection_lost=True)
        try:
            return self._worker.call(function, timeout_seconds)
        except NotInTime as error:
            text = f"no answer within {timeout_seconds:g} seconds"
            raise ServerError("", text, is_connection_lost=True, is_timeout=True) from error
        except (psycopg2.Error, UnicodeDecodeError) as error:
            raise _server_error(error, is_connection_lost=self.is_lost) from error
        finally:
            if self._worker.is_busy:
                self._give_up()

    def _give_up(self) -> None:
        """Cancel the running statement, wait briefly, and close."""
        self._is_closed = True
        canceller = Worker()
        with contextlib.suppress(NotInTime):
            canceller.call(self._cancellation.request, CANCEL_SECONDS)
        canceller.end(int)
        if not self._worker.wait(CANCEL_SECONDS):
            self._hang_up()
        self._worker.end(self._raw.close)

    def _hang_up(self) -> None:
        """Shut down the socket that libpq uses, which then stops waiting."""
        with contextlib.suppress(OSError, psycopg2.Error), socket.socket(
            fileno=os.dup(self._raw.fileno())
        ) as connection:
            connection.shutdown(socket.SHUT_RDWR)

    def _execute(self, text: str) -> Result:
        with self._raw.cursor() as cursor:
            cursor.execute(text)
            result = _result(cursor)
        return Result(result.columns, from_bytes(result.rows)) if self.exchanges_bytes else result


def _as_bytes(query: Query, cursor: Any) -> str:
    """Return a query as LATIN1 sends its bytes: psycopg2 itself would encode names in UTF-8."""
    if isinstance(query, str):
        return str(to_bytes(query))
    if isinstance(query, sql.Composed):
        return "".join(_as_bytes(part, cursor) for part in query.seq)
    if isinstance(query, sql.Identifier):
        return str(to_bytes(".".join(map(quoted, query.strings))))
    if isinstance(query, sql.Literal):
        return str(cursor.mogrify("%s", [to_bytes(query.wrapped)]).decode("latin-1"))
    if isinstance(query, sql.SQL):
        return str(to_bytes(query.string))
    raise TypeError(f"{type(query).__name__} in a query")


def _result(cursor: Any) -> Result:
    if cursor.description is None:
        return Result((), [])
    try:
        return Result(tuple(column.name for column in cursor.description), cursor.fetchall())
    except UnicodeDecodeError as error:
        raise ServerError(NOT_UTF8, f"a value of the result is not UTF-8: {error.object!r}") from error


@dataclass(frozen=True)
class RawAttempt:
    """How a login went.

    ``is_verbose`` tells whether ``message`` contains the SQLSTATE; it is empty for a login that succeeded.
    """

    succeeded: bool
    used_password: bool = False
    message: str = ""
    is_verbose: bool = False
    is_timeout: bool = False


def attempt(parameters: Mapping[str, Any], timeout_seconds: float) -> RawAttempt:
    """Log in, once, and return how it went."""
    worker = Worker()
    try:
        return worker.call(partial(_attempt, parameters, timeout_seconds), timeout_seconds)
    except NotInTime:
        return RawAttempt(succeeded=False, message=f"no answer within {timeout_seconds:g} seconds", is_timeout=True)
    finally:
        worker.end(int)


def _attempt(parameters: Mapping[str, Any], timeout_seconds: float) -> RawAttempt:
    """Log in asynchronously, and return how it went.

    psycopg2 discards a connection whose synchronous login is refused, and with it whether a password was requested; and
    the verbosity can only be set while a connection is being opened.
    https://www.postgresql.org/docs/current/libpq-status.html#LIBPQ-PQCONNECTIONUSEDPASSWORD
    """
    try:
        _look_up(parameters)
        raw = psycopg2.connect(**parameters, async_=True)
    except (psycopg2.Error, UnicodeDecodeError, OSError) as error:
        return RawAttempt(succeeded=False, message=said_by(error))
    libpq = _libpq()
    try:
        if libpq is not None:
            libpq.PQsetErrorVerbosity(raw.pgconn_ptr, VERBOSE)
        _await_login(raw, libpq, timeout_seconds)
        return RawAttempt(succeeded=True, used_password=raw.info.used_password)
    except (psycopg2.Error, UnicodeDecodeError) as error:
        return RawAttempt(False, raw.info.used_password, _said_at_login(raw, error), libpq is not None)
    finally:
        raw.close()


def _look_up(parameters: Mapping[str, Any]) -> None:
    """Resolve the name here, since psycopg2 would wait for a slow name server holding the GIL."""
    host = str(parameters.get("hostaddr") or parameters.get("host") or "")
    if host and not host.startswith(("/", "@")):
        with contextlib.suppress(OSError, UnicodeError):
            socket.getaddrinfo(host, None)


def _await_login(raw: Any, libpq: Any | None, timeout_seconds: float) -> None:
    """Wait for a login to complete; raises psycopg2.Error.

    libpq is polled first: it computes scram-sha-256 without the GIL, and psycopg2 then finds it done.
    """
    state = raw.poll()  # does not block: it tells what to wait for first
    while state != psycopg2.extensions.POLL_OK:
        readable = [raw] if state == psycopg2.extensions.POLL_READ else []
        writable = [raw] if state == psycopg2.extensions.POLL_WRITE else []
        if select.select(readable, writable, [], timeout_seconds) == ([], [], []):
            raise psycopg2.OperationalError(f"no answer within {timeout_seconds:g} seconds")
        state = libpq.PQconnectPoll(raw.pgconn_ptr) if libpq is not None else None
        if state not in (psycopg2.extensions.POLL_READ, psycopg2.extensions.POLL_WRITE):
            libpq, state = None, raw.poll()
