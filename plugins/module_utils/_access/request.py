# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What the options ask for, as values, and their problems that are known before any connection."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Literal, Mapping, Sequence

from .._core.metamapper_form import form_problems
from .._core.name import name_problem, unsendable
from .._core.name_pattern import is_pattern
from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .._core.search_path import schemas_of
from .._core.secret import Secret
from .._postgres.options import parallel_databases_from_options
from .._scope.entry import PRIVILEGES, DatabaseEntry, Privilege, entries_from_option, entry_problems

State = Literal["present", "absent"]
RESERVED_ROLE_NAMES = frozenset({"public", "none"})
TAKEN_AS_THEY_ARE = frozenset(
    (
        "accept_references",
        "connection_limit",
        "adopt",
        "assume_owners",
        "end_connections",
        "wait_seconds",
        "lock_timeout_ms",
    )
)
LARGEST_INTEGER = 2**31 - 1  # https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-INT


@dataclass(frozen=True)
class User:
    """A login role for Metamapper."""

    name: str
    password: Secret


@dataclass(frozen=True)
class AccessRequest:
    """Everything that the options ask for.

    With ``state`` absent, the roles are to be dropped with all that they hold; ``users`` are then all users, without
    passwords, and ``databases`` and ``retired`` are empty. ``privilege`` is what the group gets on relations,
    ``accept_references`` that it may be REFERENCES although the group can create tables. With ``exclusive``, what the
    roles hold out of scope is revoked. With ``assume_owners``, what only an owner can grant or revoke is done as that
    owner, of which the administrator is a member for the duration of the transaction. ``connection_limit`` -1 is none;
    ``wait_seconds`` bounds the wait for another run of this task on the same database, ``lock_timeout_ms`` each wait
    for another session's lock. ``search_path`` is what the users get; if empty, theirs is not changed.
    ``parallel_databases`` is how many are inspected in parallel.
    """

    group: str
    users: tuple[User, ...]
    databases: tuple[DatabaseEntry, ...] = ()
    state: State = "present"
    privilege: Privilege = "SELECT"
    accept_references: bool = False
    connection_limit: int = 20
    adopt: bool = False
    assume_owners: bool = False
    exclusive: bool = False
    retired: tuple[str, ...] = ()
    end_connections: bool = False
    wait_seconds: int = 300
    lock_timeout_ms: int = 5000
    search_path: str = ""
    parallel_databases: int = 1

    @property
    def is_absent(self) -> bool:
        """Whether the roles are to be dropped."""
        return self.state == "absent"

    @property
    def is_exclusive(self) -> bool:
        """Whether everything beyond the desired privileges is extraneous."""
        return self.exclusive or self.is_absent

    @property
    def user_names(self) -> tuple[str, ...]:
        """The users that should exist; with state ``absent`` those to be dropped."""
        return tuple(user.name for user in self.users)

    @property
    def role_names(self) -> tuple[str, ...]:
        """The group and these users, without the retired ones."""
        return (self.group, *self.user_names)

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles that privileges may be revoked from, users first: the order in which they are dropped."""
        return (*self.user_names, *self.retired, self.group)

    @property
    def listed_creators(self) -> tuple[str, ...]:
        """The roles that entries list as creators, each once, in order of first mention."""
        return tuple(dict.fromkeys(name for entry in self.databases for name in entry.creators or ()))


def request_from_options(options: Mapping[str, Any]) -> AccessRequest:
    """Return what a module's options ask for; raises Failure with all that is wrong with them."""
    is_absent = options["state"] == "absent"
    users = options["users"] or ()
    present = users if is_absent else [user for user in users if user["state"] == "present"]
    request = AccessRequest(
        group=options["group"],
        users=tuple(User(user["name"], Secret("" if is_absent else user["password"] or "")) for user in present),
        databases=() if is_absent else entries_from_option(options["databases"]),
        state=options["state"],
        privilege=PRIVILEGES[options["privilege"]],
        exclusive=options["exclusive"],
        search_path=options["search_path"],
        parallel_databases=parallel_databases_from_options(options),
        retired=() if is_absent else tuple(user["name"] for user in users if user["state"] == "retired"),
        **{name: options[name] for name in TAKEN_AS_THEY_ARE},
    )
    problems = [*_wrong_roles(request), *_wrong_numbers(request), *_wrong_search_path(request)]
    if not is_absent:
        problems += entry_problems(request.databases) + _refused_by_the_form(request)
    if problems:
        raise Failure(problems)
    return request


def role_problem(what: str, name: str) -> Problem | None:
    """Return why a text cannot be the name of one of the roles, None if it can."""
    if name.startswith("pg_") or name in RESERVED_ROLE_NAMES:
        message = f'The name "{name}" of a {what} is reserved by PostgreSQL.'
        advice = "Choose one that does not begin with pg_ and is neither public nor none."
        return Problem(message, by_hand(advice), object=name)
    return name_problem(what, name)


def _wrong_roles(request: AccessRequest) -> list[Problem]:
    names = [*request.user_names, *request.retired]
    checked = [role_problem("group", request.group), *(role_problem("user", name) for name in names)]
    if request.retired and not request.users:
        message = "Users are to retire, and there is no present user to take their place."
        checked.append(Problem(message, by_hand("List the new user, or take access back with state: absent.")))
    with_password = () if request.is_absent else request.users
    return [
        *(problem for problem in checked if problem),
        *_same_names(request),
        *(problem for user in with_password for problem in _wrong_password(user)),
    ]


def _same_names(request: AccessRequest) -> Iterator[Problem]:
    """Yield the names that are used for two roles."""
    users = [*request.user_names, *request.retired]
    if request.group in users:
        message = f'Group and user have the same name "{request.group}". PostgreSQL has one name space for both.'
        advice = f"Give the group another name, for example {request.group}_readers."
        yield Problem(message, by_hand(advice), object=request.group)
    for name in _repeated(users):
        yield Problem(f'The user "{name}" is listed more than once.', by_hand("List it once."), object=name)


def _wrong_password(user: User) -> Iterator[Problem]:
    reason = unsendable(user.password.reveal())
    if not user.password:
        message = f'The password of user "{user.name}" is empty; PostgreSQL would refuse every login with it.'
        yield Problem(message, by_hand("Set metamapper_password (option users[].password)."), object=user.name)
    elif reason:
        message = f'The password of user "{user.name}" {reason}.'
        yield Problem(message, by_hand("Choose another one."), object=user.name)


def _refused_by_the_form(request: AccessRequest) -> list[Problem]:
    """Return what Metamapper could never log in with, since its form does not accept it unchanged."""
    values: list[tuple[str, Mapping[str, str]]] = [
        *((user.name, {"user": user.name, "password": user.password.reveal()}) for user in request.users),
        *((entry.name, {"database": entry.name}) for entry in request.databases if not is_pattern(entry.name)),
    ]
    return [
        Problem(problem.reason, by_hand(problem.remedy), object=name)
        for name, fields in values
        for problem in form_problems(**fields)
        if problem.is_fatal
    ]


def _wrong_search_path(request: AccessRequest) -> Iterator[Problem]:
    try:
        schemas_of(request.search_path or "public")
    except ValueError as error:
        message = f'The option search_path is "{request.search_path}": {error}.'
        yield Problem(message, by_hand('Write schemas with commas between them, for example: pg_catalog, "$user".'))


def _wrong_numbers(request: AccessRequest) -> list[Problem]:
    """Return which numbers are out of range."""
    limits: Sequence[tuple[str, int, int, int]] = (
        ("connection_limit", request.connection_limit, -1, LARGEST_INTEGER),
        ("wait_seconds", request.wait_seconds, 0, LARGEST_INTEGER // 1000),
        ("lock_timeout_ms", request.lock_timeout_ms, 1, LARGEST_INTEGER),
    )
    return [
        Problem(f"The option {name} is {value}.", by_hand(f"Set it to {least} or more, at most {most}."))
        for name, value, least, most in limits
        if not least <= value <= most
    ]


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
