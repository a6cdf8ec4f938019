# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Why a login failed, and what a successful login proves about Metamapper's own connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Mapping, Sequence

from ..._core.metamapper_form import form_problems
from ..._core.name_pattern import is_pattern
from ..._core.problem import Failure
from ..._core.remedy import OWNER, ROLE_ADMIN, SUPERUSER, Remedies, alternatively, by_hand, sql, variable
from ..._core.server_version import has_feature
from ..._core.sql_statement import quoted, statement_text
from ..._postgres.driver import ServerError
from ..._postgres.lock_holders import ReadersLockHolder, ended
from ..._postgres.login import MD5_REASON, MD5_REMEDY, Login
from ..._postgres.login_remedies import hba_line, line_of_hba, nobody_answers, tls_remedies
from ..._postgres.login_sqlstate import NOT_AUTHORIZED
from ..._postgres.server_error import LOCK_NOT_AVAILABLE
from ..._scope.databases import unknown_database
from ..catalog.facts import SessionFacts
from ..finding import Finding
from ..request import Request

NO_SUCH_DATABASE = "3D000"
NAMED = 3
WRONG_PASSWORD = "28P01"  # noqa: S105


_INTERRUPTED: Mapping[str, str] = {
    "57014": "Raise statement_timeout of the server, the database or the role, or see what makes the server slow.",
    "57P01": "The session was ended by an administrator, or the server was shut down. Run the check again.",
}


@dataclass(frozen=True)
class LoginFailure:
    """Why a login failed: the server's SQLSTATE, empty if it did not answer, and the message of libpq or the server.

    ``remedies`` are given if the route to the server has explained the failure already.
    """

    sqlstate: str
    message: str
    remedies: Remedies = ()

    @property
    def is_of_the_server(self) -> bool:
        """Whether another database of the same server would refuse as well: then it is not tried.

        Each wrong password counts if a server locks accounts, and each blocked connection takes a timeout.
        """
        return self.sqlstate in ("", WRONG_PASSWORD)


def refused(refusal: LoginFailure, login: Login, database: str, request: Request) -> Finding:
    """Return the finding for a login that failed; a database that does not exist is missing."""
    if refusal.sqlstate == NO_SUCH_DATABASE:
        reason = unknown_database(database, ())
        remedies = by_hand("Correct or remove its name in metamapper_databases (option databases).")
        return Finding("missing", "failure", reason, remedies, database)
    state = f" (SQLSTATE {refusal.sqlstate})" if refusal.sqlstate else ""
    remedies = refusal.remedies or _remedies(refusal, login, database, request)
    return Finding("connection", "failure", f"{refusal.message}{state}", remedies, database)


def interrupted(error: ServerError, database: str, holders: Sequence[ReadersLockHolder]) -> Finding:
    """Return the finding for a check that was interrupted; ``holders`` hold the locks that it waited for."""
    reason = f"The check of this database was interrupted: {error.text} (SQLSTATE {error.sqlstate or 'unknown'})."
    if error.sqlstate != LOCK_NOT_AVAILABLE:
        advice = _INTERRUPTED.get(error.sqlstate, "Fix what the server reports, and run the check again.")
        return Finding("connection", "failure", reason, by_hand(advice), database)
    reason = "A lock of another session kept the check of this database waiting; Metamapper's scan would wait as well."
    reason += "".join(f" {_holder(one)}" for one in holders[:NAMED])
    remedies = (*by_hand("Run the check again when that transaction has ended."), *ended(holders))
    return Finding("connection", "failure", reason, remedies, database)


def _holder(one: ReadersLockHolder) -> str:
    who = str(one)
    what = f"{quoted(one.schema)}.{quoted(one.relation)}" if one.relation else "a relation"
    return f"{who[0].upper()}{who[1:]} holds ACCESS EXCLUSIVE on {what}."


def form_findings(login: Login, request: Request) -> Iterator[Finding]:
    """Yield which values of this login Metamapper's datastore form does not accept."""
    databases = [entry.name for entry in request.entries if not is_pattern(entry.name)]
    problems = form_problems(
        host=login.host,
        user=login.user,
        password=login.password.reveal() if login.password else "",
        ssh_host=request.ssh_host,
    )
    for problem in problems:
        yield Finding(
            "connection", "failure" if problem.is_fatal else "warning", problem.reason, by_hand(problem.remedy)
        )
    for database in databases:
        for problem in form_problems(database=database):
            yield Finding("connection", "failure", problem.reason, by_hand(problem.remedy), database)


def broken_way(failure: Failure) -> tuple[Finding, ...]:
    """Return the findings for a route that could not be opened."""
    return tuple(Finding("connection", "failure", problem.message, problem.remedies) for problem in failure.problems)


def _remedies(refusal: LoginFailure, login: Login, database: str, request: Request) -> Remedies:
    if refusal.sqlstate in ("", WRONG_PASSWORD):
        return way_remedies(refusal, login)
    if refusal.sqlstate == "53300":
        return _more_connections(refusal, login, database)
    login_again = sql("let the role log in", statement_text("ALTER ROLE {} LOGIN", login.user), by=ROLE_ADMIN)
    connect = statement_text("GRANT CONNECT ON DATABASE {} TO {}", database, request.group)
    accepts = statement_text("ALTER DATABASE {} ALLOW_CONNECTIONS true", database)
    admitted_by_hba = hba_line(login, refusal.message)
    remedies: Mapping[str, Remedies] = {
        NOT_AUTHORIZED: (admitted_by_hba,) if "pg_hba.conf" in refusal.message else (login_again,),
        "42501": (sql("let the group connect", connect, by=OWNER),),
        "55000": (sql("accept connections", accepts, by=OWNER),),
        "57P03": by_hand("The server is starting, stopping or recovering. Run the check again when it is up."),
    }
    return remedies.get(refusal.sqlstate, by_hand("Fix what the server says, and run the check again."))


def _more_connections(refusal: LoginFailure, login: Login, database: str) -> Remedies:
    """Return what raises the limit that is reached; the name that the server quotes tells which."""
    if f'"{login.user}"' in refusal.message.rpartition("FATAL")[2]:
        statement = statement_text("ALTER ROLE {} CONNECTION LIMIT -1", login.user)
        return (sql("lift the limit of the role", statement, by=ROLE_ADMIN),)
    if f'"{database}"' in refusal.message.rpartition("FATAL")[2]:
        statement = statement_text("ALTER DATABASE {} CONNECTION LIMIT -1", database)
        return (sql("lift the limit of the database", statement, by=OWNER),)
    return by_hand("Raise max_connections of the server, or close connections.")


def way_remedies(refusal: LoginFailure, login: Login) -> Remedies:
    """Return remedies for a login that every database of the server refuses."""
    if refusal.sqlstate == WRONG_PASSWORD:
        password = variable("correct Metamapper's password", "metamapper_password", note="and run grant_metamapper")
        expired = statement_text("ALTER ROLE {} VALID UNTIL 'infinity'", login.user)
        return (password, *alternatively(sql("lift the expiry", expired, by=f"{ROLE_ADMIN}, if it has expired")))
    return tls_remedies(login, refusal.message) or nobody_answers(login)


def wrong_identity(session: SessionFacts, request: Request, database: str) -> Finding | None:
    """Return why this session is not representative of Metamapper's, None if it is."""
    user = quoted(request.user)
    if session.session_user != request.user:
        reason = f"The session is one of role {quoted(session.session_user)}, not of {user}: something on the way "
        return Finding(
            "connection", "failure", reason + "maps users.", by_hand("Connect past that pooler or proxy."), database
        )
    if session.current_user != request.user:
        reason = f"A login as {user} becomes role {quoted(session.current_user)} by a setting of its own."
        own = statement_text("ALTER ROLE {} RESET role", request.user)
        of_database = statement_text("ALTER ROLE {} IN DATABASE {} RESET role", request.user, database)
        remedy = sql("reset the role", own, of_database, by=ROLE_ADMIN)
        return Finding("connection", "failure", reason, (remedy,), database)
    if session.is_superuser:
        reason = f"The role {user} is a superuser: it sees everything, and the check would prove nothing."
        return Finding("connection", "failure", reason, _no_superuser(request), database)
    return None


def _no_superuser(request: Request) -> Remedies:
    return (sql("take an attribute away", statement_text("ALTER ROLE {} NOSUPERUSER", request.user), by=SUPERUSER),)


def is_hba_proven(session: SessionFacts, request: Request) -> bool:
    """Return whether the server has admitted the address that Metamapper will come from.

    Through a bastion both connect from the bastion.
    """
    return request.through_bastion or bool(request.source and session.address == request.source)


def admitted(session: SessionFacts, request: Request, *, used_md5: bool) -> tuple[Finding, ...]:
    """Return what a successful login does not prove about Metamapper's own."""
    found = []
    if not is_hba_proven(session, request):
        came_from = session.address or "the server's Unix socket"
        source = request.source or "unknown here"
        reason = (
            f"The server saw this login come from {came_from}; Metamapper's address is {source}. That pg_hba.conf "
            "admits Metamapper is not proven."
        )
        same = by_hand("Run the check through the same bastion or from the same address as Metamapper.")
        remedies = (*same, *alternatively(line_of_hba(request.user, request.source)))
        found.append(Finding("connection", "warning" if request.source else "information", reason, remedies))
    if not session.tls and session.address:
        reason = "The connection is not encrypted; Metamapper's would not be either, for it does not insist on TLS."
        remedy = "Switch TLS on at the server (ssl = on), and let pg_hba.conf admit the user by hostssl only."
        found.append(Finding("connection", "information", reason, by_hand(remedy)))
    if used_md5 and has_feature(session.version, "scram"):
        reason = MD5_REASON.format(user=quoted(request.user))
        found.append(Finding("connection", "information", reason, (MD5_REMEDY,)))
    return tuple(found)
