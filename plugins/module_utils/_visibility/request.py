# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What the options of the module visibility expect, as values, and what of it exists in a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping

from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .._postgres.options import parallel_databases_from_options
from .._scope.account import DatabaseScope
from .._scope.entry import PRIVILEGES, DatabaseEntry, Privilege, entries_from_option, entry_problems

VisibleColumns = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Request:
    """All options, except those of the connection.

    ``source`` is Metamapper's own address, empty if it is not known. ``baseline`` is what was seen earlier, by
    database, schema and relation, with the number of columns; None if there is none. ``login_db`` is the database in
    which the names of all databases are looked up; empty for any. ``ssh_host`` is the bastion, empty for none.
    ``parallel_databases`` is how many are inspected in parallel.
    """

    user: str
    group: str
    entries: tuple[DatabaseEntry, ...]
    privilege: Privilege = "SELECT"
    source: str = ""
    fail_on: frozenset[str] = frozenset()
    baseline: Mapping[str, VisibleColumns] | None = None
    through_bastion: bool = False
    lock_timeout_ms: int = 5000
    ssh_host: str = ""
    login_db: str = ""
    parallel_databases: int = 1


@dataclass(frozen=True)
class Expectation:
    """What is expected of one database: a privilege for each schema, by name.

    ``creators`` holds the schemas whose creators are listed by name; the others are ``auto``. ``problems`` are what is
    wrong with the database's entry.
    """

    schemas: Mapping[str, Privilege] = field(default_factory=dict)
    creators: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def expectation_of(scope: DatabaseScope, problems: tuple[Problem, ...] = ()) -> Expectation:
    """Return what is expected of a database with this scope."""
    creators = scope.entry.creators
    return Expectation(scope.schemas, {} if creators is None else dict.fromkeys(scope.schemas, creators), problems)


def request_from_options(options: Mapping[str, Any], *, through_bastion: bool = False) -> Request:
    """Return what a module's options say; raises Failure with all that is wrong with them."""
    request = Request(
        user=options["user"],
        group=options["group"],
        entries=entries_from_option(options["databases"]),
        privilege=PRIVILEGES[options["privilege"]],
        source=options["source"] or "",
        fail_on=frozenset(options["fail_on"]),
        baseline=_baseline(options["baseline"]),
        through_bastion=through_bastion,
        login_db=options["login_db"],
        lock_timeout_ms=options["lock_timeout_ms"],
        parallel_databases=parallel_databases_from_options(options),
        ssh_host=(options.get("bastion") or {}).get("host") or "",
    )
    problems = [*_wrong_names(request, options["password"]), *entry_problems(request.entries)]
    if problems:
        raise Failure(problems)
    return request


def _baseline(value: Any) -> Mapping[str, VisibleColumns] | None:
    if not value:
        return None
    seen = value.get("seen", value)
    if not _is_seen(seen):
        message = "The baseline is not what an earlier run returned as seen: it must give, by database, by schema and "
        raise Failure(
            [Problem(message + "by relation, the number of its columns.", by_hand("Hand in that value unchanged."))]
        )
    return dict(seen)


def _is_seen(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(schemas, dict)
        and all(
            isinstance(relations, dict) and all(isinstance(columns, int) for columns in relations.values())
            for relations in schemas.values()
        )
        for schemas in value.values()
    )


def _wrong_names(request: Request, password: str) -> Iterable[Problem]:
    if not password:
        message = f'The password of user "{request.user}" is empty; PostgreSQL would refuse every login with it.'
        yield Problem(message, by_hand("Set metamapper_password (option password)."), object=request.user)
    if request.user == request.group:
        message = f'Group and user have the same name "{request.user}". PostgreSQL has one name space for both.'
        yield Problem(
            message, by_hand("Give the group another name, for example metamapper_readers."), object=request.user
        )
