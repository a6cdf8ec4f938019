# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Retired users: NOLOGIN at once, and no membership once they have no session left and the new user sees as much."""

from __future__ import annotations

from typing import Iterable, Iterator, Mapping, Sequence

from ..._core.name import suggestion
from ..._core.problem import Problem
from ..._core.remedy import alternatively, by_hand, sql
from ..._core.server_version import has_feature
from ..._core.sql_statement import Statement, placeholders, quoted, simple
from ..._postgres.session import Session
from ..catalog.facts import Connection, RoleFacts, ServerFacts, VisibleRelation
from ..catalog.inspect_roles import inspect_visible_to_one_only
from ..request import AccessRequest

RELATIONS_PER_DATABASE = 20


def nologin(roles: Iterable[RoleFacts | None]) -> list[Statement]:
    """Return what prevents roles from logging in again; nothing for those that do not exist."""
    return [simple("ALTER ROLE {} NOLOGIN", facts.name) for facts in roles if facts is not None and facts.can_login]


def leave_group(server: ServerFacts, group: str, facts: RoleFacts | None) -> Iterator[Statement]:
    """Yield what takes the membership from a role; nothing for one that does not exist.

    From 16 on there is a membership for each grantor, and REVOKE revokes one of them.
    https://www.postgresql.org/docs/16/sql-revoke.html
    """
    if facts is None:
        return
    if has_feature(server.version_num, "membership_options"):
        for grantor in facts.grantors:
            yield simple("REVOKE {} FROM {} GRANTED BY {}", group, facts.name, grantor)
    elif facts.grantors:
        yield simple("REVOKE {} FROM {}", group, facts.name)


def still_connected(connections: Iterable[Connection], name: str) -> str:
    """Return the note on a retired user that keeps its membership because of its sessions; empty if it has none."""
    count = sum(connection.user == name for connection in connections)
    if not count:
        return ""
    return f"{quoted(name)} is retired; {count} sessions open, its membership goes in a later run."


def misspelled(roles: Mapping[str, RoleFacts], request: AccessRequest) -> Iterator[str]:
    """Yield notes on retired users that do not exist, while an unlisted member of the group has a similar name.

    A retired user may have been dropped, so that a name alone is no reason for a note.
    """
    members = roles[request.group].members if request.group in roles else ()
    unlisted = [name for name in members if name not in request.roles]
    for name in request.retired:
        meant = "" if name in roles else suggestion(name, unlisted)
        if meant:
            group = quoted(request.group)
            yield f"The retired user {quoted(name)} does not exist, but {group} has a member that is not listed.{meant}"


def still_starting(processes: int) -> str:
    """Return the note on retired users that keep their membership because starting sessions have no user yet."""
    return (
        f"{processes} sessions are starting on the server and may be a retired user's: the retired users can no longer "
        "log in, and lose their membership in a later run."
    )


def visibility_lost_by_retirement(session: Session, database: str, *, old: str, new: str) -> list[Problem]:
    """Return what the old user sees in a database and the new one does not; one round trip."""
    rows = inspect_visible_to_one_only(session, old=old, new=new)
    return [_loss(database, old, new, rows)] if rows else []


def _loss(database: str, old: str, new: str, rows: Sequence[VisibleRelation]) -> Problem:
    names = [".".join(map(quoted, row)) for row in rows]
    more = f" and {len(names) - RELATIONS_PER_DATABASE} more" if len(names) > RELATIONS_PER_DATABASE else ""
    message = (
        f"The retired user {quoted(old)} sees what {quoted(new)} does not see in database {quoted(database)}: "
        f"{', '.join(names[:RELATIONS_PER_DATABASE])}{more}. Metamapper's next scan would hide the documentation of "
        "it, so the retired user keeps LOGIN and membership."
    )
    template = f"REVOKE SELECT, REFERENCES ON TABLE {placeholders(len(rows))} FROM {{}}"
    statement = f"{Statement(template, (*rows, (old,)))};"
    revoked = sql("revoke from the retired user", statement, by="their owner or a superuser", database=database)
    remedies = (*by_hand("List the schemas in metamapper_databases."), *alternatively(revoked))
    return Problem(message, remedies, database=database, object=names[0])
