# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about oids that several databases share, which endangers the documentation in Metamapper."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.observation import MOST_EXAMPLES, observed
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.overlap import overlaps, with_overlaps
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of

from tests.support.values.findings import CREATED, database, schema
from tests.support.values.findings import result as usual

HOSTILE = "we\"ird.näme\\'; --"
LATER = "2026-11-23 07:40:12 UTC"
Oids = dict[str, "int | None"]


def result(
    identifier: str = "", *, lost: Oids | None = None, baseline: Any = None, **databases: Oids
) -> dict[str, Any]:
    """Return a result of module visibility: each database has a schema "sales" with tables of the given oids."""
    return {
        **usual([database(name, [schema("sales")]) for name in databases]),
        "system_identifier": identifier,
        "seen": {name: {"sales": dict.fromkeys(tables, 3)} for name, tables in databases.items() if tables},
        "oids": {
            name: {"sales": [tables[key] for key in sorted(tables)]} for name, tables in databases.items() if tables
        },
        "lost_oids": {next(iter(databases)): {"sales": lost}} if lost else {},
        "request": {"baseline": baseline},
    }


def found(results: dict[str, Any], host: str) -> list[tuple[str, str, str, str]]:
    """Return the findings of a host: severity, database, relation and reason."""
    findings = overlaps(observed(results, CREATED))[host]
    assert {(each.server, each.aspect) for each in findings} <= {(host, "overlap")}
    return [(each.severity, each.database, each.relation, each.reason) for each in findings]


def compared(results: dict[str, Any], *, created: str = CREATED) -> Report:
    """Return the report on results, with the findings from their oids."""
    return with_overlaps(report_of(results, created=created), observed(results, created))


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
    assert overlaps(observed(results, CREATED)) == {}
    assert compared(results) == report_of(results, created=CREATED)


def test_databases_that_have_nothing_in_common() -> None:
    report = compared({"db1": result("7", a={"t": 1}, b={"t": 2}), "db2": result("8", a={"t": 3})})
    assert report.findings == []
    answers = {
        server.name: [each.status for each in server.summary if each.name == "overlap"] for server in report.servers
    }
    assert answers == {"db1": ["ok"], "db2": ["ok"]}


def test_a_warning_raises_the_status_of_all_it_is_about() -> None:
    report = compared({"db1": result(a={"T1": 1, "t1": 1}), "db2": result(a={"x": 2})})
    assert [(server.name, server.status) for server in report.servers] == [("db1", "warning"), ("db2", "ok")]
    (database,) = report.servers[0].databases
    assert (database.status, database.schemas[0].status, len(database.findings)) == ("warning", "warning", 1)


def test_what_was_found_earlier_is_replaced() -> None:
    results = {"db1": result("7", a={"t": 1}), "db2": result("7", a={"t": 1})}
    again = with_overlaps(compared(results), {})
    assert len(again.findings) == 4
    alone = with_overlaps(again, observed({"db1": results["db1"]}, CREATED))
    assert {each.server for each in alone.findings} == {"db2"}
    assert [(server.name, server.status) for server in alone.servers] == [("db2", "warning"), ("db1", "ok")]


def test_a_server_that_was_not_reached_stays_as_it_is() -> None:
    before = observed({"db1": result("7", a={"t": 1}), "db2": result("7", a={"t": 1})}, CREATED)
    report = with_overlaps(report_of({"db1": {"msg": "No."}}, created=LATER), before)
    assert [each.aspect for each in report.findings] == ["connection"]


def test_copies_name_each_other() -> None:
    results = {"db1": result("7", a={"t": 1}), "db2": result("7", a={"u": 2}), "db3": result("", a={"v": 3})}
    for host, other in (("db1", "db2"), ("db2", "db1")):
        ((severity, database, _relation, reason),) = found(results, host)
        assert (severity, database, f"This server and {other} have" in reason) == ("warning", "", True)
    assert found(results, "db3") == []


def test_of_many_copies_some_are_named() -> None:
    results = {f"db{number:03}": result("7", a={f"t{number}": number + 1}) for number in range(100)}
    ((_severity, _database, _relation, reason),) = found(results, "db000")
    assert f"db{MOST_EXAMPLES:03} and {99 - MOST_EXAMPLES} more have the same system identifier" in reason
    assert "db000" not in reason


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


def test_a_database_of_which_all_is_lost_hits_others_as_well() -> None:
    results = {"db1": result(a={}, lost={"gone": 5}), "db2": result(a={"people": 5})}
    assert [each[:3] for each in found(results, "db1")] == [("warning", "a", "gone")]


def test_twins() -> None:
    results = {"db1": result(a={"T1": 1, "t1": 1}), "db2": result(a={"x": 2})}
    ((severity, _database, relation, reason),) = found(results, "db1")
    assert (severity, relation, "and sales.t1 for one" in reason) == ("warning", "T1", True)


def test_candidates_for_a_swap() -> None:
    baseline = {"a": {"sales": {"orders": 3}}}
    own = result(a={"orders": 1, "orders_new": 2}, baseline=baseline)
    ((severity, name, relation, reason),) = found({"db1": own, "db2": result(a={"x": 99})}, "db1")
    assert (severity, name, relation) == ("information", "a", "orders_new")
    assert 'new beside "orders"' in reason


@pytest.mark.parametrize(
    ("servers", "databases", "tables"),
    [pytest.param(1, 200, 1000, id="two hundred databases"), pytest.param(1000, 3, 20, id="a thousand servers")],
)
def test_equal_oids_everywhere_take_seconds(servers: int, databases: int, tables: int) -> None:
    names = [f"database_{number}".ljust(63, "x") for number in range(databases)]
    # Each database has a different range of the oids, so that no two oids are shared by the same set of databases.
    held: Any = {
        name: {f"table_{table}".ljust(63, "x"): 16384 + table for table in range(number, tables + number)}
        for number, name in enumerate(names)
    }
    results = {f"db{server}": result(**held) for server in range(servers)}
    observations = observed(results, CREATED)
    began = time.process_time()
    findings = overlaps(observations)
    assert time.process_time() - began < 5
    assert all(len(each) == databases for each in findings.values())
