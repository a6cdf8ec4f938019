# SPDX-License-Identifier: GPL-3.0-or-later
"""A query runs only if the login may read its catalogs; otherwise its aspects are recorded as unchecked."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.questions import Questions

HOSTILE = "we\"ird.näme'; --"
OF_ROLES = "SELECT r.rolname AS name FROM pg_catalog.pg_roles AS r WHERE pg_catalog.pg_has_role(r.oid, 'USAGE')"


class Name(NamedTuple):
    name: str


class FakeSession:
    """A session that answers each query with one row."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.database = "wh"

    def records(self, query: str, parameters: Any, record: Any) -> list[Any]:
        self.asked.append(query)
        return [record(HOSTILE)]


def questions(*unreadable: str) -> tuple[FakeSession, Questions]:
    session = FakeSession()
    return session, Questions(cast(Session, session), unreadable)


def test_a_question_is_asked_where_all_can_be_read() -> None:
    session, asked = questions("pg_database")
    assert asked.ask(OF_ROLES, None, Name, "future") == [Name(HOSTILE)]
    assert session.asked == [OF_ROLES]
    assert asked.unchecked("readers") == ()


def test_a_question_is_not_asked_of_a_catalog_that_cannot_be_read() -> None:
    session, asked = questions("pg_roles")
    assert asked.ask(OF_ROLES, None, Name, "future", "excess") == []
    assert session.asked == []
    (unchecked,) = asked.unchecked(HOSTILE)
    assert unchecked.aspects == ("future", "excess")
    assert "pg_roles" in unchecked.reason
    (remedy,) = unchecked.remedies
    assert (remedy.text, remedy.database) == ('GRANT SELECT ON pg_catalog.pg_roles TO "we""ird.näme\'; --";', "wh")
    assert asked.can_ask(OF_ROLES) is False
