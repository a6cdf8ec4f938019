# SPDX-License-Identifier: GPL-3.0-or-later
"""What Metamapper can see, what is missing or lost, and what its login can do beyond that."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.modules.visibility import HOSTILE, found, look, make_reader, options, places
from tests.support.postgres.consumer import scan
from tests.support.postgres.site import Site
from tools.runners.modules import Outcome, run_module

EVERYTHING = ["missing", "lost", "breaks_scan", "excess", "exposed", "future"]


def create_sales(site: Site, schema: str = "sales") -> None:
    """Create a schema, owned by its own role, with a table of three columns and a view; nothing is granted."""
    site.run("CREATE SCHEMA {} AUTHORIZATION {}", schema, site.create_role(f"owner_{len(schema)}"))
    site.run("CREATE TABLE {}.orders (id int PRIMARY KEY, note text, total numeric)", schema)
    site.run("CREATE VIEW {}.recent AS SELECT id FROM {}.orders", schema, schema)
    owner = site.role_name(f"owner_{len(schema)}")
    site.run("ALTER TABLE {}.orders OWNER TO {}; ALTER VIEW {}.recent OWNER TO {}", schema, owner, schema, owner)


def grant(site: Site, schema: str = "sales", privilege: str = "SELECT") -> None:
    """Grant the group everything needed to read a schema, including future tables."""
    owner = site.role_name(f"owner_{len(schema)}")
    site.run("GRANT USAGE ON SCHEMA {} TO {}", schema, site.group)
    site.run(f"GRANT {privilege} ON ALL TABLES IN SCHEMA {{}} TO {{}}", schema, site.group)
    statement = f"ALTER DEFAULT PRIVILEGES FOR ROLE {{}} IN SCHEMA {{}} GRANT {privilege} ON TABLES TO {{}}"
    site.run(statement, owner, schema, site.group)


@pytest.fixture
def reader(site: Site) -> Site:
    """A site with user, group and the schema sales, which is all that the group may read."""
    make_reader(site)
    site.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    create_sales(site)
    grant(site)
    return site


def paste(site: Site, outcome: Outcome, aspect: str) -> None:
    """Run the remedies of an aspect as the superuser."""
    for one in found(outcome, aspect):
        site.server.execute(one["remedy"], database=site.database)


def test_a_good_grant_is_ok_in_every_aspect(reader: Site) -> None:
    outcome = look(reader, "sales", fail_on=EVERYTHING).ok()
    assert {aspect: one["status"] for aspect, one in outcome["summary"].items()} == dict.fromkeys(
        ["connection", *EVERYTHING, "limits"], "ok"
    ) | {"lost": "unknown"}
    assert [one["aspects"] for one in outcome["not_checked"]] == [["lost"]]
    assert outcome["databases"] == [
        {
            "name": reader.database,
            "status": "ok",
            "schemas": [
                {
                    "name": "sales",
                    "privilege": "select",
                    "relations": {"expected": 2, "visible": 2},
                    "columns": {"expected": 4, "visible": 4},
                    "future_covered": True,
                }
            ],
        }
    ]
    assert outcome["seen"] == {reader.database: scan(reader).column_counts}
    assert (outcome.changed, outcome["breakers_confirmed"]) == (False, True)
    assert outcome["server_version"] // 10000 == int(float(reader.server.major))


def test_check_mode_returns_the_same(reader: Site) -> None:
    reader.run("REVOKE SELECT ON sales.recent FROM {}", reader.group)
    wanted = options(reader, "sales")
    real, checked = run_module("visibility", wanted), run_module("visibility", wanted, check=True)
    assert checked["findings"] == real["findings"]
    assert real.failed
    assert checked.failed


def test_nothing_is_written_and_no_secret_is_told(reader: Site) -> None:
    before = reader.run("SELECT txid_current()")[0][0]
    outcome = look(reader, "sales").ok()
    assert reader.run("SELECT txid_current()")[0][0] == before + 1
    assert reader.password not in outcome.text.replace("\\\\", "\\")
    log = reader.server.logged()
    assert "ISOLATION LEVEL REPEATABLE READ READ ONLY" in log
    assert reader.password not in log


MISSING: dict[str, tuple[str, tuple[str, str]]] = {
    "SELECT": ("REVOKE SELECT ON sales.recent FROM {}", ("sales", "recent")),
    "USAGE and SELECT": (
        "REVOKE USAGE ON SCHEMA sales FROM {0}; REVOKE SELECT ON ALL TABLES IN SCHEMA sales FROM {0}",
        ("sales", ""),
    ),
    "SELECT on everything": ("REVOKE SELECT ON ALL TABLES IN SCHEMA sales FROM {}", ("sales", "")),
    "a column": (
        "REVOKE SELECT ON sales.orders FROM {0}; GRANT SELECT (id, note) ON sales.orders TO {0}",
        ("sales", "orders"),
    ),
    "SELECT, though REFERENCES shows it": (
        "REVOKE SELECT ON sales.orders FROM {0}; GRANT REFERENCES ON sales.orders TO {0}",
        ("sales", "orders"),
    ),
    "a new table": ("CREATE TABLE sales.more (a int)", ("sales", "more")),
}


@pytest.mark.parametrize(("break_it", "place"), MISSING.values(), ids=MISSING.keys())
def test_missing_is_found_and_the_remedy_mends_it(reader: Site, break_it: str, place: tuple[str, str]) -> None:
    reader.run(break_it.replace("{0}", "{}"), *[reader.group] * (break_it.count("{")))
    outcome = look(reader, "sales")
    assert outcome.failed
    assert outcome["summary"]["missing"]["status"] == "failure"
    assert places(found(outcome, "missing")) == [place]
    paste(reader, outcome, "missing")
    assert not found(look(reader, "sales").ok(), "missing")


def test_the_message_names_the_first_findings_and_the_count(reader: Site) -> None:
    for number in range(5):
        reader.run("CREATE TABLE sales.{} (a int)", f"more{number}")
    outcome = look(reader, "sales")
    assert outcome["msg"].startswith(f'Verification failed for user "{reader.user}": 5 failures:')
    assert '"more0"' in outcome["msg"]
    assert "... and 2 more" in outcome["msg"]


def test_a_login_that_works_and_sees_nothing_is_missing(site: Site) -> None:
    make_reader(site)
    create_sales(site)
    outcome = look(site, "sales")
    assert outcome["summary"]["missing"] == {"status": "failure", "count": 1}
    (one,) = found(outcome, "missing")
    assert "None of the 2 relations" in one["reason"]
    assert outcome["seen"] == {site.database: {}}


def test_a_user_that_does_not_inherit_its_group_is_missing_everything(reader: Site) -> None:
    if float(reader.server.major) < 16:
        reader.run("ALTER ROLE {} NOINHERIT", reader.user)
    else:
        reader.run("GRANT {} TO {} WITH INHERIT FALSE", reader.group, reader.user)
    outcome = look(reader, "sales")
    membership, everything = found(outcome, "missing")
    assert "does not inherit" in membership["reason"]
    assert everything["remedy"] == membership["remedy"]
    paste(reader, outcome, "missing")
    assert not found(look(reader, "sales").ok(), "missing")


def test_a_user_outside_its_group_is_told_so(reader: Site) -> None:
    reader.run("REVOKE {} FROM {}", reader.group, reader.user)
    outcome = look(reader, "sales")
    assert "is no member" in found(outcome, "missing")[0]["reason"]
    paste(reader, outcome, "missing")
    assert not found(look(reader, "sales").ok(), "missing")


def test_without_a_group_the_remedies_grant_to_the_user(reader: Site) -> None:
    reader.run("CREATE TABLE sales.more (a int)")
    outcome = look(reader, "sales", group="nobody_is_called_so")
    assert found(outcome, "missing")[0]["remedy"] == f"GRANT SELECT ON TABLE sales.more TO {reader.user};"


@pytest.mark.parametrize("entry", ["gone", "gone_*", HOSTILE])
def test_a_schema_that_does_not_exist_is_missing(reader: Site, entry: str) -> None:
    outcome = look(reader, "sales", entry)
    assert places(found(outcome, "missing")) == [(entry, "")]
    assert "not found" in found(outcome, "missing")[0]["reason"]
    look(reader, "sales", entry, allow_empty=True).ok()


def test_metadata_schemas_that_match_nothing_are_missing(reader: Site) -> None:
    assert places(found(look(reader, "sales", metadata_schemas=["slaes"]), "missing")) == [("slaes", "")]


def test_patterns_and_excludes(reader: Site) -> None:
    create_sales(reader, "sales_test")
    assert found(look(reader, "sal*"), "missing")
    look(reader, "sal*", exclude_schemas=["*_test"]).ok()


def test_many_missing_relations_are_counted_not_listed(reader: Site) -> None:
    reader.run(
        "DO $$ BEGIN FOR i IN 1..60 LOOP EXECUTE format('CREATE TABLE sales.more%s (a int)', i); END LOOP; END $$"
    )
    outcome = look(reader, "sales")
    missing = found(outcome, "missing")
    assert (len(missing), missing[-1]["relation"]) == (51, "")
    assert missing[-1]["reason"].startswith("10 more")
    paste(reader, outcome, "missing")
    look(reader, "sales").ok()


def test_hostile_names_in_every_place(reader: Site) -> None:
    create_sales(reader, HOSTILE)
    reader.run("CREATE TABLE {}.{} (a int)", HOSTILE, HOSTILE)
    outcome = look(reader, HOSTILE, fail_on=["missing", "future"])
    paste(reader, outcome, "missing")
    paste(reader, outcome, "future")
    look(reader, HOSTILE, fail_on=["missing", "future"]).ok()


def test_metadata_needs_no_select(reader: Site) -> None:
    create_sales(reader, "hr")
    grant(reader, "hr", "REFERENCES")
    outcome = look(reader, "sales", "hr", metadata_schemas=["h*"], fail_on=EVERYTHING).ok()
    assert [(one["name"], one["privilege"]) for one in outcome["databases"][0]["schemas"]] == [
        ("hr", "metadata"),
        ("sales", "select"),
    ]


def test_metadata_for_all_schemas_by_the_option_privilege(reader: Site) -> None:
    excess = found(look(reader, "sales", privilege="metadata", fail_on=["excess"]), "excess", "failure")
    assert "only the metadata" in excess[0]["reason"]


def test_a_readable_row_of_a_metadata_schema_is_excess(reader: Site) -> None:
    create_sales(reader, "hr")
    grant(reader, "hr", "REFERENCES")
    reader.run("GRANT SELECT (id) ON hr.orders TO {}", reader.group)
    outcome = look(reader, "hr", privilege="metadata", fail_on=["excess"], exclude_schemas=["sales"])
    assert ("hr", "orders") in places(found(outcome, "excess", "failure"))
    paste(reader, outcome, "excess")
    assert not found(look(reader, "hr", privilege="metadata"), "excess")


def test_default_privileges_to_read_a_metadata_schema_are_excess(reader: Site) -> None:
    create_sales(reader, "hr")
    grant(reader, "hr", "REFERENCES")
    owner = reader.role_name("owner_2")
    reader.run("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA hr GRANT SELECT ON TABLES TO {}", owner, reader.group)
    outcome = look(reader, "hr", privilege="metadata", fail_on=["excess"])
    assert "next tables" in found(outcome, "excess", "failure")[0]["reason"]
    paste(reader, outcome, "excess")
    assert not found(look(reader, "hr", privilege="metadata"), "excess")


READABLE = {
    "through the group": "GRANT SELECT ON hr.orders TO {}",
    "a column through the group": "GRANT SELECT (note) ON hr.orders TO {}",
    "through PUBLIC": "GRANT SELECT ON hr.orders TO PUBLIC",
    "a column through PUBLIC": "GRANT SELECT (id) ON hr.orders TO PUBLIC",
}


@pytest.mark.parametrize("statement", READABLE.values(), ids=READABLE.keys())
def test_a_readable_row_in_metadata_mode_always_fails(reader: Site, statement: str) -> None:
    create_sales(reader, "hr")
    grant(reader, "hr", "REFERENCES")
    look(reader, "hr", privilege="metadata", fail_on=["missing"]).ok()
    reader.run(statement, *([reader.group] if "{}" in statement else []))
    outcome = look(reader, "hr", privilege="metadata", fail_on=["missing"])
    assert outcome.failed
    assert places(found(outcome, "excess", "failure")) == [("hr", "orders")]
    paste(reader, outcome, "excess")
    look(reader, "hr", privilege="metadata", fail_on=["missing"]).ok()


def test_a_readable_row_through_the_user_itself_fails_too(reader: Site) -> None:
    create_sales(reader, "hr")
    grant(reader, "hr", "REFERENCES")
    reader.run("GRANT SELECT ON hr.recent TO {}", reader.user)
    outcome = look(reader, "sales", "hr", metadata_schemas=["hr"])
    assert outcome.failed
    assert places(found(outcome, "excess", "failure")) == [("hr", "recent")]


def test_create_with_references_is_excess_even_where_public_has_it(reader: Site) -> None:
    reader.run("GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT REFERENCES ON sales.orders TO {}", reader.group)
    outcome = look(reader, "sales", fail_on=["excess"])
    (one,) = found(outcome, "excess", "failure")
    assert (one["schema"], one["remedy"]) == ("public", "REVOKE CREATE ON SCHEMA public FROM PUBLIC;")
    assert "foreign key" in one["reason"]


def test_create_on_public_before_15_is_information(reader: Site) -> None:
    reader.run("GRANT CREATE ON SCHEMA public TO PUBLIC")
    severity = "information" if float(reader.server.major) < 15 else "failure"
    outcome = look(reader, "sales", fail_on=["excess"])
    told = [one for one in found(outcome, "excess", "information", "failure") if one["schema"] == "public"]
    assert [one["severity"] for one in told] == [severity]
    (path,) = found(outcome, "exposed")
    assert "search_path" in path["reason"]


EXCESS = {
    "INSERT": "GRANT INSERT ON sales.orders TO {}",
    "UPDATE of a column": "GRANT UPDATE (note) ON sales.orders TO {}",
    "TRUNCATE": "GRANT TRUNCATE ON sales.orders TO {}",
    "DELETE on a view, hostile": 'GRANT DELETE ON sales.recent TO {}; ALTER VIEW sales.recent RENAME TO "x\'; --"',
    "CREATE on a schema": "GRANT CREATE ON SCHEMA sales TO {}",
    "INSERT by default": "ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT INSERT ON TABLES TO {}",
}


@pytest.mark.parametrize("statement", EXCESS.values(), ids=EXCESS.keys())
def test_writing_is_excess_and_the_remedy_mends_it(reader: Site, statement: str) -> None:
    reader.run(statement, reader.group)
    outcome = look(reader, "sales", fail_on=["excess"])
    assert outcome.failed
    (one,) = found(outcome, "excess", "failure")
    assert one["schema"] == "sales"
    paste(reader, outcome, "excess")
    look(reader, "sales", fail_on=["excess"]).ok()


@pytest.mark.parametrize("attribute", ["CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"])
def test_attributes_are_excess(reader: Site, attribute: str) -> None:
    reader.run(f"ALTER ROLE {{}} {attribute}", reader.user)
    outcome = look(reader, "sales", fail_on=["excess"])
    assert attribute in found(outcome, "excess", "failure")[0]["reason"]
    paste(reader, outcome, "excess")
    look(reader, "sales", fail_on=["excess"]).ok()


def test_creating_schemas_is_excess(reader: Site) -> None:
    reader.run("GRANT CREATE ON DATABASE {} TO {}", reader.database, reader.group)
    outcome = look(reader, "sales", fail_on=["excess"])
    assert "create schemas" in found(outcome, "excess", "failure")[0]["reason"]
    paste(reader, outcome, "excess")
    look(reader, "sales", fail_on=["excess"]).ok()


def test_ownership_is_excess_in_every_database(reader: Site) -> None:
    other = reader.create_database("other")
    reader.run("CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO {}", reader.user, database=other)
    (one,) = found(look(reader, "sales", fail_on=["excess"]), "excess", "failure")
    assert one["database"] == other
    assert "owns 1 object " in one["reason"]


def test_memberships_are_weighed(reader: Site) -> None:
    plain, creating = reader.create_role("plain"), reader.create_role("creating", "CREATEROLE")
    reader.run("GRANT {} TO {}; GRANT {} TO {}", plain, reader.user, creating, reader.group)
    outcome = look(reader, "sales", fail_on=["excess"])
    severity = {
        name: one["severity"] for one in outcome["findings"] for name in (plain, creating) if name in one["reason"]
    }
    assert severity == {plain: "information", creating: "failure"}


def test_admin_option_on_the_group_is_excess(reader: Site) -> None:
    reader.run("GRANT {} TO {} WITH ADMIN OPTION", reader.group, reader.user)
    outcome = look(reader, "sales", fail_on=["excess"])
    assert "ADMIN OPTION" in found(outcome, "excess", "failure")[0]["reason"]
    paste(reader, outcome, "excess")
    look(reader, "sales", fail_on=["excess"]).ok()


def test_what_is_readable_beyond_the_list_is_exposed_with_the_way_it_comes(reader: Site) -> None:
    create_sales(reader, "hr")
    other = reader.create_role("payroll")
    reader.run("GRANT {} TO {}; GRANT USAGE ON SCHEMA hr TO {}", other, reader.user, reader.group)
    reader.run("GRANT SELECT ON hr.orders TO {}; GRANT SELECT ON hr.recent TO PUBLIC", other)
    outcome = look(reader, "sales", fail_on=["exposed"])
    exposed = {one["relation"]: one for one in found(outcome, "exposed", "failure")}
    assert sorted(exposed) == ["orders", "recent"]
    assert f'through role "{other}"' in exposed["orders"]["reason"]
    assert "through PUBLIC" in exposed["recent"]["reason"]
    paste(reader, outcome, "exposed")
    assert not found(look(reader, "sales"), "exposed")


def test_what_an_extension_gives_to_public_is_information(reader: Site) -> None:
    reader.run("CREATE EXTENSION pg_stat_statements SCHEMA public")
    outcome = look(reader, "sales", fail_on=EVERYTHING).ok()
    assert [one["schema"] for one in found(outcome, "exposed", "information")] == ["public"]


def test_pg_read_all_data_is_exposure_and_excess(reader: Site) -> None:
    if float(reader.server.major) < 14:
        assert not reader.server.execute("SELECT 1 FROM pg_roles WHERE rolname = 'pg_read_all_data'")
        return
    create_sales(reader, "hr")
    reader.run("GRANT pg_read_all_data TO {}", reader.user)
    outcome = look(reader, "sales", fail_on=["exposed", "excess"])
    assert "predefined role" in found(outcome, "exposed", "failure")[0]["reason"]
    assert "pg_read_all_data" in found(outcome, "excess", "failure")[0]["reason"]


def test_creators_without_default_privileges_are_future(reader: Site) -> None:
    loader, boss = reader.create_role("loader"), reader.create_role("boss", "SUPERUSER")
    reader.run("GRANT CREATE ON SCHEMA sales TO {}, {}", loader, boss)
    outcome = look(reader, "sales", fail_on=["future"])
    (one,) = found(outcome, "future", "failure")
    assert loader in one["reason"]
    assert outcome["databases"][0]["schemas"][0]["future_covered"] is False
    paste(reader, outcome, "future")
    assert look(reader, "sales", fail_on=["future"]).ok()["databases"][0]["schemas"][0]["future_covered"] is True


def test_future_is_a_warning_unless_told_otherwise(reader: Site) -> None:
    reader.run("GRANT CREATE ON SCHEMA sales TO {}", reader.create_role("loader"))
    outcome = look(reader, "sales").ok()
    assert outcome["summary"]["future"] == {"status": "warning", "count": 1}
    assert outcome["databases"][0]["status"] == "warning"


def test_listed_creators_are_the_ones_that_count(reader: Site) -> None:
    loader = reader.create_role("loader")
    outcome = look(reader, "sales", creators=[loader, "nobody_is_called_so"], fail_on=["future"])
    reasons = " ".join(one["reason"] for one in found(outcome, "future", "failure"))
    assert loader in reasons
    assert '"nobody_is_called_so" does not exist' in reasons


def test_default_privileges_for_public_cover_the_future(reader: Site) -> None:
    loader = reader.create_role("loader")
    reader.run("GRANT CREATE ON SCHEMA sales TO {}", loader)
    reader.run("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA sales GRANT SELECT ON TABLES TO PUBLIC", loader)
    look(reader, "sales", fail_on=["future"]).ok()


def test_limits_are_information(reader: Site) -> None:
    reader.run("CREATE MATERIALIZED VIEW sales.sums AS SELECT 1 AS a; CREATE TABLE sales.bare ()")
    outcome = look(reader, "sales", fail_on=[aspect for aspect in EVERYTHING if aspect != "future"]).ok()
    reasons = " ".join(one["reason"] for one in found(outcome, "limits", "information"))
    assert all(word in reasons for word in ('"sums"', '"bare"', "primary keys"))
    assert outcome["databases"][0]["schemas"][0]["relations"] == {"expected": 2, "visible": 2}


USAGE = "; GRANT USAGE ON SCHEMA sales TO {}"
LOST: dict[str, tuple[str, str, str]] = {
    "revoked": ("REVOKE SELECT ON sales.orders FROM {}", "failure", "though it exists"),
    "dropped": (f"DROP TABLE sales.orders CASCADE{USAGE}", "warning", "no longer exists"),
    "renamed": (f"ALTER TABLE sales.orders RENAME TO o2{USAGE}", "warning", "has a new name"),
    "a column less": (
        f"DROP VIEW sales.recent; ALTER TABLE sales.orders DROP note{USAGE}",
        "warning",
        "will be seen with 2, all that it has",
    ),
    "moved out of sight": (
        "CREATE SCHEMA attic; ALTER TABLE sales.orders SET SCHEMA attic; REVOKE SELECT ON attic.orders FROM {}",
        "failure",
        'its name exists in schema "attic"',
    ),
    "moved in sight": (
        f"CREATE SCHEMA attic; ALTER TABLE sales.orders SET SCHEMA attic; GRANT USAGE ON SCHEMA attic TO PUBLIC{USAGE}",
        "warning",
        "no longer exists",
    ),
}


@pytest.mark.parametrize(("statement", "severity", "words"), LOST.values(), ids=LOST.keys())
def test_what_was_seen_earlier_and_is_not_now_is_lost(reader: Site, statement: str, severity: str, words: str) -> None:
    baseline = look(reader, "sales").ok()["seen"]
    assert not found(look(reader, "sales", baseline=baseline).ok(), "lost")
    reader.run(statement, reader.group)
    outcome = look(reader, "sales", baseline=baseline, fail_on=["lost"])
    lost = {one["relation"]: one["reason"] for one in found(outcome, "lost", severity)}
    assert words in lost["orders"]
    assert "hides its documentation" in lost["orders"]


def test_losses_are_told_even_where_the_scan_fails(reader: Site) -> None:
    baseline = look(reader, "sales").ok()["seen"]
    reader.run("REVOKE SELECT ON sales.orders FROM {}", reader.group)
    reader.run('CREATE SCHEMA "Odd"; CREATE TABLE "Odd".t (a int); GRANT SELECT ON "Odd".t TO PUBLIC')
    outcome = look(reader, "sales", baseline={"seen": baseline})
    assert outcome["seen"] == {}
    (one,) = found(outcome, "lost", "failure")
    assert "first scan that succeeds" in one["reason"]


def test_a_baseline_of_another_shape_is_refused(reader: Site) -> None:
    assert "baseline" in look(reader, "sales", baseline={"a": 1})["msg"]


def test_several_databases_by_pattern(reader: Site) -> None:
    other = reader.create_database("warehouse_two")
    reader.run("CREATE SCHEMA sales; CREATE TABLE sales.t (a int)", database=other)
    name = f"warehouse*{reader.suffix}"
    outcome = look(reader, "sales", name=name)
    assert [(one["name"], one["status"]) for one in outcome["databases"]] == [
        (reader.database, "ok"),
        (other, "failure"),
    ]
    assert {one["database"] for one in found(outcome, "missing")} == {other}


def test_a_pattern_that_matches_no_database_is_missing(reader: Site) -> None:
    outcome = look(reader, "sales", name="nothing_like_this_*")
    assert [one["database"] for one in found(outcome, "missing")] == ["nothing_like_this_*"]
    assert outcome.failed
    assert not look(reader, "sales", name="nothing_like_this_*", allow_empty=True).failed


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "one name for group and user": ({"group": "same", "user": "same"}, "same name"),
    "an empty password": ({"password": ""}, "password"),
    "a schema of the system": ({"databases": [{"name": "d", "schemas": ["pg_catalog"]}]}, "PostgreSQL's own"),
    "no database": ({"databases": []}, "No database"),
    "a database twice": ({"databases": [{"name": "d", "schemas": ["a"]}] * 2}, "more than once"),
    "auto and names": ({"databases": [{"name": "d", "schemas": ["a"], "creators": ["auto", "x"]}]}, "auto"),
}


@pytest.mark.parametrize(("changes", "words"), WRONG.values(), ids=WRONG.keys())
def test_wrong_options_are_one_error_before_any_login(site: Site, changes: dict[str, Any], words: str) -> None:
    outcome = look(site, "sales", **changes)
    assert outcome.failed
    assert words in outcome["msg"]


def test_the_number_of_questions_does_not_depend_on_the_number_of_objects(reader: Site) -> None:
    def questions() -> int:
        before = len(reader.server.logged())
        look(reader, "*", fail_on=["breaks_scan"])
        log = reader.server.logged()[before:]
        return sum(log.count(f"{kind}: statement: ") + log.count(f"{kind}:  00000: statement: ") for kind in ("LOG",))

    few = questions()
    for number in range(20):
        reader.run("CREATE SCHEMA {}", f"s{number}")
        for name in ("a", "b", "c"):
            reader.run("CREATE TABLE {}.{} (id int)", f"s{number}", name)
    assert 0 < few == questions()
