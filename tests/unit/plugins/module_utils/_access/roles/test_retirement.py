# SPDX-License-Identifier: GPL-3.0-or-later
"""Retired users get NOLOGIN and lose their membership; notes and problems say what delays it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    Connection,
    RoleFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles import retirement
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import texts
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session

from tests.support.values.names import HOSTILE, SERVER_9_6, SERVER_17, a_reader, a_request, a_role, a_server

NAME = '"we""ird.näme\'; --"'


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([None], [], id="does not exist"),
        pytest.param([a_role(HOSTILE)], [], id="has NOLOGIN already"),
        pytest.param([a_reader(HOSTILE), None], [f"ALTER ROLE {NAME} NOLOGIN"], id="can log in"),
    ],
)
def test_retired_users_lose_login(roles: list[RoleFacts | None], expected: list[str]) -> None:
    assert texts(retirement.nologin(roles)) == expected


@pytest.mark.parametrize(
    ("version", "facts", "expected"),
    [
        pytest.param(SERVER_17, None, [], id="does not exist"),
        pytest.param(SERVER_17, a_reader(HOSTILE), [], id="no member"),
        pytest.param(
            SERVER_17,
            a_reader(HOSTILE, grantors=("a", HOSTILE)),
            [f"REVOKE g FROM {NAME} GRANTED BY a", f"REVOKE g FROM {NAME} GRANTED BY {NAME}"],
            id="one for each grantor",
        ),
        pytest.param(
            SERVER_9_6, a_reader(HOSTILE, grantors=("a", "b")), [f"REVOKE g FROM {NAME}"], id="before 16 one for all"
        ),
        pytest.param(SERVER_9_6, a_reader(HOSTILE), [], id="before 16, no member"),
    ],
)
def test_the_end_of_a_membership(version: int, facts: RoleFacts | None, expected: list[str]) -> None:
    assert texts(retirement.leave_group(a_server(version_num=version), "g", facts)) == expected


@pytest.mark.parametrize(
    ("users", "expected"),
    [([], ""), (["other"], ""), ([HOSTILE, "other", HOSTILE], f"{NAME} is retired; 2 sessions open")],
    ids=["none", "of others", "two"],
)
def test_a_retired_user_with_sessions_is_noted(users: list[str], expected: str) -> None:
    note = retirement.still_connected((Connection(user, 1, True) for user in users), HOSTILE)
    assert note.startswith(expected)
    assert bool(note) == bool(expected)


def test_sessions_that_start_are_noted() -> None:
    assert retirement.still_starting(3).startswith("3 sessions are starting")


@pytest.mark.parametrize(
    ("count", "more"), [(1, ""), (20, ""), (22, " and 2 more.")], ids=["one", "as many as are named", "more"]
)
def test_relations_that_the_new_user_does_not_see_are_named(
    count: int, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(HOSTILE, f"t{number}") for number in range(count)]
    monkeypatch.setattr(retirement, "inspect_visible_to_one_only", lambda _session, **_roles: rows)
    (problem,) = _lost(old=HOSTILE, new="new")
    assert problem.object == f'{NAME}."t0"'
    assert problem.message.count(f"{NAME}.") == min(count, 20)
    assert more in problem.message
    assert (" more." in problem.message) == bool(more)
    assert f"REVOKE SELECT, REFERENCES ON TABLE {NAME}.t0" in problem.remedy
    assert f" FROM {NAME};" in problem.remedy


def test_nothing_is_lost_where_the_new_user_sees_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retirement, "inspect_visible_to_one_only", lambda _session, **_roles: [])
    assert _lost(old="old", new="new") == []


def _lost(*, old: str, new: str) -> list[Any]:
    return list(retirement.visibility_lost_by_retirement(cast(Session, None), "warehouse", old=old, new=new))


@pytest.mark.parametrize(
    ("members", "retired", "meant"),
    [
        pytest.param(["metamapper_2024", HOSTILE], ["metamaper_2024"], ['"metamapper_2024"'], id="a typo"),
        pytest.param([HOSTILE], [HOSTILE[:-1]], [NAME], id="a typo in a hostile name"),
        pytest.param(["metamapper_2024"], ["metamapper_2024"], [], id="exists"),
        pytest.param(["reports"], ["metamapper_2024"], [], id="was dropped"),
        pytest.param(["metamapper"], ["metamapper_2024"], [], id="was dropped, and its successor has a similar name"),
        pytest.param([], ["metamapper_2024"], [], id="no member"),
        pytest.param(["metamapper_2024"], [], [], id="nobody retires"),
        pytest.param(None, ["metamapper_2024"], [], id="no group"),
    ],
)
def test_a_retired_user_that_is_misspelled(members: list[str] | None, retired: list[str], meant: list[str]) -> None:
    group = [] if members is None else [a_role("readers", members=members)]
    server = a_server(*group, *(a_reader(name) for name in members or ()))
    notes = list(retirement.misspelled(server.roles, a_request("readers", "metamapper", retired=tuple(retired))))
    assert [note.partition("Did you mean ")[2] for note in notes] == [f"{name}?" for name in meant]
