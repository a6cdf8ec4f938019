# SPDX-License-Identifier: GPL-3.0-or-later
"""What the oids of several databases tell of the danger for what people wrote in Metamapper."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.overlap import MOST_EXAMPLES, with_overlaps

HOSTILE = "we\"ird.näme\\'; --"
Oids = dict[str, "int | None"]


def result(
    identifier: str = "", *, lost: Oids | None = None, baseline: Any = None, **databases: Oids
) -> dict[str, Any]:
    """Return what module visibility returns, for databases with a schema "sales" of tables by their oids."""
    return {
        "findings": [],
        "summary": {"missing": {"status": "ok", "count": 0}},
        "system_identifier": identifier,
        "seen": {name: {"sales": dict.fromkeys(tables, 3)} for name, tables in databases.items()},
        "oids": {name: {"sales": [tables[key] for key in sorted(tables)]} for name, tables in databases.items()},
        "lost_oids": {next(iter(databases)): {"sales": lost}} if lost else {},
        "request": {"baseline": baseline},
    }


def found(results: dict[str, Any], host: str) -> list[tuple[str, str, str, str]]:
    """Return the findings of a host: severity, database, relation and reason."""
    findings = with_overlaps(results)[host]["findings"]  # type: ignore[index]
    return [(each["severity"], each["database"], each["relation"], each["reason"]) for each in findings]


@pytest.mark.parametrize(
    "results",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"db1": None}, id="a host that was lost"),
        pytest.param({"db1": result(a={"t": 1})}, id="one database"),
        pytest.param({"db1": result("7", a={"t": 1}), "db2": {"failed": True, "msg": "x"}}, id="one that crashed"),
    ],
)
def test_one_database_is_compared_with_nothing(results: dict[str, Any]) -> None:
    assert with_overlaps(results) == results


def test_databases_that_have_nothing_in_common() -> None:
    results = {"db1": result("7", a={"t": 1}, b={"t": 2}), "db2": result("8", a={"t": 3})}
    compared = with_overlaps(results)
    assert {host: each["findings"] for host, each in compared.items() if each} == {"db1": [], "db2": []}
    assert compared["db1"]["summary"]["overlap"] == {"status": "ok", "count": 0}  # type: ignore[index]


def test_copies_name_each_other() -> None:
    results = {"db1": result("7", a={"t": 1}), "db2": result("7", a={"u": 2}), "db3": result("", a={"v": 3})}
    for host, other in (("db1", "db2"), ("db2", "db1")):
        ((severity, database, _relation, reason),) = found(results, host)
        assert (severity, database, f"This server and {other} have" in reason) == ("warning", "", True)
    assert found(results, "db3") == []


def test_equal_oids_are_counted_and_one_is_named() -> None:
    results = {
        "db1": result(a={HOSTILE: 1, "z": 2, "own": 9}),
        "db2": result(a={"x": 1}, b={"y": 2}),
        "db3": result(a={"none": None}),
    }
    ((severity, database, relation, reason),) = found(results, "db1")
    assert (severity, database, relation) == ("information", "a", "")
    assert "2 of 3 tables have the oid of a table in 2 other databases" in reason
    assert f"sales.{HOSTILE} here and sales.x of database a on db2" in reason
    assert found(results, "db3") == []


def test_what_the_next_scan_hides_names_whom_it_hits() -> None:
    many = {f"t{number}": number for number in range(100, 112)}
    results = {"db1": result(a={"t": 1}, lost={"gone": 5, "alone": 6, **many}), "db2": result(a={"people": 5, **many})}
    warnings = [each for each in found(results, "db1") if each[0] == "warning"]
    assert warnings[0][1:3] == ("a", "gone")
    assert "sales.people of database a on db2" in warnings[0][3]
    assert len(warnings) == MOST_EXAMPLES + 1
    assert "3 more tables" in warnings[-1][3]
    assert [each for each in found(results, "db2") if each[0] == "warning"] == []


def test_twins() -> None:
    results = {"db1": result(a={"T1": 1, "t1": 1}), "db2": result(a={"x": 2})}
    ((severity, _database, relation, reason),) = found(results, "db1")
    assert (severity, relation, "and sales.t1 for one" in reason) == ("warning", "T1", True)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param(["orders"], ["orders", "orders_new"], ["orders_new"], id="a suffix"),
        pytest.param(["orders"], ["orders", "orders2"], ["orders2"], id="a digit"),
        pytest.param(["order"], ["order", "orders"], [], id="another word"),
        pytest.param(["orders", "orders_new"], ["orders", "orders_new"], [], id="not new"),
        pytest.param([], ["orders", "orders_new"], [], id="both are new"),
        pytest.param(["orders", "orders_2026"], ["orders_2026_11"], ["orders_2026_11"], id="the longest"),
    ],
)
def test_candidates_for_a_swap(before: list[str], now: list[str], expected: list[str]) -> None:
    baseline = {"a": {"sales": dict.fromkeys(before, 3)}}
    own = result(a={name: number for number, name in enumerate(now)}, baseline=baseline)
    candidates = found({"db1": own, "db2": result(a={"x": 99})}, "db1")
    assert [relation for severity, _database, relation, _reason in candidates] == expected


def test_two_hundred_databases_of_a_thousand_tables_take_seconds() -> None:
    tables: Oids = {f"table_{number}": 16384 + number for number in range(1000)}
    results = {f"db{number}": result(str(number), warehouse=tables) for number in range(200)}
    began = time.process_time()
    compared = with_overlaps(results)
    assert time.process_time() - began < 5
    assert all(len(each["findings"]) == 1 for each in compared.values() if each)
