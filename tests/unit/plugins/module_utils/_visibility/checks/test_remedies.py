# SPDX-License-Identifier: GPL-3.0-or-later
"""Remedies that several findings share; tests/integration/remedies runs them."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.remedy import by_hand
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import Default
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.remedies import (
    granted,
    hidden,
    not_a_member,
    renamed,
    revoked_default,
    usage,
)

from tests.support.values.database_facts import FACTS, HOSTILE

QUOTED = '"we""ird.näme\'; --"'


def test_a_grant_is_run_in_its_database() -> None:
    (remedy,) = granted(FACTS, usage(FACTS, HOSTILE))
    assert remedy.text.startswith(f"GRANT USAGE ON SCHEMA {QUOTED} TO ")
    assert remedy.database == FACTS.name


def test_a_new_name() -> None:
    (remedy,) = renamed(FACTS, "TABLE", ("sales", HOSTILE), "plain")
    assert remedy.text == f"ALTER TABLE sales.{QUOTED} RENAME TO plain;"


def test_a_schema_is_hidden_with_its_default_privileges_before_it_is_renamed() -> None:
    defaults = (Default("etl", HOSTILE, "", ("SELECT",)), Default("etl", "sales", "", ("SELECT",)))
    hide, shorter = hidden(replace(FACTS, defaults=defaults), HOSTILE, by_hand("Shorten it."))
    assert [statement.split(" FROM ")[0] for statement in hide.statements] == [
        f"REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA {QUOTED}",
        f"REVOKE USAGE ON SCHEMA {QUOTED}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE etl IN SCHEMA {QUOTED} REVOKE SELECT ON TABLES",
    ]
    assert (hide.is_alternative, shorter.is_alternative) == (False, True)


def test_default_privileges_in_every_schema() -> None:
    (remedy,) = revoked_default(FACTS, Default("etl", "", "", ("SELECT", "INSERT")), {"SELECT", "INSERT"})
    assert remedy.text == "ALTER DEFAULT PRIVILEGES FOR ROLE etl REVOKE INSERT, SELECT ON TABLES FROM PUBLIC;"


def test_a_role_is_left_by_group_and_user() -> None:
    assert not_a_member(FACTS, HOSTILE).text.startswith(f"REVOKE {QUOTED} FROM ")
