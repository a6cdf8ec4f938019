# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and texts that the session's encoding cannot represent or that Metamapper cannot store are predicted."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Iterator, Sequence

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.byte_text import printable
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg2 import sql

from tests.support.modules.visibility import HOSTILE, found, look, make_reader, places
from tests.support.postgres.consumer import scan, truth
from tests.support.postgres.site import Site
from tools.runners.modules import Outcome

FAILS = "fails as a whole"
HIDES = "hides"
LOGIN = "Metamapper's login"


@dataclass(frozen=True)
class Table:
    """A table with one column; its names and texts are written in ``encoding``."""

    schema: str = "sales"
    relation: str = "t"
    column: str = "a"
    default: str = ""
    comment: str = ""
    encoding: str = "UTF8"
    is_granted: bool = True


@contextlib.contextmanager
def cursor(site: Site, database: str, encoding: str) -> Iterator[Any]:
    """Yield a superuser's cursor with this client encoding."""
    with contextlib.closing(site.server.connect(database, client_encoding=encoding)) as connection:
        yield connection.cursor()


def create(site: Site, database: str, tables: Sequence[Table]) -> None:
    """Create tables, and grant access to them."""
    for one in tables:
        with cursor(site, database, one.encoding) as run:
            # psycopg2 quotes names in UTF-8, whatever the encoding
            schema, table, column = (quoted(name) for name in (one.schema, one.relation, one.column))
            run.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}", [])
            run.execute(f"CREATE TABLE {schema}.{table} ({column} text DEFAULT %s)", [one.default])
            run.execute(f"COMMENT ON COLUMN {schema}.{table}.{column} IS %s", [one.comment])
            if one.is_granted:
                run.execute(f"GRANT USAGE ON SCHEMA {schema} TO {quoted(site.group)}", [])
                run.execute(f"GRANT SELECT ON {schema}.{table} TO {quoted(site.group)}", [])


def quoted(name: str) -> str:
    """Return a quoted name for a statement with parameters."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def encode_as(site: Site, database: str, encoding: str) -> None:
    """Set the default client encoding of sessions in a database; empty keeps the database's own encoding."""
    setting = f"SET client_encoding = '{encoding}'" if encoding else "RESET client_encoding"
    site.run(f"ALTER DATABASE {{}} {setting}", database, database="postgres")


@pytest.fixture
def reader(site: Site) -> Site:
    """A site with group and user."""
    make_reader(site)
    return site


E_ACUTE = "caf\u00e9"
EURO = "\u20acuro"
TEXTS = {
    "schema": Table(schema=EURO),
    "relation": Table(relation=EURO),
    "column": Table(column=EURO),
    "default": Table(default=EURO),
    "comment": Table(comment=EURO),
}


@pytest.mark.parametrize("one", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("stored", ["UTF8", "SQL_ASCII"])
def test_what_has_no_equivalent_in_the_encoding_is_found_and_the_remedy_fixes_it(
    reader: Site, stored: str, one: Table
) -> None:
    database = reader.create_database("encoded", encoding=stored)
    create(reader, database, [one])
    encode_as(reader, database, "LATIN1" if stored == "UTF8" else "")
    assert scan(reader, database).status == "FAILURE"
    outcome = look(reader, "*", name=database)
    (finding,) = found(outcome, "breaks_scan", "failure")
    assert finding["remedy"] == f"ALTER ROLE {reader.user} SET client_encoding = 'UTF8';"
    assert (outcome["seen"], outcome["breakers_confirmed"]) == ({}, True)
    reader.server.execute(finding["remedy"])
    assert scan(reader, database).status == "SUCCESS"
    assert not found(look(reader, "*", name=database), "breaks_scan")


def test_what_the_login_may_not_see_is_not_found(reader: Site) -> None:
    database = reader.create_database("encoded", encoding="SQL_ASCII")
    create(reader, database, [Table(), Table("priv\u00e9", EURO, is_granted=False)])
    outcome = look(reader, "sales", name=database).ok()
    assert not found(outcome, "breaks_scan")
    assert scan(reader, database).status == "SUCCESS"


@pytest.mark.parametrize("one", TEXTS.values(), ids=TEXTS.keys())
def test_bytes_that_are_no_utf8_are_found_and_the_remedy_fixes_it(reader: Site, one: Table) -> None:
    database = reader.create_database("encoded", encoding="SQL_ASCII")
    values: dict[str, Any] = {key: E_ACUTE if value == EURO else value for key, value in vars(one).items()}
    create(reader, database, [Table(**{**values, "encoding": "LATIN1"}), Table("plain", "t")])
    outcome = look(reader, "plain", name=database)
    (finding,) = found(outcome, "breaks_scan", "failure")
    assert "LATIN1" in finding["remedy"]
    assert not found(outcome, "connection", "failure")
    reader.server.execute(finding["remedy"])
    assert scan(reader, database).status == "SUCCESS"
    assert not found(look(reader, "plain", name=database), "breaks_scan", "failure")


def test_bytes_that_are_no_utf8_and_that_a_scan_does_not_meet_trouble_nobody(reader: Site) -> None:
    database = reader.create_database("encoded", encoding="SQL_ASCII")
    create(reader, database, [Table(), Table(E_ACUTE, E_ACUTE, encoding="LATIN1", is_granted=False)])
    outcome = look(reader, "sales", name=database).ok()
    assert not found(outcome, "breaks_scan")
    assert [one["aspects"] for one in outcome["not_checked"]] == [["lost"]]
    assert outcome["seen"] == {database: {"sales": {"t": 1}}}


def test_a_name_that_is_no_utf8_can_be_listed_by_a_pattern_and_is_shown_with_its_bytes(reader: Site) -> None:
    database = reader.create_database("encoded", encoding="SQL_ASCII")
    create(reader, database, [Table(E_ACUTE, "t", encoding="LATIN1")])
    outcome = look(reader, "caf*", name=database)
    assert outcome["databases"][0]["schemas"][0]["name"] == "caf\\xe9"
    (finding,) = found(outcome, "breaks_scan", "failure")
    assert "caf\\351.t" in finding["reason"]
    assert "caf" in outcome["msg"]


LENGTHS = {"255 characters": (255, False), "256 characters": (256, True), "255 of two bytes": (-255, False)}


@pytest.mark.parametrize(("length", "is_too_long"), LENGTHS.values(), ids=LENGTHS.keys())
def test_a_default_that_metamapper_cannot_store_hides_the_schema(reader: Site, length: int, is_too_long: bool) -> None:
    shown = len("''::text")
    text = ("x" if length > 0 else "\u00e9") * (abs(length) - shown)
    create(reader, reader.database, [Table(default=text), Table("hr", "t")])
    real = scan(reader)
    assert real.status == ("PARTIAL" if is_too_long else "SUCCESS")
    outcome = look(reader, "sales", "hr")
    hidden = [one["schema"] for one in found(outcome, "breaks_scan", "failure")]
    assert hidden == (["sales"] if is_too_long else [])
    assert outcome.failed is is_too_long


def test_the_length_of_a_default_is_counted_along_the_path_of_the_login(reader: Site) -> None:
    name = "n" * 60
    reader.run("CREATE SCHEMA {}; CREATE SCHEMA sales; GRANT USAGE ON SCHEMA sales TO {}", name, reader.group)
    reader.run("CREATE FUNCTION {}.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'", name)
    call = f"{name}.f(" * 5 + "1" + ")" * 5
    reader.run(f"CREATE TABLE sales.t (a int DEFAULT {call}); GRANT SELECT ON sales.t TO {{}}", reader.group)
    assert scan(reader).hidden == {"sales"}
    assert found(look(reader, "sales"), "breaks_scan", "failure")
    reader.run("GRANT USAGE ON SCHEMA {} TO PUBLIC; ALTER ROLE {} SET search_path = {}", name, reader.user, name)
    assert not scan(reader).hidden
    assert not found(look(reader, "sales"), "breaks_scan", "failure")
    tenant = reader.create_role("tenant")
    reader.run("GRANT CREATE ON SCHEMA {} TO {}", name, tenant)
    assert not found(look(reader, "sales"), "breaks_scan", "failure")


@pytest.mark.parametrize("schema", ["a\\b", "we\"ird\\n\u00e4me';--"], ids=["backslash", "hostile"])
def test_a_backslash_in_the_name_of_a_schema_hides_it(reader: Site, schema: str) -> None:
    create(reader, reader.database, [Table(schema), Table("hr", "t")])
    assert scan(reader).status == "PARTIAL"
    (finding,) = found(look(reader, "*"), "breaks_scan", "failure")
    assert HIDES in finding["reason"]


WORDS = st.one_of(
    st.text(alphabet="aAb1. \\\u00e9", min_size=1, max_size=4),
    st.sampled_from(["ok", "t", "Ok", "123", EURO, "\u65e5\u672c", "caf\u00e9", HOSTILE]),
).filter(lambda name: not name.startswith("pg_"))
CONTENT = st.one_of(
    st.text(alphabet="ab\u00e9\u20ac\u65e5\\'", max_size=5),
    st.integers(min_value=240, max_value=250).map(lambda length: "x" * length),
    st.integers(min_value=245, max_value=249).map(lambda length: "\u00e9" * length),
)
TABLES = st.lists(
    st.builds(Table, WORDS, WORDS, WORDS, CONTENT, CONTENT, st.sampled_from(["UTF8", "UTF8", "LATIN1"]), st.booleans()),
    min_size=1,
    max_size=4,
    unique_by=lambda table: (table.schema, table.relation),
)
SERVERS = ["UTF8", "SQL_ASCII", "LATIN1"]
CLIENTS = ["", "LATIN1", "UTF8", "SQL_ASCII", "WIN1252", "EUC_JP"]


def is_writable(table: Table, stored: str) -> bool:
    """Tell whether a server with this encoding can store the names and texts of a table."""
    texts = "".join((table.schema, table.relation, table.column, table.default, table.comment))
    try:
        texts.encode("utf-8" if table.encoding == "UTF8" else "latin-1")
        texts.encode("latin-1" if stored == "LATIN1" else "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def is_utf8(table: Table, stored: str) -> bool:
    """Tell whether the names and texts of a table reach a client as valid UTF-8."""
    texts = "".join((table.schema, table.relation, table.column, table.default, table.comment))
    return stored != "SQL_ASCII" or table.encoding == "UTF8" or texts.isascii()


CODECS = {"LATIN1": "latin-1", "WIN1252": "cp1252", "EUC_JP": "euc_jp"}


def as_stored(name: str, codec: str) -> str:
    """Return the server's form of a name that a scan returned; without a codec, both are the same."""
    return name.encode(codec).decode("utf-8", "surrogateescape") if codec else name


def assert_agrees(site: Site, database: str, *, codec: str, can_judge_each: bool) -> Outcome:
    """Compare the module's predictions with a scan."""
    outcome, real = look(site, "*", name=database, allow_empty=True, fail_on=["breaks_scan"]), scan(site, database)
    failures = found(outcome, "breaks_scan", "failure")
    assert any(FAILS in one["reason"] or LOGIN in one["reason"] for one in failures) == (real.status == "FAILURE"), (
        real,
        failures,
    )
    assert outcome["breakers_confirmed"] is True
    assert not found(outcome, "connection", "failure")
    seen = {
        as_stored(schema, codec): {as_stored(relation, codec): columns for relation, columns in held.items()}
        for schema, held in real.column_counts.items()
    }
    assert outcome["seen"] == ({} if real.sqlstate else {database: printable(seen)})
    if not real.sqlstate:
        hidden = {printable(as_stored(schema, codec)) for schema in real.hidden}
        assert {one["schema"] for one in failures if HIDES in one["reason"]} == hidden
    if can_judge_each:
        actual = truth(site, database)
        is_read_wrongly = actual.misread | (actual.without_id if float(site.server.major) < 16 else frozenset())
        others = [one for one in failures if not any(word in one["reason"] for word in (HIDES, FAILS, LOGIN))]
        named = set(places(others))
        assert all({relation, (relation[0], "")} & named for relation in is_read_wrongly), (others, actual)
        troubled = is_read_wrongly | actual.failing
        assert named <= troubled | {(schema, "") for schema, _relation in troubled}, (others, actual)
    return outcome


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(tables=TABLES, stored=st.sampled_from(SERVERS), client=st.sampled_from(CLIENTS))
def test_no_trouble_of_a_scan_is_unpredicted_and_none_invented(
    reader: Site, tables: list[Table], stored: str, client: str
) -> None:
    database = reader.create_database("encoded", encoding=stored)
    try:
        made = [table for table in tables if is_writable(table, stored)]
        create(reader, database, made)
        encode_as(reader, database, client)
        codec = CODECS.get(client, "") if stored == "SQL_ASCII" else ""
        assert_agrees(reader, database, codec=codec, can_judge_each=all(is_utf8(table, stored) for table in made))
    finally:
        reader.server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(database)))
