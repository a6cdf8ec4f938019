# SPDX-License-Identifier: GPL-3.0-or-later
"""Metamapper's user looks up patterns of databases, in whichever database it can connect to."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator

import pytest

from tests.support.modules.scope import Tenants, expected
from tests.support.modules.visibility import found
from tests.support.postgres.site import Site, identifiers


@pytest.fixture
def tenants(site: Site) -> Tenants:
    """Three databases with a schema sales each, which Metamapper's user may read."""
    tenants = Tenants(site)
    tenants.access([{"name": tenants.pattern, "schemas": ["sales"]}]).ok()
    return tenants


@contextlib.contextmanager
def without(site: Site, *databases: str) -> Iterator[None]:
    """Revoke CONNECT on some databases from PUBLIC, for the length of a with block."""
    for database in databases:
        site.server.execute(identifiers("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", database))
    try:
        yield
    finally:
        for database in databases:
            site.server.execute(identifiers("GRANT CONNECT ON DATABASE {} TO PUBLIC", database))


def test_a_server_whose_postgres_is_closed(tenants: Tenants) -> None:
    entries = [{"name": tenants.pattern, "schemas": ["sales"]}]
    with without(tenants.site, "postgres"):
        assert set(expected(tenants.visibility(entries).ok())) == set(tenants.databases)


def test_a_server_on_which_nothing_well_known_is_open(tenants: Tenants) -> None:
    entries = [{"name": tenants.pattern, "schemas": ["sales"]}]
    with without(tenants.site, "postgres", "template1"):
        (refused,) = found(tenants.visibility(entries), "connection", "failure")
        assert "cannot be looked up" in refused["reason"]
        assert "metamapper_login_db" in refused["remedy"]
        by_option = tenants.visibility(entries, login_db=tenants.databases[0]).ok()
        by_name = tenants.visibility([*entries, {"name": tenants.databases[0], "schemas": ["sales"]}]).ok()
        assert set(expected(by_option)) == set(expected(by_name)) == set(tenants.databases)


def test_a_wrong_password_is_tried_on_one_database(tenants: Tenants) -> None:
    before = tenants.site.server.logged().count("28P01")
    entries = [{"name": name, "schemas": ["sales"]} for name in (tenants.pattern, *tenants.databases[:2])]
    outcome = tenants.visibility(entries, password="wrong")
    assert "cannot be looked up" in outcome["findings"][0]["reason"]
    assert outcome["findings"][0]["remedy"]
    assert tenants.site.server.logged().count("28P01") - before <= 2


@pytest.mark.parametrize("is_pattern_beside", [False, True])
def test_a_typo_is_answered_by_the_name_that_may_have_been_meant(tenants: Tenants, is_pattern_beside: bool) -> None:
    first = tenants.databases[0]
    entries: list[dict[str, Any]] = [{"name": first[1:], "schemas": ["sales"]}, {"name": first, "schemas": ["slaes"]}]
    beside: list[dict[str, Any]] = (
        [{"name": f"{tenants.databases[1]}*", "schemas": ["sales"]}] if is_pattern_beside else []
    )
    reasons = [one["reason"] for one in found(tenants.visibility([*entries, *beside]), "missing")]
    assert sorted(reasons) == [
        f'Database "{first[1:]}" not found (as a name or a pattern). Did you mean "{first}"?',
        f'Schema "slaes" not found in database "{first}" (as a name or a pattern). Did you mean "sales"?',
    ]


def test_a_database_may_be_missing_where_nothing_has_to_match(tenants: Tenants) -> None:
    entries: list[dict[str, Any]] = [
        {"name": "no such", "schemas": ["sales"], "allow_empty": True},
        {"name": tenants.databases[0], "schemas": ["sales"]},
    ]
    assert expected(tenants.visibility(entries).ok()) == {tenants.databases[0]: ["sales"]}
