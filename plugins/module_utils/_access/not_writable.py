# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Why nothing can be written where this task has logged in, and what it takes. Pure."""

from __future__ import annotations

from dataclasses import replace

from .._core.problem import Problem
from .._core.remedy import by_hand, sql, variable
from .._core.sql_statement import quoted, statement_text
from .._postgres.login import Login
from .catalog.facts import ServerFacts
from .catalog.inspect import Primary


def in_recovery(login: Login, primary: Primary | None) -> Problem:
    """Return the refusal to write to a standby; ``primary`` is None where it does not tell."""
    follows = f" {primary.host}, port {primary.port}" if primary else ""
    message = (
        f"Cannot change roles or privileges on {login.location}: the server is in recovery (a standby), and "
        f"replicates them from its primary{follows}."
    )
    host = variable(
        "name the primary",
        "metamapper_login_host",
        primary.host if primary else None,
        note="to the host of the primary",
    )
    port = variable("name the primary", "metamapper_login_port", primary.port if primary else None, note="to its port")
    return Problem(message, tuple(replace(one, note="") if primary else one for one in (host, port)))


def roles_stay_here(login_database: str, database: str) -> Problem:
    """Return the refusal to make roles where Citus does not carry them to its workers."""
    message = (
        f"Database {quoted(database)} has the extension citus, which carries roles to its workers only from a database "
        f"that has it, and roles are made in {quoted(login_database)}, which has not."
    )
    return Problem(
        message, (variable("change roles where citus is", "metamapper_login_db", database),), database=database
    )


def read_only(server: ServerFacts, database: str) -> Problem:
    """Return the refusal to write where somebody has set transactions to be read-only."""
    message = (
        f"Cannot write in database {quoted(database)}: default_transaction_read_only is on for role "
        f"{quoted(server.login)} there."
    )
    wanted = by_hand("Find out first why it is on: the column source of pg_settings tells where it is set.")
    statement = statement_text(
        "ALTER ROLE {} IN DATABASE {} SET default_transaction_read_only = off", server.login, database
    )
    # Who sets it may be the role itself, in whose transactions nothing can be written yet.
    statements = ("SET default_transaction_read_only = off;", statement)
    remedy = sql("let the login write", *statements, role=server.login, database=database)
    return Problem(message, (*wanted, remedy), database=database, statement=" ".join(statements))
