# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The one place that knows psycopg2: its import, its connections, and its errors as one error of ours."""

from __future__ import annotations

import ctypes
import select
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Mapping, Sequence, Tuple, Union

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.byte_text import from_bytes, to_bytes
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.route import CONNECT_TIMEOUT_SECONDS

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

__all__ = ["sql"]

Query = Union[str, "sql.Composable"]
Row = Tuple[Any, ...]

VERBOSE = 2  # PQERRORS_VERBOSE
NOT_UTF8 = "22021"  # character_not_in_repertoire: what a server says that looks at the bytes itself


def require_psycopg2() -> None:
    """Raise Failure where psycopg2 cannot be imported."""
    if PSYCOPG2_IMPORT_ERROR is not None:
        message = "The Python library psycopg2 is not there for the interpreter that runs this module."
        remedy = (
            "Install psycopg2-binary (or the package python3-psycopg2) for it, or set ansible_python_interpreter to a "
            "Python that has it; with metamapper_connection=local that is the Python of ansible-playbook itself."
        )
        raise Failure([Problem(message, remedy)])


class ServerError(Failure):
    """What the server, or libpq in its place, answered instead of a result.

    ``sqlstate`` is the server's five characters, empty where the server did not speak. ``text`` is what was said, in
    one line and without a full stop: the sentence around it has its own. It is a Failure with one problem, so that a
    module reports it even where nobody knows more.
    """

    def __init__(
        self,
        sqlstate: str,
        text: str,
        *,
        database: str = "",
        problem: Problem | None = None,
        is_connection_lost: bool = False,
    ) -> None:
        asked = f'database "{database}"' if database else "the server"
        message = f"The answer of {asked} was an error: {text} (SQLSTATE {sqlstate or 'none'})."
        super().__init__([problem or Problem(message, sqlstate=sqlstate, database=database)])
        self.sqlstate = sqlstate
        self.text = text
        self.is_connection_lost = is_connection_lost


def one_line(text: str) -> str:
    """Return a text in one line and without a full stop."""
    return " ".join(line.strip() for line in text.strip().splitlines()).rstrip(".")


def said_by(error: BaseException) -> str:
    """Return what the server or libpq said.

    A server speaks the language and the encoding of its lc_messages until a login is complete, and psycopg2 takes it
    for UTF-8. What is not is mostly of the family of LATIN1.
    """
    if isinstance(error, UnicodeDecodeError):
        return one_line(bytes(error.object).decode("latin-1"))
    return one_line(str(error)) or type(error).__name__


def _server_error(error: BaseException, database: str, *, is_connection_lost: bool) -> ServerError:
    state = str(getattr(error, "pgcode", None) or "")
    return ServerError(state, said_by(error), database=database, is_connection_lost=is_connection_lost)


def libpq_version() -> int:
    """Return the version of libpq as a number, for example 160004."""
    return int(psycopg2.extensions.libpq_version())


@dataclass(frozen=True)
class Result:
    """The rows of a query, and the names of its columns; both are empty for a statement that returns none."""

    columns: tuple[str, ...]
    rows: list[Row]


def connect(parameters: Mapping[str, Any]) -> Connection:
    """Return a connection in autocommit mode; raises ServerError."""
    try:
        raw = psycopg2.connect(**parameters)
    except (psycopg2.Error, UnicodeDecodeError) as error:
        raise _server_error(error, parameters["dbname"], is_connection_lost=True) from error
    raw.autocommit = True
    return Connection(raw, parameters["dbname"])


class Connection:
    """A connection of psycopg2's whose errors are ServerError."""

    def __init__(self, raw: Any, database: str) -> None:
        self._raw = raw
        self._database = database
        self._exchanges_bytes = False

    def exchange_bytes(self) -> None:
        """Let texts be any bytes, for a server that does not know their encoding; see ``_core.byte_text``.

        What is composed of ``sql`` objects must be ASCII then: psycopg2 quotes names in UTF-8. Raises ServerError.
        """
        try:
            self._raw.set_client_encoding("LATIN1")
        except psycopg2.Error as error:
            raise self._error(error) from error
        self._exchanges_bytes = True

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
    def is_lost(self) -> bool:
        """Whether the connection is closed, by whomever."""
        return bool(self._raw.closed)

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted by TLS."""
        return bool(self._raw.info.ssl_in_use)

    @property
    def tls_protocol(self) -> str:
        """The version of TLS, for example "TLSv1.3"; empty where the connection does not use it."""
        return str(self._raw.info.ssl_attribute("protocol") or "TLS") if self.uses_tls else ""

    def text(self, query: Query, parameters: Mapping[str, Any] | None = None) -> str:
        """Return a query as the server gets it."""
        with self._raw.cursor() as cursor:
            if self._exchanges_bytes:
                return str(cursor.mogrify(to_bytes(query), to_bytes(parameters)).decode("latin-1"))
            return str(cursor.mogrify(query, parameters).decode())

    def execute(self, text: str) -> Result:
        """Return what a message of one or more statements, without parameters, answers at last; raises ServerError."""
        with self._raw.cursor() as cursor:
            try:
                cursor.execute(text)
            except (psycopg2.Error, UnicodeDecodeError) as error:
                raise self._error(error) from error
            return self._result(cursor)

    def encrypt_password(self, password: str, user: str, algorithm: str) -> str:
        """Return what a server stores of a password; raises ServerError where libpq cannot make it."""
        try:
            return str(psycopg2.extensions.encrypt_password(password, user, scope=self._raw, algorithm=algorithm))
        except (psycopg2.Error, UnicodeError) as error:
            raise self._error(error) from error

    def close(self) -> None:
        """End the session."""
        self._raw.close()

    def _error(self, error: BaseException) -> ServerError:
        return _server_error(error, self._database, is_connection_lost=self.is_lost)

    def _result(self, cursor: Any) -> Result:
        if cursor.description is None:
            return Result((), [])
        try:
            rows = cursor.fetchall()
            columns = tuple(column.name for column in cursor.description)
            return Result(columns, from_bytes(rows) if self._exchanges_bytes else rows)
        except UnicodeDecodeError as error:
            text = f"a value of the result is not UTF-8: {error.object!r}"
            raise ServerError(NOT_UTF8, text, database=self._database) from error


@dataclass(frozen=True)
class RawAttempt:
    """How a login went.

    ``is_verbose`` tells whether ``message`` spells the SQLSTATE; it is empty for a login that succeeded.
    """

    succeeded: bool
    used_password: bool = False
    message: str = ""
    is_verbose: bool = False


def attempt(parameters: Mapping[str, Any]) -> RawAttempt:
    """Log in, once, and return how it went.

    The login is an asynchronous one: psycopg2 throws away a connection whose ordinary login is refused, and with it
    whether a password was asked for; and the verbosity can only be set on a connection that is being made.
    https://www.postgresql.org/docs/current/libpq-status.html#LIBPQ-PQCONNECTIONUSEDPASSWORD
    """
    try:
        raw = psycopg2.connect(**parameters, async_=True)
    except (psycopg2.Error, UnicodeDecodeError) as error:
        return RawAttempt(succeeded=False, message=said_by(error))
    is_verbose = _enable_verbose_errors(raw)
    try:
        _await_login(raw)
        return RawAttempt(succeeded=True, used_password=raw.info.used_password)
    except (psycopg2.Error, UnicodeDecodeError, TimeoutError) as error:
        return RawAttempt(False, raw.info.used_password, said_by(error), is_verbose)
    finally:
        raw.close()


def _enable_verbose_errors(raw: Any) -> bool:
    """Let libpq name the SQLSTATE when the login on this connection is refused; return whether it will.

    https://www.postgresql.org/docs/current/libpq-control.html#LIBPQ-PQSETERRORVERBOSITY
    """
    try:
        library = ctypes.CDLL(_psycopg.__file__)  # through it the loader finds the very libpq that psycopg2 uses
        library.PQsetErrorVerbosity.argtypes = [ctypes.c_void_p, ctypes.c_int]
        library.PQsetErrorVerbosity(raw.pgconn_ptr, VERBOSE)
    except (OSError, AttributeError):
        return False
    return True


def _await_login(raw: Any) -> None:
    deadline = time.monotonic() + CONNECT_TIMEOUT_SECONDS
    while True:
        state = raw.poll()
        if state == psycopg2.extensions.POLL_OK:
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {CONNECT_TIMEOUT_SECONDS} seconds")
        readable: Sequence[Any] = [raw] if state == psycopg2.extensions.POLL_READ else []
        writable: Sequence[Any] = [raw] if state == psycopg2.extensions.POLL_WRITE else []
        select.select(readable, writable, [], left)
