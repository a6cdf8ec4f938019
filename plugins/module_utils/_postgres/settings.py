# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The settings of each transaction: they override those of others, and limit all waits."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Iterator

from .._core.server_version import has_feature
from .driver import Query, sql
from .login import SILENCE_SECONDS


@dataclass(frozen=True)
class Setting:
    """A run-time parameter for one transaction."""

    name: str
    value: str
    since: int = 0  # the first version of the server that has it

    def statement(self) -> Query:
        """Return the SET LOCAL for it: a pooler in transaction mode forgets anything longer-lived."""
        return sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(self.name), sql.Literal(self.value))


# Only pg_catalog: a function or operator in another schema must not be found first.
PINNED_SEARCH_PATH = Setting("search_path", "pg_catalog")
# Compiling a query takes longer than running it (measured with LLVM 14: four times as long for 20,000 relations). The
# planner has it compiled since it knows little about the functions of the catalog, and thinks them costly.
# https://www.postgresql.org/docs/current/jit-decision.html
NO_JIT = Setting("jit", "off", since=110000)


# A session whose client has disappeared releases its locks.
# https://www.postgresql.org/docs/current/runtime-config-client.html
GIVE_UP_WHEN_ABANDONED = Setting("idle_in_transaction_session_timeout", str(SILENCE_SECONDS * 1000))
# A killed client sends no cancel request: the server itself ends what it runs for a disconnected client. It refuses the
# setting on systems without support, such as Windows. Operators are qualified, since the search path is not set yet.
END_WHEN_CLIENT_IS_GONE = """\
SELECT pg_catalog.set_config('client_connection_check_interval', '500', true)
 WHERE pg_catalog.strpos(pg_catalog.version(), 'linux') OPERATOR(pg_catalog.>) 0"""
NO_TRANSACTION_TIMEOUT = Setting("transaction_timeout", "0")

# Before 13 the time limit of a message's first statement applies to the whole message; a savepoint restarts it.
RESTART_CLOCK = "SAVEPOINT metamapper; RELEASE SAVEPOINT metamapper"

# What keeps a statement with a secret out of logs and statistics. A message is logged and shown before it is run, so
# that these go to the server in a message before the one that is not to be seen. That one travels alone: pgaudit, which
# nobody switches off, knows a password only at the beginning of a message.
# https://www.postgresql.org/docs/current/runtime-config-logging.html
STATEMENT_LOGGING_OFF = (
    Setting("debug_print_parse", "off"),
    Setting("debug_print_rewritten", "off"),
    Setting("debug_print_plan", "off"),
)
# Of these only a superuser may decide. To a server without pg_stat_statements its names mean nothing.
STATEMENT_LOGGING_OFF_FOR_SUPERUSERS = (
    *STATEMENT_LOGGING_OFF,
    Setting("log_statement", "none"),
    Setting("log_min_duration_statement", "-1"),
    Setting("log_min_duration_sample", "-1", since=130000),
    Setting("log_min_error_statement", "panic"),
    Setting("track_activities", "off"),
    Setting("pg_stat_statements.track", "none"),
    Setting("pg_stat_statements.track_utility", "off"),
)
# Whether a transaction is logged as one of a sample is decided at its BEGIN: SET LOCAL comes too late.
SAMPLED_AT_BEGIN = (Setting("log_transaction_sample_rate", "0", since=120000),)


def statement_logging_off(*, is_superuser: bool) -> tuple[Setting, ...]:
    """Return the settings of a transaction that sends a secret."""
    return STATEMENT_LOGGING_OFF_FOR_SUPERUSERS if is_superuser else STATEMENT_LOGGING_OFF


def search_path_statement(search_path: str) -> Query:
    """Return what sets a search_path, written as PostgreSQL does, for the rest of a transaction."""
    return sql.SQL("SELECT pg_catalog.set_config('search_path', {}, true)").format(sql.Literal(search_path))


def limits(version: int, *, statement_ms: int, lock_ms: int) -> Iterator[Query]:
    """Yield what removes the time limits of others and sets ours: for PostgreSQL, 0 means no limit."""
    if has_feature(version, "transaction_timeout"):
        yield NO_TRANSACTION_TIMEOUT.statement()
    yield Setting("statement_timeout", str(statement_ms)).statement()
    if not has_feature(version, "timeout_for_each_statement"):
        yield RESTART_CLOCK
    yield Setting("lock_timeout", str(lock_ms)).statement()
    yield GIVE_UP_WHEN_ABANDONED.statement()
    if has_feature(version, "client_connection_check"):
        yield END_WHEN_CLIENT_IS_GONE


def startup_options(version: int) -> str:
    """Return startup options without time limits, beside those of the environment.

    They alone hold before the first statement. A pooler in transaction mode refuses them.
    """
    names = ["statement_timeout"]
    names += [name for name in ("idle_session_timeout", "transaction_timeout") if has_feature(version, name)]
    return " ".join([os.environ.get("PGOPTIONS", ""), *(f"-c {name}=0" for name in names)]).strip()
