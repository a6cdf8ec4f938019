# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret is shown nowhere except by reveal()."""

from __future__ import annotations

import copy
import json
import pickle
import pprint
import traceback
from dataclasses import asdict, astuple, replace
from typing import Any, Callable

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import User
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import MASK, Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import ServerError
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login, connection_problem
from hypothesis import given, strategies

from tests.support.values.names import HOSTILE, PASSWORD, a_request

# Contains the password of a_request(); no part of it may be shown.
TEXT = f"{PASSWORD} {HOSTILE}"
SECRET = Secret(TEXT)
USER = User("metamapper", SECRET)
LOGIN = Login("metamapper", SECRET, host="db.example.org")
STATEMENT = Statement("ALTER ROLE {} PASSWORD {}", (("metamapper",),), SECRET)


def _traceback_of_an_error() -> str:
    try:
        raise ValueError(f"cannot use {SECRET}", SECRET, LOGIN)
    except ValueError:
        return traceback.format_exc()


def _json_of(value: Any) -> str:
    return json.dumps(value, default=str)


SHOWN: dict[str, Callable[[], str]] = {
    "repr": lambda: repr(SECRET),
    "str": lambda: str(SECRET),
    "format": lambda: f"{SECRET} {SECRET!r} {SECRET!s} {SECRET!a}",
    "percent": lambda: "%s %r" % (SECRET, SECRET),  # noqa: UP031 - old-style formatting must not show it either
    "in a list": lambda: str([SECRET]),
    "in a mapping": lambda: str({SECRET: SECRET}),
    "pretty print": lambda: pprint.pformat([SECRET, USER, LOGIN]),
    "json": lambda: _json_of({"password": SECRET}),
    "repr of a user": lambda: repr(USER),
    "repr of a login": lambda: repr(LOGIN),
    "repr of a statement": lambda: repr(STATEMENT),
    "a statement for people": lambda: str(STATEMENT),
    "repr of all that is wanted": lambda: repr(a_request()),
    "repr of a changed copy": lambda: repr(replace(LOGIN, user="other")),
    "asdict of a user": lambda: str(asdict(USER)),
    "json of a login": lambda: _json_of(asdict(LOGIN)),
    "astuple of a statement": lambda: str(astuple(STATEMENT)),
    "an exception's text": lambda: str(ValueError(SECRET)),
    "an exception's repr": lambda: repr(ValueError(SECRET, USER)),
    "a traceback": _traceback_of_an_error,
    "a failure": lambda: str(Failure([Problem(f"Cannot use {SECRET}.", statement=str(STATEMENT))]).as_result()),
    "a refused connection": lambda: repr(connection_problem(LOGIN, "warehouse", ServerError("", "refused"))),
    "a copy": lambda: repr(copy.deepcopy(SECRET)),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_no_part_of_the_text_is_shown(show: Callable[[], str]) -> None:
    assert "p4ss" not in show()


def test_a_secret_has_no_attributes_that_a_dump_would_find() -> None:
    assert not hasattr(SECRET, "__dict__")


def test_a_secret_is_not_serialized_as_json() -> None:
    with pytest.raises(TypeError):
        json.dumps(SECRET)


def test_a_secret_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        SECRET._text = "other"


def test_a_secret_cannot_be_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(SECRET)


def test_only_reveal_gives_the_text() -> None:
    assert SECRET.reveal() == TEXT


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(Secret(TEXT), True, id="the same text"),
        pytest.param(Secret(""), False, id="the empty text"),
        pytest.param(Secret("ä"), False, id="a text that is not ASCII"),
        pytest.param(TEXT, False, id="the bare text"),
        pytest.param(MASK, False, id="the mask"),
        pytest.param(None, False, id="nothing"),
    ],
)
def test_equality(other: object, expected: bool) -> None:
    assert (other == SECRET) is expected


def test_equal_secrets_have_the_same_hash() -> None:
    assert len({SECRET, Secret(TEXT)}) == 1


@pytest.mark.parametrize(("text", "expected"), [("", False), (" ", True), (TEXT, True)])
def test_a_secret_is_true_unless_empty(text: str, expected: bool) -> None:
    assert bool(Secret(text)) is expected


@given(strategies.text())
def test_every_secret_looks_alike(text: str) -> None:
    assert repr(Secret(text)) == str(Secret(text)) == f"{Secret(text)}" == MASK
