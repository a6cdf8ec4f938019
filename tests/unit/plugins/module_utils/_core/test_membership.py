# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may grant a membership, and with which statement, before PostgreSQL 16 and since."""

from __future__ import annotations

from typing import Callable

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.membership import (
    end_of_membership,
    ends_of_memberships,
    inheriting_membership,
    may_alter,
    may_grant,
)

from tests.support.values.names import HOSTILE, SERVER_9_6, SERVER_17

QUOTED = '"we""ird.näme\'; --"'


@pytest.mark.parametrize(
    ("asked", "version", "expected"),
    [
        pytest.param(may_grant, SERVER_9_6, "a role with CREATEROLE or a superuser", id="before 16"),
        pytest.param(may_grant, SERVER_17, f"a role with ADMIN OPTION on {QUOTED} or a superuser", id="since 16"),
        pytest.param(may_alter, SERVER_9_6, "a role with CREATEROLE or a superuser", id="to alter, before 16"),
        pytest.param(
            may_alter,
            SERVER_17,
            f"a role with CREATEROLE and ADMIN OPTION on {QUOTED} or a superuser",
            id="to alter, since 16",
        ),
    ],
)
def test_who_may(asked: Callable[[str, int], str], version: int, expected: str) -> None:
    assert asked(HOSTILE, version) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (SERVER_9_6, f"GRANT {QUOTED} TO admin;"),
        (SERVER_17, f"GRANT {QUOTED} TO admin WITH INHERIT TRUE;"),
    ],
    ids=["before 16", "since 16"],
)
def test_a_membership_that_inherits(version: int, expected: str) -> None:
    assert inheriting_membership(HOSTILE, "admin", version) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (SERVER_9_6, f"REVOKE admin FROM {QUOTED};"),
        (SERVER_17, f"REVOKE admin FROM {QUOTED} GRANTED BY boss;"),
    ],
    ids=["before 16", "since 16"],
)
def test_the_end_of_a_membership(version: int, expected: str) -> None:
    assert end_of_membership("admin", HOSTILE, "boss", version) == expected


@pytest.mark.parametrize(
    ("through", "expected"),
    [
        pytest.param([], (), id="none"),
        pytest.param([("a", "g"), ("a", "h")], ("REVOKE a FROM m;",), id="one, whoever granted it"),
        pytest.param([("a", "g"), ("b", "g")], ("REVOKE a FROM m;", "REVOKE b FROM m;"), id="two roles"),
    ],
)
def test_each_membership_ends_once(through: list[tuple[str, str]], expected: tuple[str, ...]) -> None:
    assert ends_of_memberships(through, "m", SERVER_9_6) == expected
