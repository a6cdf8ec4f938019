# SPDX-License-Identifier: GPL-3.0-or-later
"""Names come back from a real server unchanged, and people are shown the statement that the server received."""

from __future__ import annotations

from contextlib import closing

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement, simple
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import render
from hypothesis import HealthCheck, given, settings

from tests.support.postgres.site import Site
from tests.support.values.names import HOSTILE, NAMES_THAT_HURT, PASSWORD, names
from tools.postgres.server import Server

properties = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@given(schema=names(), relation=names())
@properties
def test_people_see_names_as_the_server_quotes_them(server: Server, schema: str, relation: str) -> None:
    statement = Statement("GRANT SELECT ON TABLE {}, {} TO {}", ((schema, relation), (relation,), (schema,)))
    query = "SELECT pg_catalog.format('GRANT SELECT ON TABLE %%I.%%I, %%I TO %%I', %s, %s, %s, %s)"
    ((expected,),) = server.execute(query, parameters=[schema, relation, relation, schema])
    assert str(statement) == expected


def test_but_for_the_secret(server: Server) -> None:
    statement = Statement("ALTER ROLE {} PASSWORD {}", ((HOSTILE,),), Secret(PASSWORD))
    with closing(server.connect()) as connection:
        sent = render(statement).as_string(connection)
    assert str(statement) == sent[: sent.index(" PASSWORD ")] + " PASSWORD '********'"


@given(name=names())
@properties
def test_a_name_reads_back_as_a_column(server: Server, name: str) -> None:
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(render(simple("SELECT 1 AS {}", name)))
        assert cursor.description[0].name == name


def test_names_read_back_from_the_catalog(site: Site) -> None:
    hostile = sorted({*NAMES_THAT_HURT, "public"})
    with closing(site.server.connect(site.database)) as connection, connection.cursor() as cursor:
        for name in NAMES_THAT_HURT:
            cursor.execute(render(simple("CREATE SCHEMA {}", name)))
            cursor.execute(render(Statement("CREATE TABLE {} ()", ((name, name),))))
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'")
        assert sorted(row[0] for row in cursor.fetchall()) == hostile


@pytest.mark.parametrize("name", NAMES_THAT_HURT, ids=ascii)
def test_what_people_paste_means_the_same_name(server: Server, name: str) -> None:
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(str(simple("CREATE SCHEMA {}", name)))
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [name])
        assert cursor.fetchone() == (1,)
