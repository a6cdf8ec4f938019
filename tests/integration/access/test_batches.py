# SPDX-License-Identifier: GPL-3.0-or-later
"""On PostgreSQL 18 each name in a GRANT takes a slot of the lock table, so a large schema is granted in batches."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from tests.support.modules.access import superuser_options
from tests.support.postgres.site import Site
from tools.postgres.server import Server, running
from tools.runners.modules import run_module

# Of the 10 * (20 + 0) slots in the lock table a batch may take a quarter: 50 names.
SETTINGS = ["max_locks_per_transaction=10", "max_connections=20", "autovacuum=off"]
TABLES = 130
SESSION = "ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session.Session"


@pytest.fixture(scope="module")
def small(major: str) -> Iterator[Server]:
    """A server that can hold few locks."""
    with running(major, settings=SETTINGS) as server:
        yield server


@pytest.fixture
def crowded(small: Server) -> Iterator[Site]:
    """A database with one schema larger than a batch and several small ones that fit into one batch together."""
    site = Site(small)
    try:
        for number in range(TABLES):
            site.run(f'CREATE SCHEMA IF NOT EXISTS large; CREATE TABLE large."t\'{number}"(id int)')
        for schema in ("small 1", "small;2"):
            site.run("CREATE SCHEMA {0}; CREATE TABLE {0}.a(); CREATE TABLE {0}.b()", schema)
        yield site
    finally:
        site.clean_up()


def options(site: Site) -> dict[str, Any]:
    """Return options of module access."""
    return {
        **superuser_options(site),
        "users": [{"name": site.user, "password": site.password}],
        "databases": [{"name": site.database, "schemas": ["large", "small*"]}],
    }


def test_a_schema_larger_than_a_batch_is_granted_in_parts_usage_first(
    crowded: Site, major: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session

    commits: list[int] = []
    plain_commit = Session.commit

    def commit(session: Session) -> None:
        # Another session can still lock more tables than an eighth of the slots: the grant does not starve it.
        with crowded.server.connect(crowded.database) as other, other.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE " + ", ".join(f'large."t\'{n}"' for n in range(20)) + " IN SHARE MODE")
            cursor.execute("ROLLBACK")
        other.close()
        plain_commit(session)
        commits.append(readable(crowded))
        assert readable(crowded) == 0 or usage(crowded)

    monkeypatch.setattr(Session, "commit", commit)
    made = run_module("access", options(crowded)).ok()
    grants = [statement for statement in made.statements if statement.startswith("GRANT SELECT")]
    in_parts = sorted(set(commits))
    assert in_parts[-1] == TABLES
    if float(major) >= 18:
        assert max(statement.count("large.") for statement in grants) <= 50
        assert len(in_parts) > 3
    else:
        assert in_parts == [0, TABLES]
    monkeypatch.undo()
    assert not run_module("access", options(crowded)).ok().changed


GRANT: dict[str, Any] = {}
NARROW = {"exclusive": True, "schemas": ["public"]}
ABSENT = {"state": "absent"}


def test_check_mode_runs_the_same_statements_in_the_same_batches(crowded: Site, major: str) -> None:
    for changes in (GRANT, NARROW, GRANT, ABSENT):
        asked = options(crowded)
        asked.update({name: value for name, value in changes.items() if name != "schemas"})
        if "schemas" in changes:
            asked["databases"] = [{"name": crowded.database, "schemas": changes["schemas"]}]
        if changes is ABSENT:
            asked["users"], asked["databases"] = [{"name": crowded.user}], None
        foreseen = run_module("access", asked, check=True).ok()
        made = run_module("access", asked).ok()
        assert made.statements == foreseen.statements
        tables = [statement.count("large.") for statement in made.statements]
        assert sum(tables) == TABLES
        assert len([count for count in tables if count]) > 1 or float(major) < 18
        assert not run_module("access", asked).ok().changed


def readable(site: Site) -> int:
    """Return how many tables of the large schema the group can read."""
    query = (
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a"
        " WHERE n.nspname = 'large' AND pg_get_userbyid(a.grantee) = %s"
    )
    return int(site.server.execute(query, database=site.database, parameters=[site.group])[0][0])


def usage(site: Site) -> bool:
    """Tell whether the group has USAGE on the large schema."""
    query = "SELECT has_schema_privilege(%s, 'large', 'USAGE')"
    return bool(site.server.execute(query, database=site.database, parameters=[site.group])[0][0])
