# SPDX-License-Identifier: GPL-3.0-or-later
"""No other role's code runs with the privileges of Metamapper's user, whatever schemas are in its search_path."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.modules.visibility import HOSTILE, found, look, make_reader, statements
from tests.support.postgres.site import Site
from tools.runners.modules import Outcome

RAN = "the code of a tenant ran"


@pytest.fixture
def reader(site: Site) -> Site:
    """A site with group and user, a table that they may read, one that they may not, and a tenant in the database."""
    make_reader(site)
    site.create_role("tenant")
    site.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.t (id int PRIMARY KEY, note text DEFAULT 'x')")
    site.run("CREATE TABLE sales.hidden (a int); CREATE INDEX ON sales.t (note)")
    site.run("GRANT USAGE ON SCHEMA sales TO {}; GRANT SELECT ON sales.t TO {}", site.group, site.group)
    return site


def operator(schema: str, symbol: str, left: str, right: str, result: str = "false") -> str:
    """Return statements that create an operator whose function logs that it ran, and as which role."""
    return f"""
        CREATE FUNCTION {schema}.{{}}(a {left}, b {right}) RETURNS bool LANGUAGE plpgsql
            AS $$BEGIN RAISE LOG '{RAN} as %', current_user; RETURN {result}; END$$;
        CREATE OPERATOR {schema}.{symbol} (PROCEDURE = {schema}.{{}}, LEFTARG = {left}, RIGHTARG = {right});
    """


def function(schema: str, name: str, arguments: str, result: str, value: str) -> str:
    """Return a statement that creates a function which logs that it ran."""
    return f"""
        CREATE FUNCTION {schema}.{name}({arguments}) RETURNS {result} LANGUAGE plpgsql
            AS $$BEGIN RAISE LOG '{RAN} as %', current_user; RETURN {value}; END$$;
    """


IDENTIFIER = "information_schema.sql_identifier"
OPERATORS = {
    "!~ of names": ("!~", "name", "name"),
    "<> of names": ("<>", "name", "name"),
    "= of names": ("=", "name", "name"),
    "~ of texts": ("~", "text", "text"),
    "= of texts": ("=", "text", "text"),
    "< of bigints": ("<", "bigint", "bigint"),
    "> of bigints": (">", "bigint", "bigint"),
    "> of integers": (">", "int", "int"),
    "= of oids": ("=", "oid", "oid"),
    "<> of oids": ("<>", "oid", "oid"),
    "= of chars": ("=", '"char"', '"char"'),
    "= of bools": ("=", "bool", "bool"),
    "= of identifiers": ("=", IDENTIFIER, IDENTIFIER),
    "= of an identifier and a text": ("=", IDENTIFIER, "text"),
    "<> of an identifier and a text": ("<>", IDENTIFIER, "text"),
    "|| of an identifier and a text": ("||", IDENTIFIER, "text"),
    "= of character data": ("=", "information_schema.character_data", "text"),
}
DATA = "information_schema.character_data"
FUNCTIONS = {
    "lower": ("lower", f"a {DATA}", "text", "'x'"),
    "upper": ("upper", "a information_schema.yes_or_no", "text", "'YES'"),
    "char_length": ("char_length", f"a {DATA}", "int", "1"),
    "to_regclass": ("to_regclass", "a varchar", "regclass", "NULL"),
    "count": ("set_config", "a text, b text, c bool", "text", "c"),
    "col_description": ("col_description", "a oid, b information_schema.cardinal_number", "text", "''"),
}


def assert_nothing_ran(site: Site, before: int) -> None:
    """Check that the server's log shows no run of the tenant's code after this position."""
    assert RAN not in site.server.logged()[before:]


def checked(site: Site) -> Outcome:
    """Run the module; check that its result is right and that none of the tenant's code ran."""
    before = len(site.server.logged())
    outcome = look(site, "sales")
    assert_nothing_ran(site, before)
    assert [(one["schema"], one["relation"]) for one in found(outcome, "missing")] == [("sales", "hidden")]
    assert outcome["breakers_confirmed"] is True
    assert outcome["seen"] == {site.database: {"sales": {"t": 2}}}
    return outcome


@pytest.mark.parametrize("how", OPERATORS.values(), ids=OPERATORS.keys())
def test_an_operator_of_somebody_who_may_create_in_public_does_not_run(reader: Site, how: tuple[str, str, str]) -> None:
    tenant = reader.role_name("tenant")
    reader.run("GRANT CREATE ON SCHEMA public TO {}", tenant)
    reader.run_as(tenant, operator("public", *how), "mine", "mine")
    (one,) = found(checked(reader), "exposed", "warning")
    assert tenant in one["reason"]
    for statement in statements(one, "revoke CREATE from others"):
        reader.server.execute(statement, database=reader.database)


@pytest.mark.parametrize("how", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_a_function_of_somebody_who_may_create_in_public_does_not_run(reader: Site, how: tuple[str, ...]) -> None:
    tenant = reader.role_name("tenant")
    reader.run("GRANT CREATE ON SCHEMA public TO {}", tenant)
    reader.run_as(tenant, function("public", *how))
    assert found(checked(reader), "exposed", "warning")


@pytest.mark.parametrize("how", OPERATORS.values(), ids=OPERATORS.keys())
def test_a_path_of_the_owner_of_the_database_does_not_run_its_operators(
    reader: Site, how: tuple[str, str, str]
) -> None:
    tenant = reader.role_name("tenant")
    reader.run("CREATE SCHEMA evil AUTHORIZATION {}; GRANT USAGE ON SCHEMA evil TO PUBLIC", tenant)
    reader.run_as(tenant, operator("evil", *how), "mine", "mine")
    reader.run("ALTER DATABASE {} SET search_path = evil, pg_catalog", reader.database)
    outcome = checked(reader)
    (one,) = found(outcome, "exposed", "information")
    assert (one["schema"], tenant in one["reason"]) == ("evil", True)


def test_an_operator_that_was_left_behind_does_not_run(reader: Site) -> None:
    tenant = reader.role_name("tenant")
    reader.run("GRANT CREATE ON SCHEMA public TO {}", tenant)
    reader.run_as(tenant, operator("public", "=", IDENTIFIER, IDENTIFIER), "mine", "mine")
    reader.run("REVOKE CREATE ON SCHEMA public FROM {}; ALTER SCHEMA public OWNER TO postgres", tenant)
    (one,) = found(checked(reader), "exposed", "information")
    assert "owns functions or operators" in one["reason"]


def test_the_path_of_the_login_itself_is_not_taken_from_it(reader: Site) -> None:
    reader.run("CREATE SCHEMA {0}; GRANT USAGE ON SCHEMA {0} TO PUBLIC".replace("{0}", "{}"), HOSTILE, HOSTILE)
    reader.run("ALTER ROLE {} SET search_path = {}, sales", reader.user, HOSTILE)
    outcome = checked(reader)
    assert not found(outcome, "exposed", "failure", "warning", "information")


CREATORS: dict[str, tuple[str, bool]] = {
    "PUBLIC": ("GRANT CREATE ON SCHEMA public TO PUBLIC", True),
    "a role": ("GRANT CREATE ON SCHEMA public TO {}", True),
    "the owner": ("ALTER SCHEMA public OWNER TO {}", False),
}


@pytest.mark.parametrize(("statement", "is_warning"), CREATORS.values(), ids=CREATORS.keys())
def test_who_may_create_on_the_path_is_told(reader: Site, statement: str, is_warning: bool) -> None:
    tenant = reader.role_name("tenant")
    reader.run(statement, *([tenant] if "{}" in statement else []))
    told: list[dict[str, Any]] = found(checked(reader), "exposed", "warning", "information")
    assert [(one["schema"], one["severity"]) for one in told] == [
        ("public", "warning" if is_warning else "information")
    ]
    assert "metamapper_search_path" in told[0]["remedy"]
    reader.run("ALTER ROLE {} SET search_path = pg_catalog", reader.user)
    assert not found(checked(reader), "exposed", "warning", "information")
