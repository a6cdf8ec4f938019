# SPDX-License-Identifier: GPL-3.0-or-later
"""Names are quoted where PostgreSQL requires it; tests/integration/remedies compares this with a real server."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.identifier import identifier, quoted
from hypothesis import given

from tests.support.values.names import HOSTILE, names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("sales", "sales", id="plain"),
        pytest.param("_2", "_2", id="an underline and a digit"),
        pytest.param("2x", '"2x"', id="a digit first"),
        pytest.param("Sales", '"Sales"', id="upper case"),
        pytest.param("name$", '"name$"', id="a dollar"),
        pytest.param("näme", '"näme"', id="another letter"),
        pytest.param("order", '"order"', id="a keyword"),
        pytest.param("value", "value", id="a keyword that is reserved nowhere"),
        pytest.param("", '""', id="empty"),
        pytest.param("a\n", '"a\n"', id="a line break"),
        pytest.param(HOSTILE, '"we""ird.näme\'; --"', id="hostile"),
    ],
)
def test_identifier(name: str, expected: str) -> None:
    assert identifier(name) == expected


@given(names())
def test_a_name_stands_for_itself_or_in_quotes(name: str) -> None:
    assert identifier(name) in (name, quoted(name))
