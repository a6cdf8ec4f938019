# SPDX-License-Identifier: GPL-3.0-or-later
"""Both modules expand patterns alike, and a pattern neither breaks a scan nor fails on objects of somebody else."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

import pytest

from tests.support.modules.scope import Tenants, expected, granted, left_out
from tests.support.postgres.consumer import scan
from tests.support.postgres.site import Site, identifiers

HOSTILE = "we\"ird.näme\\'; --"
NOT_QUOTED = "Metamapper does not quote names, and its scan fails on this one or misreads it."


@pytest.fixture
def tenants(site: Site) -> Tenants:
    """Three databases with a schema sales each, of a non-superuser administrator."""
    return Tenants(site)


@pytest.fixture
def provider(site: Site) -> Iterator[str]:
    """A managed service's own database, to which nobody else may connect."""
    site.server.execute(identifiers("CREATE DATABASE {}", "rdsadmin"))
    site.server.execute(identifiers("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", "rdsadmin"))
    yield "rdsadmin"
    site.server.execute(identifiers("DROP DATABASE {}", "rdsadmin"))


def close(tenants: Tenants, database: str) -> None:
    """Revoke CONNECT on the database from everybody but the superuser."""
    tenants.run("ALTER DATABASE {} OWNER TO {}", database, tenants.site.server.user)
    tenants.run("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", database)


def test_everything_on_a_managed_server(tenants: Tenants, provider: str) -> None:
    entries = [{"name": "*", "schemas": ["sales"], "allow_empty": True}]
    close(tenants, tenants.databases[2])
    made = tenants.access(entries).ok()
    alone, after = tenants.visibility(entries).ok(), tenants.visibility(made["resolved"]).ok()
    assert granted(made) == expected(alone) == expected(after)
    assert granted(made)[tenants.databases[0]] == ["sales"]
    assert left_out(made) == {
        (provider, ""): "It belongs to the provider of the server.",
        (tenants.databases[2], ""): f'Role "{tenants.admin}" lacks CONNECT on it.',
    }
    assert left_out(alone) == {
        **left_out(made),
        (tenants.databases[2], ""): f'Role "{tenants.site.user}" lacks CONNECT on it.',
    }
    assert not tenants.access(entries).ok().changed


def test_a_database_that_stops_accepting_connections_is_named(tenants: Tenants) -> None:
    entries = [{"name": tenants.pattern, "schemas": ["sales"]}]
    tenants.access(entries).ok()
    shut = tenants.databases[1]
    tenants.site.server.execute(identifiers("ALTER DATABASE {} ALLOW_CONNECTIONS false", shut))
    for outcome in (tenants.access(entries).ok(), tenants.visibility(entries).ok()):
        assert left_out(outcome) == {(shut, ""): "It accepts no connections."}
        assert len(outcome["scope"]["databases"]) == 2


def test_a_name_wins_over_a_pattern_in_both(tenants: Tenants) -> None:
    first = tenants.databases[0]
    tenants.create("hr", first)
    entries = [{"name": tenants.pattern, "schemas": ["*"]}, {"name": first, "schemas": ["sales"]}]
    made = tenants.access(entries).ok()
    assert granted(made)[first] == ["sales"]
    assert expected(tenants.visibility(entries).ok()) == granted(made)


CASES: dict[str, list[Mapping[str, Any]]] = {
    "names": [{"name": 0, "schemas": ["sales", "hr"]}, {"name": 1, "schemas": ["sales"]}],
    "a pattern": [{"name": "*", "schemas": ["*"]}],
    "a pattern beside a name": [
        {"name": "*", "schemas": ["s*"]}, {"name": 0, "schemas": ["*"], "exclude_schemas": ["hr"]}
    ],
    "columns alone": [{"name": "*", "schemas": ["*"], "metadata_schemas": ["h*"], "allow_empty": True}],
    "what breaks a scan, by name": [{"name": 0, "schemas": ["*", HOSTILE, "Sales"], "accept_breaks_scan": True}],
    "what breaks a scan, by a pattern": [{"name": 0, "schemas": ["[Ssw]*"]}],
    "what may be missing": [
        {"name": "*", "schemas": ["hr"], "allow_empty": True}, {"name": "gone", "schemas": ["x"], "allow_empty": True}
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def kinds(server: Any) -> Iterator[Tenants]:
    """Databases and schemas of all kinds, and a user with access to one schema."""
    site = Site(server)
    try:
        tenants = Tenants(site)
        for schema in ("hr", "Sales", HOSTILE, "Used"):
            tenants.create(schema)
        close(tenants, tenants.databases[2])
        entry = {"name": tenants.databases[0], "schemas": ["Used"], "accept_breaks_scan": True}
        tenants.access([entry], privilege="metadata", accept_references=True).ok()
        yield tenants
    finally:
        site.clean_up()


@pytest.mark.parametrize("case", CASES)
def test_what_is_granted_is_what_is_expected(kinds: Tenants, case: str) -> None:
    names: dict[Any, str] = {0: kinds.databases[0], 1: kinds.databases[1], "*": kinds.pattern}
    entries = [{**entry, "name": names.get(entry["name"], entry["name"])} for entry in CASES[case]]
    planned = kinds.access(entries, check=True, accept_references=True).ok()
    assert expected(kinds.visibility(entries)) == expected(kinds.visibility(planned["resolved"])) == granted(planned)


def test_connect_that_was_taken_away_is_a_failure_and_its_remedy_helps(tenants: Tenants) -> None:
    entries = [{"name": tenants.pattern, "schemas": ["sales"]}]
    tenants.access(entries).ok()
    tenants.run("REVOKE CONNECT ON DATABASE {} FROM PUBLIC, {}", tenants.databases[1], tenants.site.group)
    outcome = tenants.visibility(entries)
    (failure,) = [one for one in outcome["findings"] if one["severity"] == "failure"]
    assert (failure["aspect"], failure["database"]) == ("connection", tenants.databases[1])
    tenants.site.server.execute(failure["remedy"])
    tenants.visibility(entries).ok()


def test_a_pattern_never_breaks_a_scan(tenants: Tenants) -> None:
    first = tenants.databases[0]
    entries = [{"name": first, "schemas": ["*"]}]
    tenants.access(entries).ok()
    for schema in ("Sales2", HOSTILE, "back\\slash", "42"):
        tenants.create(schema)
        outcome = tenants.access(entries, exclusive=True).ok()
        assert not outcome.changed
        assert left_out(outcome)[first, schema] == NOT_QUOTED
    assert set(scan(tenants.site, first).column_counts) == {"sales"}
    assert left_out(tenants.visibility(entries).ok()) == left_out(outcome)


@pytest.mark.parametrize("schema", ["Sales2", HOSTILE])
def test_by_name_it_is_refused_unless_accepted(tenants: Tenants, schema: str) -> None:
    first = tenants.databases[0]
    tenants.create(schema)
    refused = tenants.access([{"name": first, "schemas": [schema]}])
    assert "accept_breaks_scan: true" in refused["msg"]
    accepted = {"name": first, "schemas": [schema], "accept_breaks_scan": True}
    assert granted(tenants.access([accepted]).ok()) == {first: [schema]}
    outcome = tenants.visibility([{"name": first, "schemas": [schema]}])
    assert any("accept_breaks_scan: true" in one["remedy"] for one in outcome["findings"])


def test_what_is_in_use_stays_in_scope(tenants: Tenants) -> None:
    first = tenants.databases[0]
    tenants.create("Sales2")
    tenants.access([{"name": first, "schemas": ["*", "Sales2"], "accept_breaks_scan": True}]).ok()
    outcome = tenants.access([{"name": first, "schemas": ["*"]}], exclusive=True).ok()
    assert not outcome.changed
    assert granted(outcome)[first] == ["Sales2", "public", "sales"]


def test_a_badly_named_table_never_changes_the_scope(tenants: Tenants) -> None:
    first = tenants.databases[0]
    entries = [{"name": first, "schemas": ["*"]}]
    tenants.access(entries).ok()
    tenants.run("CREATE TABLE sales.{0} (id int); ALTER TABLE sales.{0} OWNER TO {1}", "a.b", tenants.admin)
    outcome = tenants.access(entries, check=True, exclusive=True).ok()
    assert (granted(outcome)[first], left_out(outcome), outcome["disappears"]) == (["public", "sales"], {}, [])
    assert not [statement for statement in outcome.statements if statement.startswith("REVOKE")]


def make(tenants: Tenants, *tables: str) -> None:
    """Create tables of the administrator in the schema sales of the first database."""
    for table in tables:
        tenants.run("CREATE TABLE sales.{0} (id int); ALTER TABLE sales.{0} OWNER TO {1}", table, tenants.admin)


@pytest.mark.parametrize("schemas", [["*"], ["sales"]], ids=["by a pattern", "by name"])
def test_a_table_whose_name_breaks_a_scan_is_not_granted_anew(tenants: Tenants, schemas: list[str]) -> None:
    first = tenants.databases[0]
    entries = [{"name": first, "schemas": schemas}]
    tenants.access(entries).ok()
    make(tenants, "a.b", "plain", "Plain")  # Metamapper does not quote names: it reads the third as the second
    outcome = tenants.access(entries, exclusive=True).ok()
    assert [statement.count("sales") for statement in outcome.statements] == [1]
    assert ["not quote names" in warning for warning in outcome.warnings if '"sales"."Plain"' in warning] == [True]
    assert "plain" in scan(tenants.site, first).column_counts["sales"]
    seen = tenants.visibility(entries).ok()
    warned = {one["relation"]: (one["aspect"], one["severity"]) for one in seen["findings"] if one["relation"]}
    assert warned == dict.fromkeys(("a.b", "Plain"), ("breaks_scan", "warning"))
    assert not tenants.access(entries, exclusive=True).ok().changed
    accepted = tenants.access([{**entries[0], "accept_breaks_scan": True}]).ok()
    assert accepted.changed
    assert [warning for warning in accepted.warnings if '"sales"' in warning] == []
    after = tenants.access(entries, exclusive=True).ok()
    assert not after.changed


def test_a_table_that_is_stored_without_an_id_is_granted(tenants: Tenants) -> None:
    first = tenants.databases[0]
    entries = [{"name": first, "schemas": ["*"]}]
    tenants.access(entries).ok()
    make(tenants, "Items")
    breaks = float(tenants.site.server.major) < 16
    assert tenants.access(entries).ok().changed is not breaks
    assert ("Items" in scan(tenants.site, first).column_counts["sales"]) is not breaks


def test_a_schema_of_an_extension_is_left_out_without_a_warning(tenants: Tenants) -> None:
    first = tenants.databases[0]
    tenants.run("CREATE EXTENSION pg_stat_statements; CREATE SCHEMA cron; CREATE TABLE cron.job (id int)")
    tenants.run("GRANT USAGE ON SCHEMA cron TO PUBLIC; GRANT SELECT ON cron.job TO PUBLIC")
    tenants.run(
        "ALTER EXTENSION pg_stat_statements ADD SCHEMA cron; ALTER EXTENSION pg_stat_statements ADD TABLE cron.job"
    )
    entries = [{"name": first, "schemas": ["*"], "exclude_schemas": ["public"]}]
    outcome = tenants.access(entries).ok()
    assert (outcome.warnings, granted(outcome)[first]) == ([], ["sales"])
    assert left_out(outcome) == {(first, "cron"): 'It belongs to the extension "pg_stat_statements".'}
    assert outcome["scope"]["databases"][0]["existing_schemas"] == 3
    assert expected(tenants.visibility(entries).ok()) == {first: ["sales"]}
    assert not tenants.access(entries).ok().changed


def test_what_a_pattern_takes_in_is_told_once(tenants: Tenants) -> None:
    first = tenants.databases[0]
    entries = [{"name": first, "schemas": ["s*"]}]
    tenants.access(entries).ok()
    tenants.create("support")
    new = [{"database": first, "schema": "support"}]
    assert tenants.visibility(entries)["scope"]["taken_in"] == new
    assert tenants.access(entries).ok()["scope"]["taken_in"] == new
    assert tenants.access(entries).ok()["scope"]["taken_in"] == []
    assert tenants.visibility(entries).ok()["scope"]["taken_in"] == []


def test_a_schema_that_comes_in_between_is_the_next_runs(tenants: Tenants) -> None:
    entries = [{"name": tenants.databases[0], "schemas": ["s*"]}]
    resolved = tenants.access(entries).ok()["resolved"]
    tenants.create("support")
    assert expected(tenants.visibility(resolved).ok()) == {tenants.databases[0]: ["sales"]}
    assert tenants.visibility(entries).failed
