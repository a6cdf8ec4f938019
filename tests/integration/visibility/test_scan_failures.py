# SPDX-License-Identifier: GPL-3.0-or-later
"""Every object that breaks a scan is found, and no other is reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.modules.visibility import HOSTILE, found, look, make_reader, places, statements
from tests.support.postgres.consumer import Truth, scan, truth
from tests.support.postgres.site import Site
from tools.runners.modules import Outcome

FAILS = "fails as a whole"
HIDES = "hides"
NO_ID = "have no id"


@pytest.fixture
def reader(site: Site) -> Site:
    """A site with group and user, and one good table that both may see."""
    make_reader(site)
    table(site, "good", "ok")
    return site


def table(site: Site, schema: str, name: str, *, usage: bool = True, grant: str = "SELECT") -> None:
    """Create a table with an index, and grant on it."""
    site.run("CREATE SCHEMA IF NOT EXISTS {}", schema)
    site.run("CREATE TABLE {}.{} (id int PRIMARY KEY)", schema, name)
    if usage:
        site.run("GRANT USAGE ON SCHEMA {} TO {}", schema, site.group)
    if grant:
        site.run(f"GRANT {grant} ON TABLE {{}}.{{}} TO {{}}", schema, name, site.group)


def predicted(outcome: Outcome, actual: Truth, version: float) -> Truth:
    """Return the findings in the form of the truth: a finding on a schema counts for each visible relation in it."""
    failures = [one for one in found(outcome, "breaks_scan", "failure") if HIDES not in one["reason"]]
    warnings = found(outcome, "breaks_scan", "warning")
    everything = actual.failing | actual.misread | actual.without_id | all_seen(outcome)

    def reached(findings: list[dict[str, Any]]) -> frozenset[tuple[str, str]]:
        whole = {one["schema"] for one in findings if not one["relation"]}
        named = {(schema, relation) for schema, relation in places(findings) if relation}
        return frozenset(named | {(schema, relation) for schema, relation in everything if schema in whole})

    failing = reached([one for one in failures if FAILS in one["reason"]])
    # A relation without an id is a failure before 16, and a warning from 16 on.
    without_id = reached([one for one in (warnings if version >= 16 else failures) if NO_ID in one["reason"]]) - failing
    misread = reached([one for one in failures if FAILS not in one["reason"] and NO_ID not in one["reason"]])
    warned = {one["schema"] for one in warnings if one["schema"] and not one["relation"]}
    odd = {one["schema"] for one in failures if one["schema"] in actual.odd_index_schemas and not one["relation"]}
    misread -= failing
    return Truth(failing, misread, without_id - misread, frozenset(warned | odd))


def all_seen(outcome: Outcome) -> frozenset[tuple[str, str]]:
    """Return what the definitions query returned in all databases."""
    return frozenset(
        (schema, relation)
        for schemas in outcome["seen"].values()
        for schema, relations in schemas.items()
        for relation in relations
    )


def assert_agrees(site: Site) -> Outcome:
    """Compare the module's findings with what the server does, object by object and as a whole."""
    outcome, real, actual = look(site, "*", fail_on=["breaks_scan"]), scan(site), truth(site)
    version = float(site.server.major)
    assert predicted(outcome, actual, version) == actual
    assert bool(real.sqlstate) == bool(actual.failing)
    assert outcome["breakers_confirmed"] is True
    assert outcome["seen"] == ({} if real.sqlstate else {site.database: real.column_counts})
    hidden = {one["schema"] for one in found(outcome, "breaks_scan", "failure") if HIDES in one["reason"]}
    assert real.sqlstate or hidden == real.hidden
    is_without_id_a_failure = version < 16 and bool(actual.without_id)
    assert outcome.failed == (real.status != "SUCCESS" or bool(actual.misread) or is_without_id_a_failure)
    return outcome


GOOD_NAMES = [
    "a-b",
    "a%b",
    "a,b",
    "a$b",
    "a'b",
    'a"b',
    "1a",
    "order",
    "user",
    "été",
    "a(b)/c",
    "x" * 63,
    "pgx",
    "it's_100%",
]


def test_names_that_do_no_harm_are_not_reported(reader: Site) -> None:
    for name in GOOD_NAMES:
        table(reader, name, name)
    outcome = assert_agrees(reader)
    assert not found(outcome, "breaks_scan")
    assert set(outcome["seen"][reader.database]) == {"good", *GOOD_NAMES}


@dataclass(frozen=True)
class Case:
    """A change to the database, with severity and location of the finding that it must cause.

    "no id" is a warning from 16 on, where Metamapper stores such a relation, and a failure before.
    """

    do: Callable[[Site], object]
    severity: str
    place: tuple[str, str]

    def severity_on(self, major: str) -> str:
        """Return the severity on a server of this major version."""
        if self.severity == "no id":
            return "warning" if float(major) >= 16 else "failure"
        return self.severity


def twins(site: Site) -> None:
    table(site, "sales", "t")
    table(site, "Sales", "t")


def table_twins(site: Site) -> None:
    table(site, "good", "mixed")
    table(site, "good", "Mixed")


def revoked_public(site: Site) -> None:
    site.run("CREATE TABLE public.pt (id int); GRANT SELECT ON public.pt TO PUBLIC")
    site.run("REVOKE USAGE ON SCHEMA public FROM PUBLIC")


def extension_view(site: Site) -> None:
    site.run("CREATE SCHEMA exts; CREATE EXTENSION pg_stat_statements SCHEMA exts")


def view_without_usage(site: Site) -> None:
    site.run("CREATE SCHEMA nous; CREATE VIEW nous.v AS SELECT 1 AS a; GRANT SELECT ON nous.v TO {}", site.group)


def foreign_without_usage(site: Site) -> None:
    site.run("CREATE SCHEMA nous; CREATE EXTENSION file_fdw; CREATE SERVER f FOREIGN DATA WRAPPER file_fdw")
    site.run("CREATE FOREIGN TABLE nous.f (a int) SERVER f OPTIONS (filename '/dev/null')")
    site.run("GRANT SELECT ON nous.f TO {}", site.group)


def column_without_usage(site: Site) -> None:
    table(site, "nous", "t", usage=False, grant="")
    site.run("GRANT SELECT (id) ON nous.t TO {}", site.group)


def owned_without_usage(site: Site) -> None:
    table(site, "nous", "t", usage=False, grant="")
    site.run("ALTER TABLE nous.t OWNER TO {}", site.group)


def public_without_usage(site: Site) -> None:
    table(site, "nous", "t", usage=False, grant="")
    site.run("GRANT SELECT ON nous.t TO PUBLIC")


def moved_out(site: Site) -> None:
    site.run("CREATE SCHEMA attic; ALTER TABLE good.ok SET SCHEMA attic")


def default_for_all_schemas(site: Site) -> None:
    maker = site.create_role("maker")
    site.run("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT SELECT ON TABLES TO {}", maker, site.group)


def named(schema: str, relation: str) -> Callable[[Site], None]:
    return lambda site: table(site, schema, relation)


def without_usage(grant: str) -> Callable[[Site], None]:
    return lambda site: table(site, "nous", "t", usage=False, grant=grant)


def not_granted(schema: str) -> Callable[[Site], None]:
    return lambda site: table(site, schema, "t", usage=False, grant="")


BREAKERS = {
    "SELECT without USAGE": Case(without_usage("SELECT"), "failure", ("nous", "t")),
    "INSERT without USAGE": Case(without_usage("INSERT"), "failure", ("nous", "t")),
    "UPDATE without USAGE": Case(without_usage("UPDATE"), "failure", ("nous", "t")),
    "REFERENCES without USAGE": Case(without_usage("REFERENCES"), "failure", ("nous", "t")),
    "a column without USAGE": Case(column_without_usage, "failure", ("nous", "t")),
    "ownership without USAGE": Case(owned_without_usage, "failure", ("nous", "t")),
    "PUBLIC without USAGE": Case(public_without_usage, "failure", ("nous", "t")),
    "a view without USAGE": Case(view_without_usage, "failure", ("nous", "v")),
    "a foreign table without USAGE": Case(foreign_without_usage, "failure", ("nous", "f")),
    "an extension's view": Case(extension_view, "failure", ("exts", "pg_stat_statements")),
    "public without USAGE": Case(revoked_public, "failure", ("public", "pt")),
    "a table moved out of a listed schema": Case(moved_out, "failure", ("attic", "ok")),
    "schema in mixed case": Case(named("Sales", "t"), "failure", ("Sales", "")),
    "schema with a blank": Case(named("a b", "t"), "failure", ("a b", "")),
    "schema with a dot": Case(named("a.b", "t"), "failure", ("a.b", "")),
    "schema with a leading quote": Case(named('"x', "t"), "failure", ('"x', "")),
    "schema with a hostile name": Case(named(HOSTILE, "t"), "failure", (HOSTILE, "")),
    "schema of digits": Case(named("123", "t"), "failure", ("123", "")),
    "schema that is a dash": Case(named("-", "t"), "failure", ("-", "")),
    "schema with a twin": Case(twins, "failure", ("Sales", "")),
    "schema in mixed case, not granted": Case(not_granted("Priv"), "warning", ("Priv", "")),
    "schema with a blank, not granted": Case(not_granted("a b"), "warning", ("a b", "")),
    "schema of digits, not granted": Case(not_granted("123"), "warning", ("123", "")),
    "table in mixed case": Case(named("good", "Mixed"), "no id", ("good", "Mixed")),
    "table in mixed case, accents": Case(named("good", "ÉTÉ"), "no id", ("good", "ÉTÉ")),
    "table with a twin": Case(table_twins, "failure", ("good", "Mixed")),
    "table with a blank": Case(named("good", "a b"), "no id", ("good", "a b")),
    "table with a trailing blank": Case(named("good", "b "), "no id", ("good", "b ")),
    "table with a leading quote": Case(named("good", '"x'), "no id", ("good", '"x')),
    "table with a dot": Case(named("good", "a.b"), "failure", ("good", "a.b")),
    "table with two dots": Case(named("good", "a.b.c"), "failure", ("good", "a.b.c")),
    "table with a trailing dot": Case(named("good", "a."), "no id", ("good", "a.")),
    "table with a hostile name": Case(named("good", HOSTILE), "no id", ("good", HOSTILE)),
    "default privileges for all schemas": Case(default_for_all_schemas, "warning", ("", "")),
}


@pytest.mark.parametrize("case", BREAKERS.values(), ids=BREAKERS.keys())
def test_a_breaker_is_found_by_name(reader: Site, case: Case) -> None:
    case.do(reader)
    outcome = assert_agrees(reader)
    assert case.place in places(found(outcome, "breaks_scan", case.severity_on(reader.server.major)))


def trigger_without_usage(site: Site) -> None:
    table(site, "nous", "t", usage=False, grant="TRIGGER, TRUNCATE, DELETE")


def materialized_without_usage(site: Site) -> None:
    site.run("CREATE SCHEMA nous; CREATE MATERIALIZED VIEW nous.m AS SELECT 1 AS a; CREATE SEQUENCE nous.s")
    site.run("GRANT SELECT ON nous.m TO {}; GRANT SELECT ON SEQUENCE nous.s TO {}", site.group, site.group)


def no_index(site: Site) -> None:
    site.run('CREATE SCHEMA "Priv"; CREATE TABLE "Priv".t (a int)')


def odd_column(site: Site) -> None:
    site.run('CREATE TABLE good.c ("Id" int, "has space" int, "a.b" text); GRANT SELECT ON good.c TO {}', site.group)


def usage_only(site: Site) -> None:
    site.run('CREATE SCHEMA "Open"; GRANT USAGE ON SCHEMA "Open" TO {}', site.group)


def partitioned(site: Site) -> None:
    if float(site.server.major) < 10:
        site.run("CREATE TABLE good.p (id int, d date); CREATE TABLE good.p1 () INHERITS (good.p)")
    else:
        site.run("CREATE TABLE good.p (id int, d date) PARTITION BY RANGE (d)")
        site.run("CREATE TABLE good.p1 PARTITION OF good.p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")
    site.run("GRANT SELECT ON good.p TO {}", site.group)


HARMLESS = {
    "TRIGGER, TRUNCATE, DELETE without USAGE": trigger_without_usage,
    "materialized view and sequence without USAGE": materialized_without_usage,
    "mixed case, not granted, no index": no_index,
    "odd names of columns": odd_column,
    "mixed case, USAGE, empty": usage_only,
    "partitioned": partitioned,
}


@pytest.mark.parametrize("do", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_does_no_harm_is_not_reported(reader: Site, do: Callable[[Site], None]) -> None:
    do(reader)
    assert not found(assert_agrees(reader), "breaks_scan")


def test_all_at_once(reader: Site) -> None:
    for name in ("Sales", "a b", "a.b", "123", "-", "a-b", HOSTILE):
        table(reader, name, "t")
    for name in ("Mixed", "mixed", "a b", "a.b", "x.y.z", '"q', "ok2", HOSTILE):
        table(reader, "good", name)
    table(reader, "nous", "t", usage=False)
    table(reader, "Nous", "t", usage=False)
    outcome = assert_agrees(reader)
    assert len(places(found(outcome, "breaks_scan"))) == len(set(places(found(outcome, "breaks_scan"))))


def test_a_schema_named_like_the_database_reads_a_dot_otherwise(reader: Site) -> None:
    table(reader, "target", "b")
    table(reader, reader.database, "target.b")
    outcome = assert_agrees(reader)
    assert places(found(outcome, "breaks_scan", "failure")) == [(reader.database, "target.b")]


def test_the_twin_of_a_schema_that_is_closed_makes_the_scan_fail(reader: Site) -> None:
    table(reader, "sales", "t", usage=False, grant="")
    table(reader, "Sales", "t")
    assert places(found(assert_agrees(reader), "breaks_scan", "failure")) == [("Sales", "")]


FIXED = ["SELECT without USAGE", "an extension's view", "schema with a hostile name", "table with a hostile name"]


@pytest.mark.parametrize("name", [*FIXED, "table with a twin", "schema with a twin", "public without USAGE"])
def test_the_remedy_mends_it(reader: Site, name: str) -> None:
    BREAKERS[name].do(reader)
    for one in found(look(reader, "*"), "breaks_scan"):
        for statement in statements(one, "rename"):
            reader.server.execute(statement, database=reader.database)
    assert not found(assert_agrees(reader), "breaks_scan")


def test_the_closed_twin_of_a_schema_matters_only_to_names_that_are_looked_for_there(reader: Site) -> None:
    table(reader, "sales", "t", usage=False, grant="")
    table(reader, "Sales", ".", usage=False)
    assert_agrees(reader)


def test_no_two_remedies_give_one_name(reader: Site) -> None:
    for name in ("a b", "a.b", "A B", "a_b"):
        table(reader, "good", name)
        table(reader, name, "t")
    for one in found(look(reader, "*"), "breaks_scan"):
        for statement in statements(one, "rename"):
            reader.server.execute(statement, database=reader.database)
    assert not found(assert_agrees(reader), "breaks_scan")


def test_default_privileges_for_all_schemas_are_mended_by_the_remedy(reader: Site) -> None:
    default_for_all_schemas(reader)
    for one in found(look(reader, "good"), "breaks_scan", "warning"):
        reader.server.execute(one["remedy"], database=reader.database)
    assert not found(look(reader, "good"), "breaks_scan")


UNFORETOLD = {
    "the view of columns": "SELECT ON information_schema.columns",
    "the comments": "EXECUTE ON FUNCTION pg_catalog.col_description(oid, int4)",
    "the lengths": "EXECUTE ON FUNCTION information_schema._pg_char_max_length(oid, int4)",
    "the types": "EXECUTE ON FUNCTION pg_catalog.format_type(oid, int4)",
    "the kinds": "EXECUTE ON FUNCTION pg_catalog.lower(text)",
}


@pytest.mark.parametrize("withheld", UNFORETOLD.values(), ids=UNFORETOLD)
def test_what_nothing_foretold_is_found_by_the_queries_themselves(reader: Site, withheld: str) -> None:
    reader.run(f"REVOKE {withheld} FROM PUBLIC")
    assert scan(reader).sqlstate == "42501"
    outcome = look(reader, "good")
    (one,) = found(outcome, "breaks_scan", "failure")
    assert "42501" in one["reason"]
    assert outcome["breakers_confirmed"] is False
    assert outcome["seen"] == {}


NAMES = st.one_of(
    st.text(alphabet="aAbB1.-\"' \t\v$%,é_É", min_size=1, max_size=5),
    st.sampled_from(["good", "Good", "ok", "OK", "123", "-", "order", HOSTILE, '"ok"', " ok", "ok "]),
).filter(lambda name: not name.startswith("pg_"))
PLACES = st.lists(st.tuples(NAMES, NAMES, st.booleans()), min_size=1, max_size=6, unique_by=lambda place: place[:2])


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables=PLACES)
def test_no_breaker_is_unpredicted_and_none_invented(reader: Site, tables: list[tuple[str, str, bool]]) -> None:
    made = [place for place in tables if place[:2] != ("good", "ok")]
    try:
        for schema, relation, usage in made:
            table(reader, schema, relation, usage=usage)
        assert_agrees(reader)
    finally:
        for schema in {schema for schema, _relation, _usage in made} - {"good"}:
            reader.run("DROP SCHEMA IF EXISTS {} CASCADE", schema)
        for _schema, relation, _usage in (place for place in made if place[0] == "good"):
            reader.run("DROP TABLE IF EXISTS good.{}", relation)
