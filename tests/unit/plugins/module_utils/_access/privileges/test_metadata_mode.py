# SPDX-License-Identifier: GPL-3.0-or-later
"""Where REFERENCES together with CREATE would reveal values, and the statement that fixes it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.metadata_mode import (
    unsafe_creates,
)

from tests.support.values.names import HOSTILE, a_database, a_schema

NAME = '"we""ird.näme\'; --"'
CLOSED = a_schema(HOSTILE)
OPEN = a_schema(HOSTILE, can_create=True)
PUBLIC = a_schema("public", can_create=True, can_public_create=True)
METADATA = {HOSTILE: "REFERENCES"}


@pytest.mark.parametrize(
    ("schemas", "properties", "expected"),
    [
        pytest.param((), {}, [], id="nothing listed"),
        pytest.param((CLOSED,), {"listed": METADATA}, [], id="no place to create in"),
        pytest.param((OPEN, PUBLIC), {"can_create_schemas": True}, [], id="SELECT alone"),
        pytest.param(
            (OPEN,), {"listed": METADATA}, [f"REVOKE CREATE ON SCHEMA {NAME} FROM readers;"], id="through the group"
        ),
        pytest.param(
            (CLOSED, PUBLIC),
            {"listed": METADATA},
            ["REVOKE CREATE ON SCHEMA public FROM PUBLIC;"],
            id="through PUBLIC, in a schema that is not listed",
        ),
        pytest.param(
            (CLOSED,),
            {"listed": METADATA, "can_create_schemas": True, "name": HOSTILE},
            [f"REVOKE CREATE ON DATABASE {NAME} FROM PUBLIC, readers;"],
            id="schemas of one's own",
        ),
        pytest.param(
            (OPEN, PUBLIC), {"listed": {HOSTILE: "SELECT", "public": "REFERENCES"}}, [NAME, "public"], id="mixed"
        ),
    ],
)
def test_where_metadata_mode_is_unsafe(schemas: Any, properties: dict[str, Any], expected: list[str]) -> None:
    problems = list(unsafe_creates(a_database(*schemas, **properties), "readers"))
    assert len(problems) == len(expected)
    for problem, statement in zip(problems, expected):
        assert statement in (problem.statement or "")
        assert (problem.statement or "?") in problem.remedy
