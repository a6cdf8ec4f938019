"""What takes grants back: in which order, in whose name, and in how many statements."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import DatabaseFacts
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.acl_item import (
    KINDS,
    Held,
    revoke_statements,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.obstacles import held_problems
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import Grant
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import texts
from hypothesis import given

from tests.support.values.catalogs import GROUP, catalogs, grants_in, plan
from tests.support.values.names import HOSTILE

QUOTED = '"we""ird.näme\'; --"'
SELECT = Held("relation", "s", "t", "", "SELECT", "g", "o", "o", is_grant_option=False, become="", is_reachable=True)
USAGE = replace(SELECT, kind="schema", schema="", name="s", privilege="USAGE")
CONNECT = replace(USAGE, kind="database", name="d", privilege="CONNECT")
DEFAULT = replace(SELECT, kind="default", name="o", detail="r")
OPTION = replace(SELECT, is_grant_option=True)
HANGING = replace(SELECT, grantee="u", grantor="g", become=None)

STATEMENTS: dict[str, tuple[list[Held], list[str]]] = {
    "nothing": ([], []),
    "one": ([SELECT], ['REVOKE SELECT ON TABLE "s"."t" FROM "g"']),
    "hostile": (
        [replace(SELECT, schema=HOSTILE, name=HOSTILE, grantee=HOSTILE)],
        [f"REVOKE SELECT ON TABLE {QUOTED}.{QUOTED} FROM {QUOTED}"],
    ),
    "two in one statement": (
        [SELECT, replace(SELECT, name="a")],
        ['REVOKE SELECT ON TABLE "s"."a", "s"."t" FROM "g"'],
    ),
    "a statement for each privilege": (
        [SELECT, replace(SELECT, privilege="INSERT")],
        ['REVOKE INSERT ON TABLE "s"."t" FROM "g"', 'REVOKE SELECT ON TABLE "s"."t" FROM "g"'],
    ),
    "a statement for each grantee": (
        [SELECT, replace(SELECT, grantee="a")],
        ['REVOKE SELECT ON TABLE "s"."t" FROM "a"', 'REVOKE SELECT ON TABLE "s"."t" FROM "g"'],
    ),
    "what is in a schema, then the schema, then the database": (
        [CONNECT, USAGE, DEFAULT, SELECT],
        [
            'REVOKE SELECT ON TABLE "s"."t" FROM "g"',
            'ALTER DEFAULT PRIVILEGES FOR ROLE "o" IN SCHEMA "s" REVOKE SELECT ON TABLES FROM "g"',
            'REVOKE USAGE ON SCHEMA "s" FROM "g"',
            'REVOKE CONNECT ON DATABASE "d" FROM "g"',
        ],
    ),
    "columns of one table together": (
        [replace(SELECT, kind="column", detail="b"), replace(SELECT, kind="column", detail='a"')],
        ['REVOKE SELECT ("a""", "b") ON TABLE "s"."t" FROM "g"'],
    ),
    "braces in a signature": (
        [replace(SELECT, kind="function", detail='x s."{0}"', privilege="EXECUTE")],
        ['REVOKE EXECUTE ON FUNCTION "s"."t"(x s."{0}") FROM "g"'],
    ),
    "another grantor's, and back again": (
        [SELECT, replace(SELECT, grantor="h", become="h")],
        [
            'REVOKE SELECT ON TABLE "s"."t" FROM "g"',
            'SET LOCAL ROLE "h"',
            'REVOKE SELECT ON TABLE "s"."t" FROM "g"',
            'SET LOCAL ROLE "admin"',
        ],
    ),
    "as another, then as ourselves": (
        [replace(SELECT, grantor="h", become="h"), USAGE],
        [
            'SET LOCAL ROLE "h"',
            'REVOKE SELECT ON TABLE "s"."t" FROM "g"',
            'SET LOCAL ROLE "admin"',
            'REVOKE USAGE ON SCHEMA "s" FROM "g"',
        ],
    ),
    "an option that nothing hangs on": ([OPTION], ['REVOKE SELECT ON TABLE "s"."t" FROM "g"']),
    "an option with what hangs on it": ([OPTION, HANGING], ['REVOKE SELECT ON TABLE "s"."t" FROM "g" CASCADE']),
    "what hangs on an option that is kept": (
        [replace(HANGING, become="g")],
        ['SET LOCAL ROLE "g"', 'REVOKE SELECT ON TABLE "s"."t" FROM "u"', 'SET LOCAL ROLE "admin"'],
    ),
    "parameter": (
        [replace(USAGE, kind="parameter", name="ext.x", privilege="SET")],
        ['REVOKE SET ON PARAMETER "ext"."x" FROM "g"'],
    ),
    "large object": (
        [replace(USAGE, kind="large object", name="4711", privilege="UPDATE")],
        ['REVOKE UPDATE ON LARGE OBJECT 4711 FROM "g"'],
    ),
}


@pytest.mark.parametrize(("held", "expected"), STATEMENTS.values(), ids=STATEMENTS)
def test_statements(held: list[Held], expected: list[str]) -> None:
    assert texts(revoke_statements(held, administrator="admin")) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_that_name_its_object(kind: str) -> None:
    held = replace(SELECT, kind=kind, detail="r" if "default" in kind else "")
    (statement,) = texts(revoke_statements([held], administrator="admin"))
    assert "REVOKE SELECT" in statement
    assert statement.endswith(' FROM "g"')
    assert "t" in str(held)


BEYOND = replace(SELECT, grantor="h", become=None)
PROBLEMS: dict[str, tuple[list[Held], list[str]]] = {
    "nothing": ([], []),
    "all can be taken back": ([SELECT, USAGE, OPTION, HANGING], []),
    "another grantor": ([BEYOND], ['SET ROLE "h"; REVOKE SELECT ON TABLE "s"."t" FROM "g"; RESET ROLE;']),
    "one problem a grantor": (
        [BEYOND, replace(BEYOND, name="a")],
        ['SET ROLE "h"; REVOKE SELECT ON TABLE "s"."a", "s"."t" FROM "g"; RESET ROLE;'],
    ),
    "passed on": (
        [replace(SELECT, grantee="public", grantor="g")],
        ['SET ROLE "g"; REVOKE SELECT ON TABLE "s"."t" FROM "public"; RESET ROLE;'],
    ),
    "hidden": ([replace(SELECT, is_reachable=False)], ['GRANT USAGE ON SCHEMA "s" TO "admin";']),
    "hidden from the grantor": (
        [replace(SELECT, become="h", is_reachable=False)],
        ['GRANT USAGE ON SCHEMA "s" TO "h";'],
    ),
    "outlived its schema": ([replace(DEFAULT, schema="", is_reachable=False)], ['DROP OWNED BY "g";']),
}


@pytest.mark.parametrize(("held", "expected"), PROBLEMS.values(), ids=PROBLEMS)
def test_problems(held: list[Held], expected: list[str]) -> None:
    found = held_problems(held, roles=["g", "u"], database="d", administrator="admin")
    assert [problem.statement for problem in found] == expected
    assert all(problem.database == "d" for problem in found)


def as_held(grant: Grant, database: str) -> Held:
    """Return what the catalog says of a grant."""
    names = {
        "database": replace(CONNECT, name=database),
        "schema": replace(USAGE, name=grant.schema),
        "default": replace(DEFAULT, schema=grant.schema, name=grant.name, privilege=grant.privilege),
        "relation": replace(SELECT, schema=grant.schema, name=grant.name, privilege=grant.privilege),
    }
    return replace(names[grant.kind], grantee=GROUP)


@given(catalogs())
def test_revoke_takes_back_exactly_what_was_granted(facts: DatabaseFacts) -> None:
    grants = plan(facts).grants
    statements = revoke_statements([as_held(grant, facts.name) for grant in grants], administrator="admin")
    assert sorted(grants_in(statements, "REVOKE"), key=repr) == sorted(grants, key=repr)
