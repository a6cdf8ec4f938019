"""What the facts of a database mean, where a real server would take thousands of objects to tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.unquoted_names import Reader
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import (
    Creator,
    DatabaseFacts,
    Default,
    LongDefault,
    Loss,
    Membership,
    Owned,
    QueryFailure,
    RelationDetail,
    ScanResult,
    Schema,
    SessionFacts,
    Totals,
    Undecodable,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.audit import (
    excess,
    exposed,
    login_excess,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.coverage import (
    future,
    is_future_covered,
    lost,
    missing,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.scan_failures import (
    confirmed,
    scan_failures,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.request import Expectation

HOSTILE = "we\"ird.näme'; --"
SESSION = SessionFacts(170010, "mm", "mm", "192.0.2.1", False, (), False, False, 7, True, True)
DENIED = QueryFailure("42501", "permission denied for schema nous")
FACTS = DatabaseFacts(
    name="wh",
    group="readers",
    reader=Reader(170010, "wh"),
    session=SESSION,
    expectation=Expectation({"sales": "SELECT"}),
    schemas={"sales": Schema(1, "sales", usage=True), "nous": Schema(2, "nous", usage=False)},
    totals={"sales": Totals(2, 2, 8, 8)},
    details=(),
    creators=(),
    defaults=(),
    namesakes=frozenset(),
    scan=ScanResult(seen={"sales": {"t": 4, "u": 4}}),
)


def detail(category: str, **changes: Any) -> RelationDetail:
    plain = RelationDetail(category, "sales", "t", "r", 4, 4, 4, 1, "", ("readers",), False, False)
    return replace(plain, **changes)


def test_nothing_wrong_is_nothing_found() -> None:
    assert (missing(FACTS), scan_failures(FACTS), future(FACTS), lost(FACTS), exposed(FACTS), excess(FACTS)) == (
        (),
    ) * 6
    assert confirmed(FACTS)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"scan": ScanResult(None, DENIED)}, False, id="a failure that nothing foretold"),
        pytest.param({"details": (detail("no_usage", schema="nous"),)}, False, id="a failure that did not come"),
        pytest.param(
            {"details": (detail("no_usage", schema="nous"),), "scan": ScanResult(None, DENIED)},
            True,
            id="as foretold",
        ),
        pytest.param({"scan": ScanResult({}, misread=(("sales", "t"),))}, False, id="misread without a reason"),
        pytest.param({"details": (detail("needs_quotes", relation="T"),)}, False, id="an odd name that was read well"),
        pytest.param(
            {"details": (detail("needs_quotes", relation="T"),), "scan": ScanResult({}, misread=(("sales", "T"),))},
            True,
            id="an odd name that was misread",
        ),
    ],
)
def test_whether_the_queries_did_what_was_foretold(changes: dict[str, Any], expected: bool) -> None:
    assert confirmed(replace(FACTS, **changes)) is expected


def test_what_nothing_foretold_is_a_finding() -> None:
    answer = ScanResult(None, DENIED, QueryFailure("XX000", "cache lookup failed"))
    assert [(one.severity, one.schema) for one in scan_failures(replace(FACTS, scan=answer))] == [
        ("failure", ""),
        ("warning", ""),
    ]
    misread = ScanResult({}, misread=(("sales", "t"),), misread_schemas=("sales",))
    assert [(one.severity, one.relation) for one in scan_failures(replace(FACTS, scan=misread))] == [
        ("failure", "t"),
        ("warning", ""),
    ]


@pytest.mark.parametrize("category", ["missing", "no_usage", "needs_quotes"])
def test_of_many_alike_fifty_are_named_and_the_rest_counted(category: str) -> None:
    schema = "nous" if category == "no_usage" else "sales"
    details = tuple(
        detail(category, schema=schema, relation=f"T{number}", visible=1, members=1000) for number in range(50)
    )
    findings = (*missing(replace(FACTS, details=details)), *scan_failures(replace(FACTS, details=details)))
    assert len(findings) == 51
    assert findings[-1].relation == ""
    assert findings[-1].reason.startswith("950 more")


def test_many_schemas_of_one_creator_are_one_more_finding() -> None:
    names = [f"s{number}" for number in range(60)]
    facts = replace(
        FACTS,
        expectation=Expectation(dict.fromkeys(names, "SELECT")),
        creators=tuple(Creator(name, HOSTILE) for name in names),
    )
    findings = future(facts)
    assert len(findings) == 51
    assert findings[-1].remedy.count('ALTER DEFAULT PRIVILEGES FOR ROLE "we""ird.näme\'; --"') == 10
    assert set(is_future_covered(facts).values()) == {False}


@pytest.mark.parametrize(
    ("default", "is_covered"),
    [
        pytest.param(Default("etl", "sales", "readers", ("SELECT",)), True, id="for the group"),
        pytest.param(Default("etl", "sales", "", ("SELECT",)), True, id="for PUBLIC"),
        pytest.param(Default("etl", "", "readers", ("SELECT",)), True, id="in every schema"),
        pytest.param(Default("etl", "nous", "readers", ("SELECT",)), False, id="in another schema"),
        pytest.param(Default("etl", "sales", "readers", ("INSERT",)), False, id="another privilege"),
        pytest.param(Default("boss", "sales", "readers", ("SELECT",)), False, id="of another creator"),
    ],
)
def test_which_default_privileges_cover_the_future(default: Default, is_covered: bool) -> None:
    facts = replace(FACTS, creators=(Creator("sales", "etl"),), defaults=(default,))
    assert is_future_covered(facts) == {"sales": is_covered}


def test_a_creator_whose_rights_the_login_has_needs_no_default() -> None:
    assert future(replace(FACTS, creators=(Creator("sales", "etl", is_inherited=True),))) == ()


@pytest.mark.parametrize(
    ("loss", "reason", "remedy"),
    [
        (Loss("sales", "t", 4, 0, False, False), "does not exist any more", "new baseline"),
        (Loss("sales", "t", 4, 3, True, True), "will be seen with 3", 'GRANT SELECT ON TABLE "sales"."t"'),
        (Loss("nous", "t", 4, 0, True, False), "though it exists", 'GRANT USAGE ON SCHEMA "nous"'),
    ],
    ids=["dropped", "columns", "no USAGE"],
)
def test_a_loss(loss: Loss, reason: str, remedy: str) -> None:
    (one,) = lost(replace(FACTS, losses=(loss,)))
    assert reason in one.reason
    assert remedy in one.remedy


def test_many_losses_of_a_schema_are_counted() -> None:
    losses = tuple(Loss("sales", f"t{number}", 4, 0, True, True) for number in range(70))
    findings = lost(replace(FACTS, losses=losses))
    assert len(findings) == 51
    assert findings[-1].reason.startswith("20 more")


def test_the_many_tables_exposed_in_one_way_are_one_finding() -> None:
    details = tuple(
        detail("exposed", schema="nous", relation=f"t{number}", members=200, through=("", "readers"))
        for number in range(50)
    )
    (one,) = exposed(replace(FACTS, details=details))
    assert one.reason.startswith("200 relations (")
    assert one.remedy == 'REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA "nous" FROM PUBLIC, "readers";'


def test_what_comes_through_another_role_is_mended_by_leaving_it() -> None:
    (one,) = exposed(replace(FACTS, details=(detail("exposed", schema="nous", through=("payroll",)),)))
    assert one.remedy == 'REVOKE "payroll" FROM "readers", "mm";'


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


def severities(facts: DatabaseFacts) -> list[tuple[str, str]]:
    return [(one.severity, one.schema) for one in scan_failures(facts)]


def test_what_metamapper_cannot_store_hides_the_schema() -> None:
    long = (
        LongDefault("sales", "t", HOSTILE, 256),
        LongDefault("sales", "u", "b", 300),
        LongDefault("unlisted", "t", "a", 256),
    )
    facts = replace(FACTS, scan=replace(FACTS.scan, long_defaults=long))
    assert severities(facts) == [("failure", "sales"), ("warning", "unlisted")]
    assert "and 1 more has 256" in scan_failures(facts)[0].reason
    schemas = {"a\\b": Schema(3, "a\\b", usage=True), "c\\d": Schema(4, "c\\d", usage=True)}
    facts = replace(
        FACTS, schemas=schemas, totals={"a\\b": Totals(1, 1, 1, 1)}, expectation=Expectation({"a\\b": "SELECT"})
    )
    assert severities(facts) == [("failure", "a\\b")]


@pytest.mark.parametrize(
    ("undecodable", "remedy"),
    [
        pytest.param(Undecodable((("s", "t"),), "LATIN1", "UTF8", DENIED), "client_encoding = 'UTF8'", id="UTF8"),
        pytest.param(Undecodable((("s", "t"),), "UTF8", "LATIN1", DENIED), "client_encoding = 'LATIN1'", id="LATIN1"),
        pytest.param(Undecodable((("s", "t"),), "UTF8", "UTF8", DENIED), "Rewrite", id="no encoding helps"),
        pytest.param(Undecodable((), "", "UTF8", DENIED), "client_encoding = 'UTF8'", id="the login fails"),
    ],
)
def test_what_does_not_reach_metamapper_fails_and_is_foretold(undecodable: Undecodable, remedy: str) -> None:
    facts = replace(FACTS, scan=ScanResult(None, DENIED, undecodable=undecodable))
    (one,) = scan_failures(facts)
    assert (one.severity, remedy in one.remedy) == ("failure", True)
    assert confirmed(facts)


@pytest.mark.parametrize(("version", "severity"), [(150010, "failure"), (160004, "warning"), (180000, "warning")])
def test_a_relation_without_an_id_is_a_warning_from_16_on(version: int, severity: str) -> None:
    session = replace(SESSION, version=version)
    facts = replace(
        FACTS, session=session, reader=Reader(version, "wh"), details=(detail("needs_quotes", relation="T"),)
    )
    assert severities(facts) == [(severity, "sales")]
    twin = replace(facts, namesakes=frozenset({("sales", "t")}))
    assert severities(twin) == [("failure", "sales")]
