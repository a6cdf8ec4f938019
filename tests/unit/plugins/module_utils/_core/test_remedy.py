# SPDX-License-Identifier: GPL-3.0-or-later
"""Remedies as text for people and as data for programs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.remedy import (
    SUPERUSER,
    Remedies,
    Remedy,
    alternatively,
    by_hand,
    line,
    sql,
    text_of,
    told,
    variable,
)

from tests.support.values.names import HOSTILE

QUOTED = '"we""ird.näme\'; --"'
GRANT = "GRANT SELECT ON TABLE sales.t TO readers;"
USAGE = "GRANT USAGE ON SCHEMA sales TO readers;"
OWNERS = sql("grant as the owner", GRANT, role="owner", database="erp")
MEMBER = sql("be a member of the owner", "GRANT owner TO admin;", by=SUPERUSER)
ADOPT = variable("adopt the role", "metamapper_adopt", True, note="to take it over")


@pytest.mark.parametrize(
    ("remedy", "instruction"),
    [
        pytest.param(OWNERS, 'As "owner" or a superuser, in database "erp", run:', id="a role"),
        pytest.param(
            sql("rename", "ALTER", database=HOSTILE), f"As an administrator, in database {QUOTED}, run:", id="anybody"
        ),
        pytest.param(MEMBER, "As a superuser, run:", id="a superuser"),
        pytest.param(ADOPT, "Set metamapper_adopt: true (option adopt) to take it over.", id="a variable"),
        pytest.param(
            variable("correct the port", "metamapper_login_port"),
            "Correct metamapper_login_port (option login_port).",
            id="a value that only the user knows",
        ),
        pytest.param(
            variable("exclude the schema", "exclude_schemas", [HOSTILE, "b"], database="erp", change="add"),
            f'Add {QUOTED}, "b" to exclude_schemas in the entry of "erp" in metamapper_databases.',
            id="an item more",
        ),
        pytest.param(
            variable("list other schemas", "schemas", ["b"], database="erp", change="remove"),
            'Remove "b" from schemas in the entry of "erp" in metamapper_databases.',
            id="an item less",
        ),
        pytest.param(
            line("admit in pg_hba.conf", "host all all all scram-sha-256", "pg_hba.conf"),
            "Add to pg_hba.conf, above other lines that match, and reload the configuration: "
            "host all all all scram-sha-256",
            id="a line",
        ),
        pytest.param(by_hand("Ask.")[0], "Ask.", id="a person"),
        pytest.param(alternatively(MEMBER)[0], "Or as a superuser, run:", id="an alternative"),
    ],
)
def test_instruction(remedy: Remedy, instruction: str) -> None:
    assert remedy.instruction == instruction


@pytest.mark.parametrize(
    ("items", "head", "expected"),
    [
        pytest.param([("No.", ())], "", "No.", id="none"),
        pytest.param([("No.", by_hand("Ask."))], "", "No. Ask.", id="a sentence"),
        pytest.param(
            [("No.", (*by_hand("Ask."), *alternatively(ADOPT)))],
            "",
            "No. Ask. Or set metamapper_adopt: true (option adopt) to take it over.",
            id="without statements an alternative stands beside",
        ),
        pytest.param(
            [("No.", (OWNERS, *alternatively(MEMBER, ADOPT)))],
            "",
            f'No.\nAs "owner" or a superuser, in database "erp", run:\n  {GRANT}\nOr as a superuser, run:\n'
            "  GRANT owner TO admin;\nOr set metamapper_adopt: true (option adopt) to take it over.",
            id="with statements it stands behind them",
        ),
        pytest.param(
            [
                ("One.", (OWNERS, *alternatively(MEMBER))),
                ("Two.", (sql("grant as the owner", USAGE, GRANT, role="owner", database="erp"),)),
                ("Three.", (sql("rename", "ALTER;", database="crm"), *alternatively(MEMBER))),
            ],
            "3 problems:",
            f'3 problems:\n1. One.\n2. Two.\n3. Three.\nAs "owner" or a superuser, in database "erp", run:\n  {GRANT}\n'
            f'  {USAGE}\nAs an administrator, in database "crm", run:\n  ALTER;\nOr as a superuser, run:\n'
            "  GRANT owner TO admin;",
            id="one block for each role and database, each statement once, alternatives last",
        ),
        pytest.param(
            [("\x1b[31m", (sql("rename", "A\nB\u202e;"),))],
            "",
            "⟨U+001B⟩[31m\nAs an administrator, run:\n  A⟨U+000A⟩B⟨U+202E⟩;",
            id="nothing in it controls the terminal",
        ),
    ],
)
def test_told(items: list[tuple[str, Remedies]], head: str, expected: str) -> None:
    assert told(items, head) == expected


def test_a_statement_that_nobody_can_read_is_cut_for_people_and_whole_for_programs() -> None:
    long = "GRANT " + "x" * 2000
    remedy = sql("rename", long)
    assert "all of it is in remedies" in told([("No.", (remedy,))], "")
    assert long not in told([("No.", (remedy,))], "")
    assert remedy.as_dict()["statements"] == [long]


@pytest.mark.parametrize(
    ("remedy", "expected"),
    [
        pytest.param(
            OWNERS,
            {
                "kind": "sql",
                "text": GRANT,
                "statements": [GRANT],
                "situation": "grant as the owner",
                "role": "owner",
                "by": '"owner" or a superuser',
                "database": "erp",
                "is_alternative": False,
            },
            id="statements",
        ),
        pytest.param(
            variable("list other schemas", "schemas", ["b"], database="erp", change="remove"),
            {
                "kind": "variable",
                "text": 'schemas: ["b"]',
                "situation": "list other schemas",
                "name": "schemas",
                "value": ["b"],
                "change": "remove",
                "role": "",
                "database": "erp",
                "is_alternative": False,
            },
            id="a variable",
        ),
        pytest.param(
            by_hand("Ask.")[0],
            {"kind": "person", "text": "Ask.", "role": "", "database": "", "is_alternative": False},
            id="a person",
        ),
    ],
)
def test_keys(remedy: Remedy, expected: dict[str, Any]) -> None:
    assert remedy.as_dict() == expected


def test_one_text_has_everything() -> None:
    assert text_of((OWNERS, *alternatively(MEMBER))) == (
        f'As "owner" or a superuser, in database "erp", run: {GRANT} Or as a superuser, run: GRANT owner TO admin;'
    )


def test_nothing_to_do_is_no_remedy() -> None:
    assert by_hand("") == ()
