# SPDX-License-Identifier: GPL-3.0-or-later
"""How objects of each kind are named in GRANT and REVOKE, and in messages."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.object_kinds import (
    DEFAULTS,
    OBJECT_KINDS,
    described,
    schema_of,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import Grant

from tests.support.values.names import HOSTILE

NAME = '"we""ird.näme\'; --"'
DESCRIBED: list[tuple[Grant, str]] = [
    (Grant("relation", "SELECT", "s", HOSTILE), f'SELECT on relation "s".{NAME}'),
    (Grant("column", "UPDATE", "s", HOSTILE, "c"), f'UPDATE ( "c" ) ON TABLE "s".{NAME}'),
    (Grant("sequence", "USAGE", "s", HOSTILE), f'USAGE ON SEQUENCE "s".{NAME}'),
    (
        Grant("function", "EXECUTE", "s", HOSTILE, '"a{}b", integer'),
        f'EXECUTE ON FUNCTION "s".{NAME}("a{{}}b", integer)',
    ),
    (Grant("procedure", "EXECUTE", "s", HOSTILE), f'EXECUTE ON PROCEDURE "s".{NAME}()'),
    (Grant("type", "USAGE", "s", HOSTILE), f'USAGE ON TYPE "s".{NAME}'),
    (Grant("language", "USAGE", "", HOSTILE), f"USAGE ON LANGUAGE {NAME}"),
    (Grant("foreign data wrapper", "USAGE", "", HOSTILE), f"USAGE ON FOREIGN DATA WRAPPER {NAME}"),
    (Grant("foreign server", "USAGE", "", HOSTILE), f"USAGE ON FOREIGN SERVER {NAME}"),
    (Grant("large object", "SELECT", "", "16384"), "SELECT ON LARGE OBJECT 16384"),
    (Grant("default", "SELECT", "s", HOSTILE, "r"), f'SELECT on future relations of {NAME} in schema "s"'),
    (
        Grant("default", "USAGE", "s", HOSTILE, "S"),
        f'ALTER DEFAULT PRIVILEGES FOR ROLE {NAME} IN SCHEMA "s" USAGE ON SEQUENCES',
    ),
    (
        Grant("global default", "USAGE", "", HOSTILE, "n"),
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {NAME} USAGE ON SCHEMAS",
    ),
    (Grant("schema", "USAGE", "", HOSTILE), f"USAGE on schema {NAME}"),
    (Grant("database", "CONNECT", "", HOSTILE), f"CONNECT on database {NAME}"),
    (Grant("tablespace", "CREATE", "", HOSTILE), f"CREATE ON TABLESPACE {NAME}"),
    (Grant("parameter", "SET", "", "my.setting"), 'SET ON PARAMETER "my"."setting"'),
]


@pytest.mark.parametrize(
    ("grant", "expected"), DESCRIBED, ids=[f"{one.kind} {one.detail}" for one, _words in DESCRIBED]
)
def test_a_privilege_is_described(grant: Grant, expected: str) -> None:
    assert described(grant) == expected


def test_every_kind_is_described() -> None:
    assert {grant.kind for grant, _text in DESCRIBED} == set(OBJECT_KINDS)


@pytest.mark.parametrize("detail", sorted(DEFAULTS))
def test_every_kind_of_default_privileges_has_a_word(detail: str) -> None:
    assert described(Grant("global default", "ALL", "", "o", detail)).endswith(f" ALL ON {DEFAULTS[detail]}")


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        pytest.param(Grant("relation", "SELECT", HOSTILE, "t"), HOSTILE, id="in one"),
        pytest.param(Grant("schema", "USAGE", "", HOSTILE), HOSTILE, id="on one"),
        pytest.param(Grant("database", "CONNECT", "", "d"), "", id="none"),
    ],
)
def test_the_schema_of_a_privilege(grant: Grant, expected: str) -> None:
    assert schema_of(grant) == expected


def test_what_is_in_a_schema_is_revoked_before_the_schema_and_that_before_the_database() -> None:
    ranks = [OBJECT_KINDS[kind].rank for kind in ("relation", "column", "sequence", "default", "schema", "database")]
    assert ranks == sorted(set(ranks))
