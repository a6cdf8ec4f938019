# SPDX-License-Identifier: GPL-3.0-or-later
"""A hundred thousand relations at the server's default lock settings, while other sessions need locks as well.

From 18 on each name in a GRANT or REVOKE takes a slot of the lock table, which holds some 6,000 at the defaults.
"""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from tests.torture.conftest import Ledger, Size
from tools.bench import child
from tools.bench.access import GROUP, USER, access
from tools.bench.concurrent_sessions import DATABASE, LOCK_TIMEOUT_MS, together
from tools.bench.content import build
from tools.postgres.server import Server, running
from tools.runners.modules import run_module

RELATIONS_PER_SCHEMA = 20
HELD = """
SELECT a.privilege_type, count(*)::int
  FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
 WHERE a.grantee = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = %s)
 GROUP BY 1
"""


@pytest.fixture
def large(major: str, size: Size) -> Iterator[Server]:
    """A server with default lock settings, and one large database on it."""
    with running(major, settings=["autovacuum=off"]) as server:
        build(server, DATABASE, size.schemas, RELATIONS_PER_SCHEMA)
        yield server


def held(server: Server) -> dict[str, int]:
    """Return the number of relations on which the group has each privilege."""
    return dict(server.execute(HELD, database=DATABASE, parameters=[GROUP]))


def test_default_lock_settings_suffice_and_nobody_is_starved(large: Server, size: Size, ledger: Ledger) -> None:
    wanted = access(large, DATABASE)
    unwanted: dict[str, Any] = {**wanted, "state": "absent", "users": [{"name": USER}]}
    del unwanted["databases"]
    relations = size.schemas * RELATIONS_PER_SCHEMA
    ledger["relations"] = relations
    steps = {
        "grant": (wanted, {"SELECT": relations}),
        "change the mode": ({**wanted, "privilege": "metadata", "accept_references": True}, {"REFERENCES": relations}),
        "take back": (unwanted, {}),
    }
    for step, (options, expected) in steps.items():
        beside = together(large, lambda options=options: child.run("access", options))  # type: ignore[misc]
        assert {name: one.failures for name, one in beside.items()} == dict.fromkeys(beside, 0), step
        assert held(large) == expected, step
        assert not run_module("access", options).ok().changed, step
        longest = max(max(one.milliseconds) for one in beside.values())
        assert longest < LOCK_TIMEOUT_MS
        ledger[f"longest wait beside {step}, ms"] = round(longest)
