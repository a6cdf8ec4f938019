# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""A session like Metamapper's, and the path along which its queries run."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import sql
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import (
    PINNED_SEARCH_PATH,
    Session,
    Setting,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import SearchPath
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.questions import (
    read_only,
)

# Without it the server would plan a cursor for its first tenth.
# https://www.postgresql.org/docs/current/runtime-config-query.html
WHOLE_CURSOR = Setting("cursor_tuple_fraction", "1")


@dataclass(frozen=True)
class MetamapperConnection:
    """A session like Metamapper's; ``path`` is the search path that its login has by itself."""

    session: Session
    path: SearchPath
    lock_timeout_ms: int

    def begin(self, *, is_own_path: bool) -> None:
        """Open a new transaction; the path is set to what it is, so that it cannot become another one meanwhile."""
        self.session.rollback()
        read_only(self.session, WHOLE_CURSOR, lock_timeout_ms=self.lock_timeout_ms)
        own = sql.SQL("SELECT pg_catalog.set_config('search_path', {}, true)").format(sql.Literal(self.path.text))
        self.session.add(own if is_own_path and self._can_send_path else PINNED_SEARCH_PATH.statement())

    @property
    def _can_send_path(self) -> bool:
        """Whether the names of the path can be sent in the encoding of the session, which is Metamapper's."""
        return self.path.text.isascii() or self.session.connection.encodings[0] == "UTF8"
