# SPDX-License-Identifier: GPL-3.0-or-later
"""Which texts are valid names of objects, and which name is suggested for an unknown one."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.name import name_problem, suggestion
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import quoted
from hypothesis import given, strategies

from tests.support.values.names import HOSTILE, NAMES_THAT_HURT, names


@pytest.mark.parametrize(
    ("name", "existing", "expected"),
    [
        pytest.param("slaes", ["sales", "hr"], ' Did you mean "sales"?', id="two letters swapped"),
        pytest.param("Sales", ["sales", "hr"], ' Did you mean "sales"?', id="another case"),
        pytest.param("SALES", ["Sales", "hr"], ' Did you mean "Sales"?', id="all in capital letters"),
        pytest.param("saless", ["sales", "Sales"], ' Did you mean "sales"?', id="of twins, the one more like it"),
        pytest.param("tennant_*", ["tenant_*"], "", id="a pattern"),
        pytest.param(HOSTILE + "x", [HOSTILE], f" Did you mean {quoted(HOSTILE)}?", id="a hostile name"),
        pytest.param("warehouse", ["sales", "hr"], "", id="nothing like it"),
        pytest.param("sales", [], "", id="nothing there"),
    ],
)
def test_which_name_may_have_been_meant(name: str, existing: list[str], expected: str) -> None:
    assert suggestion(name, existing) == expected


@pytest.mark.parametrize("name", NAMES_THAT_HURT, ids=ascii)
def test_a_name_that_hurts_is_a_name(name: str) -> None:
    assert name_problem("schema", name) is None


@given(names())
def test_any_name_of_postgresql_is_a_name(name: str) -> None:
    assert name_problem("schema", name) is None


@given(strategies.text(strategies.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=16))
def test_a_name_is_measured_in_bytes(name: str) -> None:
    assert (name_problem("schema", name) is None) is (len(name.encode()) <= 63)
