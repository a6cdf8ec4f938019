# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""A session like Metamapper's, and the search path of its queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from ..._core.byte_text import reread
from ..._postgres.session import Session
from ..._postgres.settings import PINNED_SEARCH_PATH, Setting, search_path_statement
from .facts import SearchPath
from .questions import read_only

# Without it the server would optimize a cursor for the first tenth of its rows.
# https://www.postgresql.org/docs/current/runtime-config-query.html
WHOLE_CURSOR = Setting("cursor_tuple_fraction", "1")


@dataclass(frozen=True)
class MetamapperConnection:
    """A session like Metamapper's.

    ``path`` is the login's own search path, ``needs_quotes`` a PostgreSQL regular expression for the names of relations
    that it mistakes for others.
    """

    session: Session
    path: SearchPath
    lock_timeout_ms: int
    needs_quotes: str

    def begin(self, *, is_own_path: bool) -> None:
        """Open a new transaction; the path is set to its current value, so that it cannot change meanwhile."""
        self.session.rollback()
        # What a scan takes includes the compilation of its queries.
        read_only(self.session, WHOLE_CURSOR, lock_timeout_ms=self.lock_timeout_ms, keeps_jit=True)
        is_own = is_own_path and self._can_send_path
        self.session.add(search_path_statement(self.path.text) if is_own else PINNED_SEARCH_PATH.statement())

    def own_names(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return names that Metamapper got as other sessions get them.

        A server that does not know its encoding (SQL_ASCII) sends the same bytes to all clients, whatever their
        encoding.
        """
        client, server = self.session.connection.encodings
        if server != "SQL_ASCII" or client in ("SQL_ASCII", "UTF8"):
            return tuple(names)
        return tuple(reread(name, self.session.connection.python_encoding) for name in names)

    @property
    def _can_send_path(self) -> bool:
        """Whether the names of the path can be sent in the encoding of the session, which is Metamapper's."""
        return self.path.text.isascii() or self.session.connection.encodings[0] == "UTF8"
