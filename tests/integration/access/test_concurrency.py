# SPDX-License-Identifier: GPL-3.0-or-later
"""Many runs at once, locks held by others, and concurrent DDL of others."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import threading
import time
from typing import Any, Iterator

import psycopg2
import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access import result
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.apply import apply

from tests.support.modules.access import Warehouse
from tests.support.patience import soon
from tests.support.postgres.site import Site, identifiers
from tools.postgres.server import running
from tools.runners.modules import start_module

RUNS = 8
TRANSACTION = "ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.transaction"


def finished(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the result of a module that runs in its own process."""
    output, errors = process.communicate(timeout=120)
    assert "Traceback" not in errors
    result: dict[str, Any] = json.loads(output)
    return result


@pytest.mark.thorough
@pytest.mark.parametrize("start", ["from-nothing", "broken"])
def test_eight_runs_at_once(warehouse: Warehouse, start: str) -> None:
    if start == "broken":
        warehouse.access().ok()
        warehouse.run("REVOKE SELECT ON {}.{} FROM {}", warehouse.schema, "ta.ble", warehouse.group)
        warehouse.run("ALTER ROLE {} CONNECTION LIMIT 3", warehouse.user)
    processes = [start_module("access", warehouse.options()) for _number in range(RUNS)]
    results = [finished(process) for process in processes]
    assert [result.get("msg") for result in results] == [None] * RUNS
    # Each statement was run only once: a run that got the lock later inspected the state again.
    statements = [statement for result in results for statement in result["statements"]]
    if start == "broken":
        assert sorted(statement.split()[0] for statement in statements) == ["ALTER", "GRANT"]
    assert len(statements) == len(set(statements))
    assert warehouse.readable(warehouse.schema) == warehouse.relations
    assert not warehouse.access().ok().changed


@contextlib.contextmanager
def holding(warehouse: Warehouse, *statements: Any) -> Iterator[None]:
    """Hold the locks that some statements take, in an open transaction."""
    connection = warehouse.server.connect(warehouse.database)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("BEGIN")
        for statement in statements:
            cursor.execute(statement)
        yield


def test_a_lock_of_somebody_elses_is_not_waited_for_for_ever(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{TRANSACTION}.FIRST_PAUSE_SECONDS", 0.001)
    statement = identifiers("ALTER TABLE {}.{} ADD COLUMN later int", warehouse.schema, "ta.ble")
    with holding(warehouse, statement):
        refused = warehouse.access(lock_timeout_ms=50)
    assert refused.failed
    assert refused["problems"][0]["sqlstate"] == refused["sqlstate"] == "55P03"
    assert "lock_timeout_ms" in refused["msg"]
    assert re.search(rf'may be held by process \d+ \(role "{warehouse.server.user}"', refused["msg"])
    assert '."ta.ble"' in refused["problems"][0]["statement"]
    assert refused["committed"] == [f'the group: "{warehouse.group.replace(chr(34), chr(34) * 2)}"']
    warehouse.access().ok()
    assert warehouse.readable(warehouse.schema) == warehouse.relations


def test_a_lock_that_is_released_in_time_is_waited_for(warehouse: Warehouse) -> None:
    statement = identifiers("ALTER TABLE {}.{} ADD COLUMN later int", warehouse.schema, "ta.ble")
    with holding(warehouse, statement):
        process = start_module("access", warehouse.options(lock_timeout_ms=200))
        time.sleep(1.5)
    assert finished(process).get("msg") is None
    assert warehouse.readable(warehouse.schema) == warehouse.relations


def test_another_run_is_waited_for_no_longer_than_wait_seconds(warehouse: Warehouse) -> None:
    with holding(warehouse, "SELECT pg_advisory_xact_lock(7882834684577673328)"):
        start = time.monotonic()
        refused = warehouse.access(wait_seconds=1)
        assert time.monotonic() - start < 5 * soon()
        assert refused.failed
        assert "wait_seconds" in refused["msg"]
        assert refused["sqlstate"] == "55P03"
        assert refused["database"] == warehouse.database
        (ends,) = [problem["statement"] for problem in refused["problems"]]
        assert re.search(rf'held by process \d+ \(role "{warehouse.server.user}"', refused["msg"])
        warehouse.server.execute(ends)
        warehouse.access().ok()


@pytest.mark.thorough
def test_a_prepared_transaction_that_holds_a_lock_is_named_with_what_ends_it(major: str) -> None:
    with running(major, settings=["max_prepared_transactions=2"]) as server:
        warehouse = Warehouse(Site(server), is_superuser=True)
        for script in (
            "SELECT pg_advisory_xact_lock(7882834684577673328)",
            'ALTER TABLE "HR [*]?"."ta.ble" ADD COLUMN later int',
        ):
            with contextlib.closing(server.connect(warehouse.database)) as connection, connection.cursor() as cursor:
                cursor.execute("BEGIN")
                cursor.execute(script)
                cursor.execute("PREPARE TRANSACTION 'for''got'")
            refused = warehouse.access(wait_seconds=1, lock_timeout_ms=50)
            assert 'held by the prepared transaction "for\'got"' in refused["msg"]
            (end,) = re.findall(r"ROLLBACK PREPARED '[^;]*';", refused["msg"])
            server.execute(end, database=warehouse.database)
        warehouse.access().ok()


def test_a_run_that_has_nothing_to_write_does_not_wait_for_another(warehouse: Warehouse) -> None:
    warehouse.access().ok()
    with holding(warehouse, "SELECT pg_advisory_xact_lock(7882834684577673328)"):
        assert not warehouse.access(wait_seconds=0).ok().changed


def test_a_schema_that_came_after_the_survey_is_left_to_the_next_run(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    # If each attempt included schemas that others create or rename meanwhile, a run might never finish.
    def apply_later(*arguments: Any) -> Any:
        warehouse.run("CREATE SCHEMA late AUTHORIZATION {}", warehouse.owner)
        warehouse.run_as(warehouse.owner, "CREATE TABLE late.t()")
        return apply(*arguments)

    monkeypatch.setattr(result, "apply", apply_later)
    entry = warehouse.entry(schemas=[warehouse.schema, "l*"], allow_empty=True)
    first = warehouse.access(databases=[entry], exclusive=True).ok()
    assert [statement for statement in first.statements if "late" in statement] == []
    assert '"late"' not in json.dumps(first["after"])
    monkeypatch.undo()
    second = warehouse.access(databases=[entry], exclusive=True).ok()
    assert [statement for statement in second.statements if "late" not in statement] == []
    assert warehouse.readable("late") == ["t"]


def storm(site: Site, owner: str, database: str, stop: threading.Event, errors: list[str]) -> None:
    """Create, rename and drop tables until the event is set."""
    connection = site.server.connect(database)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(identifiers("SET ROLE {}", owner))
        number = 0
        while not stop.is_set():
            number += 1
            try:
                cursor.execute(f"CREATE TABLE storm.t{number}(id int); ALTER TABLE storm.t{number} RENAME TO u{number}")
                cursor.execute(f"DROP TABLE IF EXISTS storm.u{max(0, number - 30)}")
            except psycopg2.errors.InternalError_:
                continue  # "tuple concurrently updated": a GRANT changed the same catalog row, as can happen to any DDL
            except psycopg2.Error as error:
                errors.append(str(error))
                return


@pytest.mark.thorough
def test_a_storm_of_ddl_ends_in_success_or_in_a_clear_error(warehouse: Warehouse) -> None:
    warehouse.run("CREATE SCHEMA storm AUTHORIZATION {}", warehouse.owner)
    entry = warehouse.entry(schemas=["storm", warehouse.schema])
    stop, errors = threading.Event(), list[str]()
    thread = threading.Thread(
        target=storm, args=(warehouse.site, warehouse.owner, warehouse.database, stop, errors), daemon=True
    )
    thread.start()
    try:
        outcomes = []
        for _round in range(3):
            outcomes.append(warehouse.access(databases=[entry]))
            warehouse.run("REVOKE SELECT ON ALL TABLES IN SCHEMA {} FROM {}", warehouse.schema, warehouse.group)
    finally:
        stop.set()
        thread.join(20)
    assert errors == []
    assert [outcome["msg"] for outcome in outcomes if outcome.failed and not outcome["sqlstate"]] == []
    warehouse.access(databases=[entry]).ok()
    assert not warehouse.access(databases=[entry]).ok().changed
    assert len(warehouse.readable("storm")) >= 20
