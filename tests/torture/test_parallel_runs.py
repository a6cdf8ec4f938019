# SPDX-License-Identifier: GPL-3.0-or-later
"""Sixteen parallel runs on the same databases: each succeeds, nothing is granted twice, the result is as requested."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, Callable, Sequence

import pytest

from tests.support.modules.access import Warehouse
from tests.support.modules.forks import Forks
from tests.support.modules.removal import absent_options, remove
from tests.support.postgres.acls import acls, changed
from tests.support.postgres.site import Site
from tests.torture.conftest import Ledger, Size
from tools.runners.modules import Outcome

AT_ONCE = 16
Break = Callable[[Warehouse, random.Random], Any]


def nothing_there(warehouse: Warehouse, _chance: random.Random) -> None:
    """Revoke all access."""
    remove(warehouse).ok()


def nothing_broken(_warehouse: Warehouse, _chance: random.Random) -> None:
    """Leave everything as it is."""


def broken_here_and_there(warehouse: Warehouse, chance: random.Random) -> None:
    """Break some of the access by hand, in the databases and on the roles."""
    damage: Sequence[tuple[str, Sequence[str]]] = (
        ("REVOKE SELECT ON {}.{} FROM {}", (warehouse.schema, "ta.ble", warehouse.group)),
        ("REVOKE USAGE ON SCHEMA {} FROM {}", (warehouse.other, warehouse.group)),
        ("REVOKE SELECT ON ALL TABLES IN SCHEMA {} FROM {}", (warehouse.other, warehouse.group)),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} REVOKE SELECT ON TABLES FROM {}",
            (warehouse.owner, warehouse.schema, warehouse.group),
        ),
        ("REVOKE {} FROM {}", (warehouse.group, warehouse.user)),
        ("ALTER ROLE {} CONNECTION LIMIT 3", (warehouse.user,)),
        ("ALTER ROLE {} NOLOGIN", (warehouse.user,)),
        ("ALTER ROLE {} RESET default_transaction_read_only", (warehouse.user,)),
        ("ALTER ROLE {} PASSWORD 'another'", (warehouse.user,)),
    )
    for statement, names in chance.sample(damage, chance.randint(1, 4)):
        warehouse.run(statement, *names)


STARTS: Sequence[Break] = (nothing_there, broken_here_and_there, broken_here_and_there, nothing_broken)


@pytest.fixture(params=["superuser", "deputy"])
def warehouse(request: pytest.FixtureRequest, site: Site) -> Warehouse:
    """A warehouse with hostile names, with each kind of administrator."""
    return Warehouse(site, is_superuser=request.param == "superuser")


def granted(outcomes: Sequence[Outcome]) -> Counter[str]:
    """Count how many runs ran each statement, except those that set a password, which each run may find wrong."""
    return Counter(statement for outcome in outcomes for statement in outcome.statements if "PASSWORD" not in statement)


def test_sixteen_runs_at_once(warehouse: Warehouse, forking: Forks, size: Size, ledger: Ledger) -> None:
    databases = [warehouse.database, "postgres"]
    nothing = acls(warehouse.server, *databases)
    warehouse.access().ok()
    wish = acls(warehouse.server, *databases)
    chance = random.Random(f"{size} {warehouse.admin.is_superuser}")
    for number in range(size.rounds // 2):
        start = STARTS[number % len(STARTS)]
        start(warehouse, chance)
        runs = [forking.start("access", warehouse.options()) for _number in range(AT_ONCE)]
        outcomes = [run.outcome().ok() for run in runs]
        twice = [statement for statement, times in granted(outcomes).items() if times > 1]
        assert (number, start.__name__, twice) == (number, start.__name__, [])
        assert changed(wish, acls(warehouse.server, *databases)) == {}
        ledger["rounds"] += 1
        ledger["runs"] += len(outcomes)
        ledger["runs that wrote"] += sum(outcome.changed for outcome in outcomes)
    assert warehouse.readable(warehouse.schema) == warehouse.relations
    removals = [forking.start("access", absent_options(warehouse)) for _number in range(AT_ONCE)]
    assert [removal.outcome().get("msg") for removal in removals] == [None] * AT_ONCE
    assert changed(nothing, acls(warehouse.server, *databases)) == {}
    ledger["removals at once"] += AT_ONCE
