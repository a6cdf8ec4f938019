# SPDX-License-Identifier: GPL-3.0-or-later
"""The memberships that a transaction grants first and revokes last, and the check that all are as before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import AssumableRole
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.assume import (
    advised,
    not_restored,
    owner_to_assume,
    with_owners,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.remedy import sql
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import simple, texts

from tests.support.values.names import a_database

HOSTILE = "we\"ird.näme'; --"
QUOTED = '"we""ird.näme\'; --"'
WORK = simple("SELECT 1")


def role(
    name: str = "owner", *, can_set: bool = False, grantor: str = "", has_membership: bool = False
) -> AssumableRole:
    """Return a role that the administrator can become a member of for one transaction."""
    return AssumableRole(name, can_set, grantor, has_membership, ["a row"] if has_membership else [])


STATEMENTS = {
    "nobody is taken on": ([], [role()], [], []),
    "not known": (["other"], [role()], [], []),
    "a member already": (["owner"], [role(can_set=True)], [], []),
    "before 16": (["owner"], [role()], ["GRANT owner TO admin"], ["REVOKE owner FROM admin"]),
    "from 16 on": (
        ["owner"],
        [role(grantor="admin")],
        ["GRANT owner TO admin WITH INHERIT FALSE, SET TRUE GRANTED BY admin"],
        ["REVOKE owner FROM admin GRANTED BY admin"],
    ),
    "a row of this grantor": (
        ["owner"],
        [role(grantor="team", has_membership=True)],
        ["GRANT owner TO admin WITH SET TRUE GRANTED BY team"],
        ["GRANT owner TO admin WITH SET FALSE GRANTED BY team"],
    ),
    "in order of name, each once": (
        ["owner", HOSTILE, "owner"],
        [role(HOSTILE), role()],
        ["GRANT owner TO admin", f"GRANT {QUOTED} TO admin"],
        ["REVOKE owner FROM admin", f"REVOKE {QUOTED} FROM admin"],
    ),
}


@pytest.mark.parametrize(("taken_on", "assumable", "first", "last"), STATEMENTS.values(), ids=STATEMENTS)
def test_statements(taken_on: list[str], assumable: list[AssumableRole], first: list[str], last: list[str]) -> None:
    found = with_owners([WORK], taken_on, {one.name: one for one in assumable}, "admin")
    assert texts(found) == [*first, "SELECT 1", *last]


@pytest.mark.parametrize(
    ("owner", "expected"),
    [("owner", "owner"), (HOSTILE, ""), ("pg_database_owner", "dba"), ("", "")],
    ids=["assumable", "not assumable", "the owner of the database", "none"],
)
def test_owner_to_assume(owner: str, expected: str) -> None:
    facts = replace(a_database(), owner="dba", assumable={name: role(name) for name in ("owner", "dba")})
    assert owner_to_assume(facts, owner) == expected


BEFORE = role(HOSTILE, grantor="admin", has_membership=True)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (BEFORE, BEFORE, []),
        (BEFORE, BEFORE._replace(memberships=[]), [HOSTILE]),
        (BEFORE, BEFORE._replace(memberships=["a row", "another"]), [HOSTILE]),
        (BEFORE, role("other"), [HOSTILE]),
        (BEFORE._replace(can_set=True), BEFORE._replace(memberships=[]), []),
    ],
    ids=["the same", "gone", "more", "not assumable any more", "not borrowed"],
)
def test_not_restored(before: AssumableRole, after: AssumableRole, expected: list[str]) -> None:
    problems = not_restored("wh", "admin", [HOSTILE], before={before.name: before}, after={after.name: after})
    assert [problem.object for problem in problems] == expected


def test_the_option_is_advised_where_it_helps() -> None:
    run = sql("grant as the owner", "GRANT a;", role="owner")
    helped, left = Problem("Cannot a.", (run,), object="a"), Problem("Cannot b.", (run,), object=HOSTILE)
    told = advised([helped, left], [replace(left, message="Cannot b, and cannot assume its owner.")])
    assert [[one.situation for one in problem.remedies] for problem in told] == [
        ["assume the owners", "grant as the owner"],
        ["grant as the owner"],
    ]
    assert [[one.is_alternative for one in problem.remedies] for problem in told] == [[False, True], [False]]
