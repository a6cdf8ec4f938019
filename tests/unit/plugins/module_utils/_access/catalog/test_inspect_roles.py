# SPDX-License-Identifier: GPL-3.0-or-later
"""How rows about roles become values; what the queries return is tested on real servers."""

from __future__ import annotations

from typing import Any, cast

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog import role_queries
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect_roles import (
    inspect_remains,
    inspect_roles,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.role_queries import ROLES
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session

from tests.support.values.names import HOSTILE, a_request, an_entry
from tests.support.values.session import Catalog

ROLE = {
    **{name: False for name in ("is_replication", "is_bypassrls", "is_createrole", "is_expired")},
    **{name: True for name in ("is_superuser", "is_createdb", "can_login", "is_in_group")},
    **{"is_inheriting": False, "connection_limit": 5, "owned": 3, "members": ("a", "b"), "is_administered": False},
    **{"connections": 2, "settings": {}, "grantors": ()},
}


def test_a_role() -> None:
    (role,) = inspect_roles(cast(Session, Catalog({ROLES: [{**ROLE, "name": HOSTILE}]})), a_request()).values()
    assert (role.is_superuser, role.can_login, role.connection_limit, role.owned, role.members, role.connections) == (
        True,
        True,
        5,
        3,
        ("a", "b"),
        2,
    )


def test_the_roles_of_the_task_and_its_creators_are_asked_about() -> None:
    catalog = Catalog({})
    inspect_roles(cast(Session, catalog), a_request("readers", HOSTILE, databases=(an_entry(creators=("app",)),)))
    assert catalog.asked == {ROLES: {"names": [HOSTILE, "readers", "app"], "group": "readers"}}


@pytest.mark.parametrize(
    ("how", "asked"),
    [
        pytest.param("a", [], id="an ACL"),
        pytest.param("r", [role_queries.POLICIES], id="a policy"),
        pytest.param("m", [role_queries.USER_MAPPINGS], id="a user mapping"),
    ],
)
def test_what_depends_on_roles_is_asked_where_something_does(how: str, asked: list[str]) -> None:
    mention: dict[str, Any] = {"role": HOSTILE, "database": "w", "how": how, "objects": 1, "can_act": True}
    catalog = Catalog({role_queries.MENTIONS: [mention]})
    remains = inspect_remains(cast(Session, catalog), a_request("readers", HOSTILE), "w")
    assert [one.how for one in remains.mentions] == [how]
    assert list(catalog.asked) == [role_queries.MENTIONS, *asked]
    assert catalog.asked[role_queries.MENTIONS] == {"roles": [HOSTILE, "readers"], "database": "w"}
