# SPDX-License-Identifier: GPL-3.0-or-later
"""Other sessions create, drop, alter and rename tables and schemas while the module runs."""

from __future__ import annotations

import contextlib
import itertools
import random
import threading
from typing import Any, Sequence

import psycopg2
import pytest

from tests.support.modules.access import Warehouse, can_read
from tests.support.modules.forks import Forks
from tests.support.postgres.site import Site, identifiers
from tests.torture.conftest import Ledger, Size
from tools.runners.modules import Outcome

STORMERS = 3
AT_ONCE = 4
KEPT = 12
# SQLSTATEs with which concurrent DDL may make a run fail: a schema or relation that is gone, or a lock.
TOLD = ("XX000", "23505", "40001", "40P01", "42P01", "3F000", "42704", "55P03")


class Storm:
    """Threads that each change their own schemas and tables until they are stopped."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._stop = threading.Event()
        self.errors: list[str] = []
        self.statements = 0
        self._threads = [threading.Thread(target=self._blow, args=(n,), daemon=True) for n in range(STORMERS)]

    def __enter__(self) -> Storm:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _blow(self, number: int) -> None:
        chance = random.Random(number)
        with contextlib.closing(self._warehouse.server.connect(self._warehouse.database)) as connection:
            cursor = connection.cursor()
            cursor.execute(identifiers("SET ROLE {}", self._warehouse.owner))
            for turn in itertools.count():
                if self._stop.is_set():
                    return
                for statement in self._turn(number, turn, chance):
                    self._run(cursor, statement)

    def _turn(self, number: int, turn: int, chance: random.Random) -> Sequence[Any]:
        """Return the statements of one turn: they create, rename, alter and drop schemas with tables."""
        new, old = f"storm-{number}-{turn}", f"storm-{number}-{turn - KEPT}"
        some = f"storm-{number}-{turn - chance.randint(1, KEPT)}"
        return (
            identifiers("CREATE SCHEMA {}", new),
            identifiers("CREATE TABLE {}.t(id int)", new),
            identifiers("CREATE VIEW {}.v AS SELECT 1 AS id", new),
            identifiers("ALTER TABLE IF EXISTS {}.t RENAME TO {}", some, f"t{turn}"),
            identifiers("ALTER TABLE IF EXISTS {}.{} ADD COLUMN later int", some, f"t{turn}"),
            identifiers("ALTER SCHEMA {} RENAME TO {}", new, f"storm'-{number}-{turn}"),
            identifiers("ALTER SCHEMA {} RENAME TO {}", f"storm'-{number}-{turn}", new),
            identifiers("DROP SCHEMA IF EXISTS {} CASCADE", old),
        )

    def _run(self, cursor: Any, statement: Any) -> None:
        try:
            cursor.execute(statement)
            self.statements += 1
        except (psycopg2.errors.InternalError_, psycopg2.errors.InvalidSchemaName):
            pass  # "tuple concurrently updated": a GRANT changed the same row, as any DDL may; later ones succeed
        except psycopg2.Error as error:
            self.errors.append(f"{error.pgcode} {error}")


@pytest.fixture(params=["superuser", "deputy"])
def warehouse(request: pytest.FixtureRequest, site: Site) -> Warehouse:
    """A warehouse whose owner may create schemas, with each kind of administrator."""
    made = Warehouse(site, is_superuser=request.param == "superuser")
    made.run("GRANT CREATE ON DATABASE {} TO {}", made.database, made.owner)
    return made


def told(outcome: Outcome) -> str:
    """Return how a run ended: converged, or refused because of concurrent DDL; raises AssertionError otherwise."""
    if not outcome.failed:
        return "converged"
    first = outcome["problems"][0]
    assert first["sqlstate"] in TOLD, outcome["msg"]
    assert first["database"], outcome["msg"]
    return f"refused with {first['sqlstate']}"


def test_a_storm_of_ddl(warehouse: Warehouse, forking: Forks, size: Size, ledger: Ledger) -> None:
    entry = warehouse.entry(schemas=["storm*", warehouse.schema])
    entry["allow_empty"] = True
    options = warehouse.options(databases=[entry], lock_timeout_ms=500)
    with Storm(warehouse) as storm:
        for _round in range(size.storms):
            runs = [forking.start("access", options) for _number in range(AT_ONCE)]
            for run in runs:
                ledger[told(run.outcome())] += 1
    assert storm.errors == []
    ledger["statements of the storm"] = storm.statements
    forking.start("access", options).outcome().ok()
    again = forking.start("access", options).outcome().ok()
    assert not again.changed
    left = warehouse.run(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname LIKE 'storm%' AND c.relkind IN ('r', 'v') ORDER BY 1, 2"
    )
    assert len(left) > KEPT
    with warehouse.login() as connection:
        assert [name for name in left if not can_read(connection, *name)] == []
