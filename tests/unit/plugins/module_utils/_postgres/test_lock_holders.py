# SPDX-License-Identifier: GPL-3.0-or-later
"""The text that describes the holders of a lock, and the statements that end them."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.lock_holders import (
    LockHolder,
    ReadersLockHolder,
    ended,
    ends,
    named,
)

from tests.support.values.names import HOSTILE

QUOTED = '"we""ird.näme\'; --"'
PREPARED = "ROLLBACK PREPARED 'we\"ird.näme''; --';"
CASES = {
    "a process": (
        LockHolder(7, HOSTILE, "app", "2026-11-23 07:40:12 UTC"),
        f'process 7 (role {QUOTED}, application "app", since 2026-11-23 07:40:12 UTC)',
        "SELECT pg_catalog.pg_terminate_backend(7);",
    ),
    "one of which the server tells nothing": (
        LockHolder(7, "", "", ""),
        "process 7",
        "SELECT pg_catalog.pg_terminate_backend(7);",
    ),
    "a prepared transaction": (
        LockHolder(0, "bob", "", "", HOSTILE),
        f'the prepared transaction {QUOTED} (role "bob")',
        PREPARED,
    ),
}


@pytest.mark.parametrize(("holder", "name", "end"), CASES.values(), ids=CASES)
def test_a_holder(holder: LockHolder, name: str, end: str) -> None:
    assert (str(holder), holder.end) == (name, end)


def test_several() -> None:
    holders = [LockHolder(1, "", "", ""), LockHolder(2, "", "", "")]
    assert named(holders) == "process 1 and process 2"
    assert ends(holders) == [f"SELECT pg_catalog.pg_terminate_backend({process});" for process in (1, 2)]


def test_who_holds_two_locks_is_ended_once() -> None:
    (remedy,) = ended([ReadersLockHolder(0, "bob", "", "", HOSTILE, "sales", name) for name in ("a", "b")])
    assert (remedy.statements, remedy.is_alternative) == ((PREPARED,), True)


@pytest.mark.parametrize("holders", [[], [LockHolder(0, "", "", "")]], ids=["none", "one that is gone"])
def test_nobody_to_end(holders: list[LockHolder]) -> None:
    assert (named(holders), ends(holders), ended(holders)) == ("a session that has ended meanwhile", [], ())
