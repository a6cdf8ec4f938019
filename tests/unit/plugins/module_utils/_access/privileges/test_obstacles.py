# SPDX-License-Identifier: GPL-3.0-or-later
"""Why privileges cannot be revoked, and the statement that fixes it."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import AclItem
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.obstacles import revoke_obstacles

from tests.support.values.names import an_item

SELECT = an_item(grantee="g", grantor="o", owner="o")
USAGE = SELECT._replace(kind="schema", schema="", name="s", privilege="USAGE")
CONNECT = USAGE._replace(kind="database", name="d", privilege="CONNECT")
DEFAULT = SELECT._replace(kind="default", name="o", detail="r")
OPTION = SELECT._replace(is_grant_option=True)
DEPENDENT = SELECT._replace(grantee="u", grantor="g", revoke_as=None)

BEYOND = SELECT._replace(grantor="h", revoke_as=None)
PROBLEMS: dict[str, tuple[list[AclItem], list[str]]] = {
    "nothing": ([], []),
    "all can be taken back": ([SELECT, USAGE, OPTION, DEPENDENT], []),
    "another grantor": ([BEYOND], ["SET ROLE h; REVOKE SELECT ON TABLE s.t FROM g; RESET ROLE;"]),
    "one problem a grantor": (
        [BEYOND, BEYOND._replace(name="a")],
        ["SET ROLE h; REVOKE SELECT ON TABLE s.a, s.t FROM g; RESET ROLE;"],
    ),
    "passed on": (
        [OPTION, SELECT._replace(grantee="public", grantor="g")],
        ["SET ROLE g; REVOKE SELECT ON TABLE s.t FROM public; RESET ROLE;"],
    ),
    "hidden": ([SELECT._replace(is_reachable=False)], ["GRANT USAGE ON SCHEMA s TO admin;"]),
    "hidden from the grantor": (
        [SELECT._replace(revoke_as="h", is_reachable=False)],
        ["GRANT USAGE ON SCHEMA s TO h;"],
    ),
    "outlived its schema": ([DEFAULT._replace(schema="", is_reachable=False)], ["DROP OWNED BY g;"]),
}


@pytest.mark.parametrize(("held", "expected"), PROBLEMS.values(), ids=PROBLEMS)
def test_problems(held: list[AclItem], expected: list[str]) -> None:
    found = revoke_obstacles(held, roles=["g", "u"], database="d", administrator="admin")
    assert [problem.statement for problem in found] == expected
    assert all(problem.database == "d" for problem in found)
