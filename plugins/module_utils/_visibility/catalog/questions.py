# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Queries in a session of the Metamapper user, in a read-only transaction; skips what it may not read."""

from __future__ import annotations

import re
from typing import Any, Iterable, Mapping, TypeVar

from ..._core.remedy import SUPERUSER, Remedies, sql
from ..._core.sql_statement import statement_text
from ..._postgres.session import Session
from ..._postgres.settings import Setting
from ..finding import Aspect
from .facts import Unchecked

Record = TypeVar("Record")

# One snapshot for all queries, so that their results are consistent.
MODE = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
CATALOG = re.compile(r"pg_catalog\.(pg_\w+)")


def read_only(
    session: Session, *settings: Setting, lock_timeout_ms: int, is_own_path: bool = False, keeps_jit: bool = False
) -> None:
    """Open the transaction in which everything is read, with a limit for lock waits."""
    session.begin(MODE, *settings, lock_timeout_ms=lock_timeout_ms, is_own_path=is_own_path, keeps_jit=keeps_jit)


class Questions:
    """Queries the catalog in a session, and records what cannot be read.

    A hardened server may have revoked SELECT on catalogs from PUBLIC. Metamapper's query for tables does not need it,
    since views of information_schema use the privileges of their owner: so it is reported, but no failure.
    """

    def __init__(self, session: Session, unreadable_catalogs: Iterable[str] = ()) -> None:
        self.session = session
        self.unreadable_catalogs = frozenset(unreadable_catalogs)
        self._unchecked: dict[Aspect, set[str]] = {}

    def ask(
        self, query: str, parameters: Mapping[str, Any] | None, record: type[Record], *aspects: Aspect
    ) -> list[Record]:
        """Return the rows of a query as records; none if the login may not read a catalog in it.

        ``aspects`` are those that are then unknown.
        """
        if not self._can_ask(query, aspects):
            return []
        return self.session.records(query, parameters, record)

    def _can_ask(self, query: str, aspects: Iterable[Aspect]) -> bool:
        unreadable = self.unreadable_catalogs & set(CATALOG.findall(query))
        for aspect in aspects if unreadable else ():
            self._unchecked.setdefault(aspect, set()).update(unreadable)
        return not unreadable

    def can_ask(self, query: str) -> bool:
        """Return whether the login may read all catalogs that a query reads."""
        return self._can_ask(query, ())

    def unchecked(self, beneficiary: str) -> tuple[Unchecked, ...]:
        """Return what could not be checked so far; ``beneficiary`` is the role that the remedies grant to."""
        by_catalogs: dict[tuple[str, ...], list[Aspect]] = {}
        for aspect, catalogs in self._unchecked.items():
            by_catalogs.setdefault(tuple(sorted(catalogs)), []).append(aspect)
        return tuple(
            Unchecked(tuple(aspects), _not_readable(catalogs), _grant(catalogs, beneficiary, self.session.database))
            for catalogs, aspects in by_catalogs.items()
        )


def _not_readable(catalogs: Iterable[str]) -> str:
    return f"the login may not read {', '.join(catalogs)}, as PUBLIC may by default."


def _grant(catalogs: Iterable[str], beneficiary: str, database: str) -> Remedies:
    names = ", ".join(f"pg_catalog.{name}" for name in catalogs)
    statement = statement_text(f"GRANT SELECT ON {names} TO {{}}", beneficiary)
    return (sql("let catalogs be read", statement, by=SUPERUSER, database=database),)
