# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored verifiers: one that libpq makes from a password matches that password and no other."""

from __future__ import annotations

from contextlib import closing

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import Connection
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.verifier import (
    is_verifier_of,
    make_verifier,
)
from hypothesis import HealthCheck, given, settings, strategies
from psycopg2 import sql

from tests.support.postgres.site import Site
from tests.support.values.names import HOSTILE
from tools.postgres.server import Server

PASSWORDS = (
    "pencil",
    HOSTILE,
    "p4ss w'ord\\{}%s",
    " ",
    "pïncil",
    "I\u00adX",
    "\u00ad",
    "\u2168",
    "e\u0301",
    "a\u00a0b",
    "a\u200bb",
    "\u200b",
    "a\u2135",
    "\u0627a\u0627",
    "\u06271\u0627",
    "\u0340x",
    "ä\u0007",
    "\U0002f868",
    "㋿",
    "😀",
    "\ue000x",
    "x" * 500,
)
ANY_TEXT = strategies.text(
    strategies.characters(exclude_characters="\0", exclude_categories=["Cs"])
    | strategies.characters(max_codepoint=0x6FF, exclude_characters="\0")
    | strategies.characters(min_codepoint=0x1FFF, max_codepoint=0x214F),
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize("password", PASSWORDS, ids=ascii)
def test_a_verifier_made_here_is_recognized(server: Server, password: str) -> None:
    with closing(Connection(server.connect())) as connection:
        stored = make_verifier(connection, HOSTILE, Secret(password))
    assert is_verifier_of(stored.reveal(), HOSTILE, Secret(password))


@given(password=ANY_TEXT)
@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_verifier_of_any_password_is_recognized(server: Server, password: str) -> None:
    with closing(Connection(server.connect())) as connection:
        stored = make_verifier(connection, "user", Secret(password))
    assert is_verifier_of(stored.reveal(), "user", Secret(password))


def test_a_verifier_of_another_password_is_not(server: Server) -> None:
    with closing(Connection(server.connect())) as connection:
        stored = make_verifier(connection, "user", Secret("pïncil"))
    assert not is_verifier_of(stored.reveal(), "user", Secret("pencil"))


@pytest.mark.parametrize("password", PASSWORDS, ids=ascii)
def test_the_server_lets_a_user_in_whose_verifier_was_made_here(site: Site, password: str) -> None:
    with closing(Connection(site.server.connect())) as connection:
        stored = make_verifier(connection, site.user, Secret(password))
    creation = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
    site.server.execute(creation.format(sql.Identifier(site.user), sql.Literal(stored.reveal())))
    with site.login(password=password) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        assert cursor.fetchone() == (site.user,)
