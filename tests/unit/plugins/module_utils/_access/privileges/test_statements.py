# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements that grant and revoke: their order, their grantor, and how many are needed."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import AclItem, DatabaseFacts
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.object_kinds import (
    OBJECT_KINDS,
    described,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import (
    Grant,
    grant_statements,
    revoke_statements,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import texts
from hypothesis import given

from tests.support.values.catalogs import GROUP, catalogs, grants_in, plan
from tests.support.values.names import HOSTILE, an_item

QUOTED = '"we""ird.näme\'; --"'
SELECT = an_item(grantee="g", grantor="o", owner="o")
USAGE = SELECT._replace(kind="schema", schema="", name="s", privilege="USAGE")
CONNECT = USAGE._replace(kind="database", name="d", privilege="CONNECT")
DEFAULT = SELECT._replace(kind="default", name="o", detail="r")
OPTION = SELECT._replace(is_grant_option=True)
DEPENDENT = SELECT._replace(grantee="u", grantor="g", revoke_as=None)

STATEMENTS: dict[str, tuple[list[AclItem], list[str]]] = {
    "nothing": ([], []),
    "one": ([SELECT], ["REVOKE SELECT ON TABLE s.t FROM g"]),
    "hostile": (
        [SELECT._replace(schema=HOSTILE, name=HOSTILE, grantee=HOSTILE)],
        [f"REVOKE SELECT ON TABLE {QUOTED}.{QUOTED} FROM {QUOTED}"],
    ),
    "two in one statement": (
        [SELECT, SELECT._replace(name="a")],
        ["REVOKE SELECT ON TABLE s.a, s.t FROM g"],
    ),
    "a statement for each privilege": (
        [SELECT, SELECT._replace(privilege="INSERT")],
        ["REVOKE INSERT ON TABLE s.t FROM g", "REVOKE SELECT ON TABLE s.t FROM g"],
    ),
    "a statement for each grantee": (
        [SELECT, SELECT._replace(grantee="a")],
        ["REVOKE SELECT ON TABLE s.t FROM a", "REVOKE SELECT ON TABLE s.t FROM g"],
    ),
    "what is in a schema, then the schema, then the database": (
        [CONNECT, USAGE, DEFAULT, SELECT],
        [
            "REVOKE SELECT ON TABLE s.t FROM g",
            "ALTER DEFAULT PRIVILEGES FOR ROLE o IN SCHEMA s REVOKE SELECT ON TABLES FROM g",
            "REVOKE USAGE ON SCHEMA s FROM g",
            "REVOKE CONNECT ON DATABASE d FROM g",
        ],
    ),
    "columns of one table together": (
        [SELECT._replace(kind="column", detail="b"), SELECT._replace(kind="column", detail='a"')],
        ['REVOKE SELECT ("a""", b) ON TABLE s.t FROM g'],
    ),
    "braces in a signature": (
        [SELECT._replace(kind="function", detail='x s."{0}"', privilege="EXECUTE")],
        ['REVOKE EXECUTE ON FUNCTION s.t(x s."{0}") FROM g'],
    ),
    "another grantor's, and back again": (
        [SELECT, SELECT._replace(grantor="h", revoke_as="h")],
        [
            "REVOKE SELECT ON TABLE s.t FROM g",
            "SET LOCAL ROLE h",
            "REVOKE SELECT ON TABLE s.t FROM g",
            "SET LOCAL ROLE admin",
        ],
    ),
    "as another, then as ourselves": (
        [SELECT._replace(grantor="h", revoke_as="h"), USAGE],
        [
            "SET LOCAL ROLE h",
            "REVOKE SELECT ON TABLE s.t FROM g",
            "SET LOCAL ROLE admin",
            "REVOKE USAGE ON SCHEMA s FROM g",
        ],
    ),
    "an option that nothing hangs on": ([OPTION], ["REVOKE SELECT ON TABLE s.t FROM g"]),
    "an option with what hangs on it": ([OPTION, DEPENDENT], ["REVOKE SELECT ON TABLE s.t FROM g CASCADE"]),
    "what hangs on an option that is kept": (
        [DEPENDENT._replace(revoke_as="g")],
        ["SET LOCAL ROLE g", "REVOKE SELECT ON TABLE s.t FROM u", "SET LOCAL ROLE admin"],
    ),
    "parameter": (
        [USAGE._replace(kind="parameter", name="ext.x", privilege="SET")],
        ["REVOKE SET ON PARAMETER ext.x FROM g"],
    ),
    "large object": (
        [USAGE._replace(kind="large object", name="4711", privilege="UPDATE")],
        ["REVOKE UPDATE ON LARGE OBJECT 4711 FROM g"],
    ),
}


@pytest.mark.parametrize(("held", "expected"), STATEMENTS.values(), ids=STATEMENTS)
def test_statements(held: list[AclItem], expected: list[str]) -> None:
    assert texts(revoke_statements(held, administrator="admin")) == expected


@pytest.mark.parametrize("kind", OBJECT_KINDS)
def test_every_kind_has_words_that_name_its_object(kind: str) -> None:
    item = SELECT._replace(kind=kind, detail="r" if "default" in kind else "")
    (statement,) = texts(revoke_statements([item], administrator="admin"))
    assert "REVOKE SELECT" in statement
    assert statement.endswith(" FROM g")
    assert "t" in described(item)


def test_of_a_desired_privilege_the_grant_option_goes() -> None:
    kept = [OPTION._replace(keeps_privilege=True), DEFAULT._replace(keeps_privilege=True, is_grant_option=True)]
    assert texts(revoke_statements(kept, administrator="admin")) == [
        "REVOKE GRANT OPTION FOR SELECT ON TABLE s.t FROM g",
        "ALTER DEFAULT PRIVILEGES FOR ROLE o IN SCHEMA s REVOKE GRANT OPTION FOR SELECT ON TABLES FROM g",
    ]


def as_item(grant: Grant) -> AclItem:
    """Return the ACL item that the catalog has for a grant."""
    fields = {name: getattr(grant, name) for name in ("kind", "schema", "name", "detail", "privilege")}
    return SELECT._replace(**fields, grantee=GROUP)


@given(catalogs())
def test_revoke_takes_back_exactly_what_was_granted(facts: DatabaseFacts) -> None:
    grants = plan(facts).grants
    statements = revoke_statements([as_item(grant) for grant in grants], administrator="admin")
    assert sorted(grants_in(statements, "REVOKE"), key=repr) == sorted(grants, key=repr)


@given(catalogs())
def test_grant_makes_exactly_the_grants(facts: DatabaseFacts) -> None:
    grants = plan(facts).grants
    assert sorted(grants_in(grant_statements(grants, GROUP)), key=repr) == sorted(grants, key=repr)
