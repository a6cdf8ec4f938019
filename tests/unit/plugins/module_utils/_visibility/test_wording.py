# SPDX-License-Identifier: GPL-3.0-or-later
"""How findings name grantees, and how they count what they do not name."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import RelationDetail
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.finding import MOST_EXAMPLES
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.wording import (
    Sample,
    grantee,
    named,
    sampled,
    through,
)

from tests.support.values.database_facts import HOSTILE, detail

NAME = '"we""ird.näme\'; --"'


@pytest.mark.parametrize(
    ("role", "text", "in_sql"),
    [("", "PUBLIC", "PUBLIC"), ("public", 'role "public"', "public"), (HOSTILE, f"role {NAME}", NAME)],
    ids=["PUBLIC", "a role named public", "hostile"],
)
def test_a_grantee_is_named(role: str, text: str, in_sql: str) -> None:
    assert (named(role), grantee(role)) == (text, in_sql)


@pytest.mark.parametrize(
    ("roles", "owner", "expected"),
    [
        pytest.param((), "", "a predefined role such as pg_read_all_data", id="nobody known"),
        pytest.param(("", HOSTILE), "", f"PUBLIC and role {NAME}", id="two"),
        pytest.param(("",), HOSTILE, f"PUBLIC and ownership by {NAME}", id="an owner, too"),
    ],
)
def test_through_whom_a_privilege_is_held(roles: tuple[str, ...], owner: str, expected: str) -> None:
    assert through(detail("exposed", through=roles, owner=owner)) == expected


def alike(count: int, members: int, schema: str = "sales") -> tuple[RelationDetail, ...]:
    return tuple(detail("missing", relation=f"t{number}", members=members, schema=schema) for number in range(count))


@pytest.mark.parametrize(
    ("details", "unlisted"),
    [
        pytest.param((), {}, id="none"),
        pytest.param(alike(2, 2), {}, id="all named"),
        pytest.param(alike(MOST_EXAMPLES, MOST_EXAMPLES), {}, id="exactly as many as are named"),
        pytest.param(alike(MOST_EXAMPLES, MOST_EXAMPLES + 7), {"sales": 7}, id="more"),
        pytest.param(
            (*alike(MOST_EXAMPLES, MOST_EXAMPLES + 7), *alike(MOST_EXAMPLES, MOST_EXAMPLES + 1, HOSTILE)),
            {"sales": 7, HOSTILE: 1},
            id="two schemas",
        ),
    ],
)
def test_what_is_not_named_is_counted(details: tuple[RelationDetail, ...], unlisted: dict[str, int]) -> None:
    assert sampled(details) == Sample(details, unlisted)
