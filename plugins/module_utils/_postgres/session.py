# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The way to a server, and a session on one of its databases."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Protocol, Sequence, Tuple, Union

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret

PSYCOPG2_IMPORT_ERROR: str | None
try:
    import psycopg2
    import psycopg2.extensions
    from psycopg2 import sql
except ImportError:
    PSYCOPG2_IMPORT_ERROR = traceback.format_exc()
else:
    PSYCOPG2_IMPORT_ERROR = None

CONNECT_TIMEOUT_SECONDS = 10
APPLICATION_NAME = "metamapper.postgresql"

# A network that swallows everything is noticed after a minute of silence; the kernel's own patience is two hours.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-KEEPALIVES
SILENCE_SECONDS = 60
KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
LIBPQ_WITH_USER_TIMEOUT = 120000

Query = Union[str, "sql.Composable"]
Row = Tuple[Any, ...]


@dataclass(frozen=True)
class Login:
    """Who logs in, where and how; the database is named apart, since one login serves many.

    ``host`` is empty for the Unix socket. ``password`` is None where libpq is to look for it (PGPASSWORD, .pgpass)
    or none is needed. Empty ``ca_cert``, ``ssl_cert`` and ``ssl_key`` leave libpq's defaults.
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
    """

    user: str
    password: Secret | None = None
    host: str = ""
    port: int = 5432
    ssl_mode: str = "prefer"
    ca_cert: str = ""
    ssl_cert: str = ""
    ssl_key: str = ""
    session_role: str = ""

    @property
    def place(self) -> str:
        """Where this login goes, as messages name it."""
        return f"{self.host or 'the local socket'}, port {self.port}"

    def parameters(self, database: str) -> dict[str, Any]:
        """Return libpq's connection parameters.

        There are no startup ``options``: a pooler in transaction mode refuses them. ``client_encoding`` and the
        application name are parameters that poolers track.
        """
        wanted: dict[str, Any] = {
            "dbname": database,
            "user": self.user,
            "password": self.password.reveal() if self.password else "",
            "host": self.host,
            "port": self.port,
            "sslmode": self.ssl_mode,
            "sslrootcert": self.ca_cert,
            "sslcert": self.ssl_cert,
            "sslkey": self.ssl_key,
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "client_encoding": "UTF8",
            "fallback_application_name": APPLICATION_NAME,
            **KEEPALIVES,
            **_user_timeout(),
        }
        return {keyword: value for keyword, value in wanted.items() if value != ""}


def _user_timeout() -> Mapping[str, int]:
    """Return the limit for data that nobody acknowledges, which keepalives do not watch; empty where libpq has none."""
    has_it = psycopg2.extensions.libpq_version() >= LIBPQ_WITH_USER_TIMEOUT
    return {"tcp_user_timeout": SILENCE_SECONDS * 1000} if has_it else {}


class Path(Protocol):
    """The way from this machine to the server: direct, or through a bastion."""

    def parameters(self) -> Mapping[str, Any]:
        """Return what this way changes in libpq's parameters (``hostaddr``, ``port``); empty for none.

        To be asked anew for each login; raises Failure where the way is open no more.
        """

    def must_retry(self, error: Exception) -> bool:
        """Tell whether a refused connection is to be tried again; raise Failure where the way itself is broken."""


class DirectPath:
    """No bastion: libpq's parameters as they are, and no second try."""

    def parameters(self) -> Mapping[str, Any]:
        """Return nothing to change."""
        return {}

    def must_retry(self, error: Exception) -> bool:
        """Return False: what libpq said stands."""
        return False


DIRECT = DirectPath()


def require_psycopg2() -> None:
    """Raise Failure where psycopg2 cannot be imported."""
    if PSYCOPG2_IMPORT_ERROR is not None:
        message = "The Python library psycopg2 is not there for the interpreter that runs this module."
        remedy = (
            "Install psycopg2-binary (or the package python3-psycopg2) for it, or set ansible_python_interpreter to a "
            "Python that has it; with metamapper_connection=local that is the Python of ansible-playbook itself."
        )
        raise Failure([Problem(message, remedy)])


def first_line(error: BaseException) -> str:
    """Return what the server or libpq said, in one line and without a full stop: the sentence around it has its own."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return " ".join(line.strip() for line in lines).rstrip(".")


def sqlstate(error: BaseException) -> str:
    """Return the server's five characters, or an empty text where the server did not speak."""
    return str(getattr(error, "pgcode", None) or "")


def connection_problem(login: Login, database: str, error: BaseException) -> Problem:
    """Return why a login failed, in libpq's own words."""
    message = f'Cannot connect to database "{database}" on {login.place} as "{login.user}": {first_line(error)}.'
    return Problem(message, sqlstate=sqlstate(error), database=database)


def open_session(login: Login, database: str, path: Path = DIRECT) -> Session:
    """Return a session on a database; raises Failure where there is no way in."""
    require_psycopg2()
    while True:
        parameters = {**login.parameters(database), **path.parameters()}
        try:
            connection = psycopg2.connect(**parameters)
        except psycopg2.Error as error:
            if not path.must_retry(error):
                raise Failure([connection_problem(login, database, error)]) from error
        else:
            connection.autocommit = True
            return Session(connection, session_role=login.session_role)


@dataclass(frozen=True)
class Setting:
    """A run-time parameter for one transaction."""

    name: str
    value: str

    def statement(self) -> Query:
        """Return the SET LOCAL for it: a pooler in transaction mode forgets anything longer-lived."""
        return sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(self.name), sql.Literal(self.value))


# The server's side of the same: a session whose client is gone without a word gives its locks back.
# https://www.postgresql.org/docs/current/runtime-config-client.html
GIVE_UP_WHEN_ABANDONED = Setting("idle_in_transaction_session_timeout", str(SILENCE_SECONDS * 1000))


class Session:
    """One connection, on which transactions are opened by hand.

    BEGIN and the settings of a transaction travel with its first query, so that they cost no round trip of their own.
    ``round_trips`` counts what was sent since login.
    """

    def __init__(self, connection: Any, *, session_role: str = "") -> None:
        self.connection = connection
        self.session_role = session_role
        self.round_trips = 0
        self._opening: list[Query] = []

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.connection.close()

    def begin(self, mode: str, *settings: Setting) -> None:
        """Open a transaction with the next query; ``mode`` as in BEGIN, for example ``READ ONLY``.

        https://www.postgresql.org/docs/current/sql-begin.html
        """
        role = [sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(self.session_role))] if self.session_role else []
        always = (GIVE_UP_WHEN_ABANDONED, *settings)
        self._opening = [sql.SQL("BEGIN " + mode), *role, *(setting.statement() for setting in always)]

    def add(self, statement: Query) -> None:
        """Send a statement along with the next query, at no round trip of its own."""
        self._opening.append(statement)

    def rows(self, query: Query, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Return the rows of a query; one round trip."""
        with self.connection.cursor() as cursor:
            self._send(cursor, [cursor.mogrify(query, parameters).decode()])
            return list(cursor.fetchall())

    def run(self, statements: Sequence[Query]) -> None:
        """Execute statements that return nothing, together in one round trip."""
        if statements:
            with self.connection.cursor() as cursor:
                self._send(cursor, statements)

    def commit(self) -> None:
        """End the transaction and keep what it did."""
        self.run(["COMMIT"])

    def rollback(self) -> None:
        """End the transaction and undo what it did; a lost connection has done so already."""
        if not self.connection.closed:
            self.run(["ROLLBACK"])

    def text(self, statement: Query) -> str:
        """Return a statement as the server gets it."""
        return statement if isinstance(statement, str) else str(statement.as_string(self.connection))

    def _send(self, cursor: Any, statements: Iterable[Query]) -> None:
        together = ";\n".join(self.text(statement) for statement in (*self._opening, *statements))
        self._opening = []
        self.round_trips += 1
        cursor.execute(together)
