# SPDX-License-Identifier: GPL-3.0-or-later
"""What Metamapper sees of the warehouse through the bastion, with its own client, and what the catalog contains."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest

# Has the form of Metamapper's query, which casts names without quoting them, so that some names make it fail.
DEFINITIONS = """
SELECT c.table_schema, c.table_name, c.column_name, c.table_schema::regnamespace::oid > 0,
       to_regclass(c.table_schema || '.' || c.table_name)::oid > 0
  FROM information_schema.columns AS c
  JOIN information_schema.tables AS t USING (table_schema, table_name)
 WHERE c.table_schema NOT IN ('information_schema', 'pg_catalog', 'pg_toast')
 ORDER BY c.table_schema, c.table_name, c.ordinal_position
"""
SESSION = """
SELECT s.ssl, host(pg_catalog.inet_client_addr()), pg_catalog.current_setting('default_transaction_read_only')
  FROM pg_catalog.pg_stat_ssl AS s WHERE s.pid = pg_catalog.pg_backend_pid()
"""
WEIRD = "we\"ird'näme;--"


@pytest.fixture(scope="module")
def answer(as_metamapper: Any, variables: dict[str, Any]) -> list[list[list[Any]]]:
    """Return the rows that Metamapper gets through the bastion."""
    login = {"user": "metamapper", "password": variables["metamapper_password"], "dbname": "warehouse"}
    target = [variables["metamapper_login_host"], 5432]
    return as_metamapper("bastion", target=target, login=login, queries=[DEFINITIONS, SESSION])["rows"]


def test_metamapper_sees_the_listed_schemas_and_nothing_else(answer: list[list[list[Any]]]) -> None:
    """Metamapper sees every relation of the configured schemas, and no other."""
    relations = sorted({(row[0], row[1]) for row in answer[0]})
    assert relations == [
        ("sales", "events"),
        ("sales", "events_2026"),
        ("sales", "orders"),
        ("sales", "recent_orders"),
        ("tenant-1", "invoices"),
        ("tenant-2", "invoices"),
        (WEIRD, "t'ä;--"),
    ]


def test_metamapper_sees_every_column(answer: list[list[list[Any]]]) -> None:
    """Metamapper sees every column, including those with names that need quoting."""
    columns = [row[2] for row in answer[0] if (row[0], row[1]) != ("sales", "events_2026")]
    assert columns == [
        *("at", "payload"),
        *("id", "customer", "ordered_on"),
        *("id", "customer"),
        *("id", "100%"),
        *("id", "100%"),
        'c"ol',
    ]


def test_every_object_is_identified(answer: list[list[list[Any]]]) -> None:
    """Each row has an identifier: an object without one would lose its documentation."""
    assert {(row[-2], row[-1]) for row in answer[0]} == {(True, True)}


def test_the_session_is_encrypted_read_only_and_comes_from_the_bastion(
    answer: list[list[list[Any]]], made: dict[str, Any]
) -> None:
    """The session uses TLS although Metamapper sets no sslmode."""
    assert answer[1] == [[True, made["containers"]["bastion"]["address"], "on"]]


def test_the_roles_are_what_the_documentation_says(superuser: Any) -> None:
    """There is a group that cannot log in, and a user whose only privilege is its membership in that group."""
    superuser.execute(
        "SELECT rolname, rolcanlogin, rolinherit, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,"
        " rolconnlimit FROM pg_catalog.pg_roles WHERE rolname LIKE 'metamapper%' ORDER BY rolname"
    )
    assert [(row[0], row[1], any(row[3:8]), row[8]) for row in superuser.fetchall()] == [
        ("metamapper", True, False, 20),
        ("metamapper_readers", False, False, -1),
    ]
    superuser.execute("SELECT pg_catalog.pg_has_role('metamapper', 'metamapper_readers', 'USAGE')")
    assert superuser.fetchall() == [(True,)]


def test_the_password_is_a_scram_verifier(superuser: Any) -> None:
    """The server stores a SCRAM verifier: the plaintext password was never sent to it."""
    superuser.execute("SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = 'metamapper'")
    assert superuser.fetchone()[0].startswith("SCRAM-SHA-256$")


def test_the_grants_are_the_groups_and_only_for_the_listed_schemas(superuser: Any) -> None:
    """The group has exactly the expected USAGE, SELECT and default privileges in each configured schema."""
    superuser.execute(
        "SELECT n.nspname,"
        " pg_catalog.has_schema_privilege('metamapper_readers', n.oid, 'USAGE'),"
        " (SELECT count(*) FROM pg_catalog.pg_class AS c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v')"
        "   AND pg_catalog.has_table_privilege('metamapper_readers', c.oid, 'SELECT')),"
        " (SELECT count(*) FROM pg_catalog.pg_default_acl AS d WHERE d.defaclnamespace = n.oid)"
        " FROM pg_catalog.pg_namespace AS n WHERE n.nspname !~ '^(pg_|information_schema$|public$)' ORDER BY n.nspname"
    )
    assert {row[0]: row[1:] for row in superuser.fetchall()} == {
        "sales": (True, 4, 2),
        "tenant-1": (True, 1, 1),
        "tenant-2": (True, 1, 1),
        WEIRD: (True, 1, 2),
        "hr": (False, 0, 0),
        "we\"ird.näme'; --": (False, 0, 0),
    }


def test_a_table_of_tomorrow_is_readable(superuser: Any) -> None:
    """A table that the schema's owner creates after the grant is readable."""
    superuser.execute("SET ROLE sales_owner; CREATE TABLE sales.tomorrow (id integer); RESET ROLE")
    superuser.execute("SELECT pg_catalog.has_table_privilege('metamapper', 'sales.tomorrow', 'SELECT')")
    assert superuser.fetchall() == [(True,)]
    superuser.execute("DROP TABLE sales.tomorrow")


def test_the_other_database_is_readable_too(as_metamapper: Any, variables: dict[str, Any]) -> None:
    """One run grants access to several databases."""
    login = {"user": "metamapper", "password": variables["metamapper_password"], "dbname": "archive"}
    target = [variables["metamapper_login_host"], 5432]
    rows = as_metamapper("bastion", target=target, login=login, queries=[DEFINITIONS])["rows"]
    assert [row[1:3] for row in rows[0]] == [["orders_2020", "id"], ["orders_2020", "total"]]


def test_a_wrong_password_is_refused(superuser: Any) -> None:
    """The server demands a password: with "trust" in pg_hba.conf, the tests above would prove nothing."""
    login = {**superuser.connection.get_dsn_parameters(), "password": "wrong"}
    with pytest.raises(psycopg2.OperationalError, match="postgres"):
        psycopg2.connect(**login)
