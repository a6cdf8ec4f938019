# SPDX-License-Identifier: GPL-3.0-or-later
"""The request that the options describe, and the problems in them that are found without a server."""

from __future__ import annotations

from typing import Any, Mapping

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import (
    AccessRequest,
    User,
    request_from_options,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.entry import DatabaseEntry

from tests.support.values.names import (
    HOSTILE,
    PASSWORD,
    a_request,
    an_entry,
    entry_options,
    options,
)

ME = {"name": "metamapper", "password": PASSWORD, "state": "present"}
TOO_LONG = "ä" * 32
LARGEST_INTEGER = 2**31 - 1


def wrong(**changes: Any) -> list[str]:
    """Return the messages about some options; empty where nothing is wrong."""
    try:
        request_from_options(options(**changes))
    except Failure as failure:
        return [problem.message for problem in failure.problems]
    return []


def test_everything_is_taken_over() -> None:
    entry = entry_options(
        name=HOSTILE,
        schemas=["a", HOSTILE],
        exclude_schemas=["a*"],
        creators=["x"],
        allow_empty=True,
    )
    given_options = options(
        group=HOSTILE, databases=[entry], connection_limit=-1, adopt=True, wait_seconds=0, lock_timeout_ms=1
    )
    assert request_from_options(given_options) == AccessRequest(
        group=HOSTILE,
        users=(User("metamapper", Secret(PASSWORD)),),
        databases=(DatabaseEntry(HOSTILE, ("a", HOSTILE), ("a*",), ("x",), True),),
        connection_limit=-1,
        adopt=True,
        wait_seconds=0,
        lock_timeout_ms=1,
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"users": [{**ME, "password": "x" * 128}]}, [], id="128 characters"),
        pytest.param(
            {"users": [{**ME, "password": "x" * 129}]},
            ["The password has 129 characters; Metamapper's form accepts 128 at most."],
            id="129 characters",
        ),
        pytest.param(
            {"users": [{**ME, "password": f"{PASSWORD}\n"}]},
            ["Metamapper's form removes the white space at the ends of the password, and its login fails."],
            id="a password with a line end",
        ),
        pytest.param(
            {"databases": [entry_options(name=" a")]},
            ["Metamapper's form removes the white space at the ends of the database, and its login fails."],
            id="a database with a blank",
        ),
        pytest.param({"databases": [entry_options(name=" a*")]}, [], id="a pattern names none"),
        pytest.param({"search_path": 'pg_catalog, "$user"'}, [], id="a search_path"),
        pytest.param(
            {"search_path": "a b"},
            ["The option search_path is \"a b\": it is no list of schemas at 'a b'."],
            id="no search_path",
        ),
    ],
)
def test_what_metamapper_or_postgresql_would_not_take(changes: dict[str, Any], expected: list[str]) -> None:
    assert wrong(**changes) == expected
    assert not any(PASSWORD in message for message in wrong(**changes))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param(a_request(databases=()), (), id="no database"),
        pytest.param(a_request(databases=(an_entry(), an_entry("b", creators=()))), (), id="auto and nobody"),
        pytest.param(
            a_request(databases=(an_entry("a", creators=("y", HOSTILE)), an_entry("b", creators=("x", "y")))),
            ("y", HOSTILE, "x"),
            id="each once, in order of first mention",
        ),
    ],
)
def test_listed_creators(wanted: AccessRequest, expected: tuple[str, ...]) -> None:
    assert wanted.listed_creators == expected


def test_the_group_is_the_first_of_the_roles() -> None:
    assert a_request("readers", HOSTILE, "b").role_names == ("readers", HOSTILE, "b")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="the plain case"),
        pytest.param({"group": HOSTILE}, id="a hostile group"),
        pytest.param({"users": []}, id="no user"),
        pytest.param({"users": [{**ME, "name": HOSTILE}, ME]}, id="a hostile user"),
        pytest.param({"group": "Metamapper"}, id="a group that is the user's case twin"),
        pytest.param({"group": "ä" * 31 + "x"}, id="63 bytes"),
        pytest.param({"group": "PG_x"}, id="reserved only in lower case"),
        pytest.param({"connection_limit": -1, "wait_seconds": 0, "lock_timeout_ms": 1}, id="the least numbers"),
        pytest.param({"connection_limit": LARGEST_INTEGER, "lock_timeout_ms": LARGEST_INTEGER}, id="the most"),
        pytest.param({"wait_seconds": LARGEST_INTEGER // 1000}, id="the longest wait that has milliseconds"),
    ],
)
def test_nothing_wrong(changes: Mapping[str, Any]) -> None:
    assert wrong(**changes) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"group": ""}, "The name of a group is empty.", id="empty group"),
        pytest.param({"group": "metamapper"}, "Group and user have the same name", id="group and user alike"),
        pytest.param({"group": "pg_readers"}, "reserved by PostgreSQL", id="pg_"),
        pytest.param({"group": "public"}, "reserved by PostgreSQL", id="public"),
        pytest.param({"group": "none"}, "reserved by PostgreSQL", id="none"),
        pytest.param({"group": TOO_LONG}, "64 bytes", id="64 bytes in 32 characters"),
        pytest.param({"group": "a\0b"}, "NUL", id="NUL in a name"),
        pytest.param({"group": "a\udcffb"}, "not valid Unicode", id="half a surrogate pair in a name"),
        pytest.param({"users": [{**ME, "name": ""}]}, "The name of a user is empty.", id="empty user"),
        pytest.param({"users": [{**ME, "password": ""}]}, 'password of user "metamapper" is empty', id="no password"),
        pytest.param({"users": [{**ME, "password": None}]}, "is empty", id="null password"),
        pytest.param({"users": [{**ME, "password": "a\0b"}]}, "NUL", id="NUL in a password"),
        pytest.param({"users": [{**ME, "password": "a\udcff"}]}, "not valid Unicode", id="half a pair in a password"),
        pytest.param({"users": [ME, ME]}, 'user "metamapper" is listed more than once', id="a user twice"),
        pytest.param({"databases": []}, "No database is listed.", id="no database"),
        pytest.param({"connection_limit": -2}, "connection_limit is -2", id="limit below none"),
        pytest.param({"connection_limit": LARGEST_INTEGER + 1}, "connection_limit is", id="limit too large"),
        pytest.param({"wait_seconds": -1}, "wait_seconds is -1", id="negative wait"),
        pytest.param({"wait_seconds": LARGEST_INTEGER // 1000 + 1}, "wait_seconds is", id="wait too long"),
        pytest.param({"lock_timeout_ms": 0}, "lock_timeout_ms is 0", id="0 would be for ever"),
        pytest.param({"lock_timeout_ms": LARGEST_INTEGER + 1}, "lock_timeout_ms is", id="timeout too large"),
    ],
)
def test_what_is_wrong_with_roles_and_numbers(changes: Mapping[str, Any], expected: str) -> None:
    assert [expected in message for message in wrong(**changes)] == [True]


def test_all_that_is_wrong_is_told_at_once() -> None:
    messages = wrong(
        group="metamapper",
        users=[{**ME, "password": ""}, ME, {"name": "pg_x", "password": "", "state": "present"}],
        databases=[entry_options(schemas=[], creators=["auto", ""]), entry_options(schemas=[TOO_LONG])],
        connection_limit=-2,
        wait_seconds=-1,
        lock_timeout_ms=0,
    )
    assert [message.split(".")[0] for message in messages] == [
        'The name "pg_x" of a user is reserved by PostgreSQL',
        'Group and user have the same name "metamapper"',
        'The user "metamapper" is listed more than once',
        'The password of user "metamapper" is empty; PostgreSQL would refuse every login with it',
        'The password of user "pg_x" is empty; PostgreSQL would refuse every login with it',
        "The option connection_limit is -2",
        "The option wait_seconds is -1",
        "The option lock_timeout_ms is 0",
        "The name of a creator is empty",
        'No schema is listed for database "warehouse"',
        'The creators of database "warehouse" mix "auto" with names',
        f'The name "{TOO_LONG}" of a schema has 64 bytes; PostgreSQL would cut it at 63',
        'The database "warehouse" is listed more than once',
    ]


def test_every_problem_says_what_to_do() -> None:
    with pytest.raises(Failure) as caught:
        request_from_options(
            options(
                group="a\0", users=[{"name": "", "password": "a\0", "state": "present"}], databases=[], wait_seconds=-1
            )
        )
    assert [problem.message for problem in caught.value.problems if not problem.remedy] == []


def test_no_problem_shows_a_password() -> None:
    with pytest.raises(Failure) as caught:
        request_from_options(options(users=[{"name": "", "password": PASSWORD + "\0", "state": "present"}]))
    assert PASSWORD not in str(caught.value.as_result())
