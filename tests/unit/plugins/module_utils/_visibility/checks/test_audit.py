# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings from facts: what the login can read out of scope, and its privileges in excess of reading."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import (
    Membership,
    Owned,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.audit import (
    exposed,
    login_excess,
)

from tests.support.values.database_facts import FACTS, HOSTILE, SESSION, detail


def test_the_many_tables_exposed_in_one_way_are_one_finding() -> None:
    details = tuple(
        detail("exposed", schema="nous", relation=f"t{number}", members=200, through=("", "readers"))
        for number in range(50)
    )
    (one,) = exposed(replace(FACTS, details=details))
    assert one.reason.startswith("200 relations (")
    assert one.remedy == "REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA nous FROM PUBLIC, readers;"


def test_what_comes_through_another_role_is_mended_by_leaving_it() -> None:
    (one,) = exposed(replace(FACTS, details=(detail("exposed", schema="nous", through=("payroll",)),)))
    assert one.remedy == "REVOKE payroll FROM readers, mm;"


@pytest.mark.parametrize(
    ("held", "severity"),
    [
        pytest.param(Membership("readers", True, False, False), None, id="the group"),
        pytest.param(Membership("readers", True, False, True), "failure", id="the group, to pass on"),
        pytest.param(Membership("other", True, False, False), "information", id="a plain role"),
        pytest.param(Membership("other", False, False, False), "failure", id="by SET ROLE only"),
        pytest.param(Membership("other", True, True, False), "failure", id="a powerful role"),
        pytest.param(Membership("pg_write_all_data", True, False, False), "failure", id="a dangerous role"),
        pytest.param(Membership("pg_monitor", True, False, False), "information", id="a harmless predefined role"),
    ],
)
def test_a_membership(held: Membership, severity: str | None) -> None:
    found = login_excess(SESSION, "readers", [held], [])
    assert [one.severity for one in found] == ([severity] if severity else [])


def test_ownership_names_the_database_or_the_server() -> None:
    one, several = login_excess(SESSION, "readers", [], [Owned("mm", "wh", 1), Owned(HOSTILE, "", 3)])
    assert 'owns 1 object in database "wh"' in one.reason
    assert "owns 3 objects of the whole server" in several.reason
