# SPDX-License-Identifier: GPL-3.0-or-later
"""Values derived from the facts about a server and a database."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    Mention,
    PrivilegeState,
    Remains,
)

from tests.support.values.names import (
    DIRECT,
    HOSTILE,
    SERVER_9_6,
    SERVER_17,
    SERVER_18,
    THROUGH_PUBLIC,
    a_creator,
    a_role,
    a_schema,
    a_server,
    an_item,
)


@pytest.mark.parametrize(
    ("version", "lock_slots", "expected"),
    [(SERVER_17, 6400, None), (SERVER_18, 6400, 1600), (SERVER_18, 3, 1)],
    ids=["names take no lock", "a quarter of the slots", "never none"],
)
def test_how_many_objects_a_transaction_may_name(version: int, lock_slots: int, expected: int | None) -> None:
    assert a_server(version_num=version, lock_slots=lock_slots).names_per_transaction == expected


@pytest.mark.parametrize(
    ("version", "is_member", "is_inherited", "expected"),
    [
        pytest.param(SERVER_9_6, True, False, True, id="9.6, a member"),
        pytest.param(SERVER_9_6, False, False, False, id="9.6, none"),
        pytest.param(SERVER_17, True, False, False, id="17, a member that does not inherit"),
        pytest.param(SERVER_17, True, True, True, id="17, one that does"),
    ],
)
def test_for_which_creators_the_administrator_can_act(
    version: int, is_member: bool, is_inherited: bool, expected: bool
) -> None:
    creator = a_creator("s", HOSTILE, is_member=is_member, is_inherited=is_inherited)
    assert a_server(version_num=version).can_act_for(creator) is expected


def test_the_administrator_is_one_of_the_roles() -> None:
    admin = a_role(HOSTILE)
    assert a_server(a_role("other"), admin=admin).admin is admin


@pytest.mark.parametrize(("usage", "expected"), [(DIRECT, True), (THROUGH_PUBLIC, False)], ids=["direct", "PUBLIC"])
def test_usage_through_public_is_not_granted(usage: PrivilegeState, expected: bool) -> None:
    assert a_schema(HOSTILE, usage).is_granted is expected


def test_an_object_is_identified_by_kind_names_and_detail() -> None:
    item = an_item("s", HOSTILE, kind="column", detail="c")
    assert item.object == ("column", "s", HOSTILE, "c")


@pytest.mark.parametrize(
    ("hows", "expected"), [("", ()), ("oarm", ()), ("oim", (HOSTILE,))], ids=["none", "others", "one"]
)
def test_which_roles_are_in_initial_privileges(hows: str, expected: tuple[str, ...]) -> None:
    assert Remains(tuple(Mention(HOSTILE, "warehouse", how, 1, True) for how in hows)).initial == expected
