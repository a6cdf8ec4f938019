# SPDX-License-Identifier: GPL-3.0-or-later
"""Which schemas a search_path names, whether a user or the server wrote it."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.search_path import schemas_of
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import quoted
from hypothesis import given, strategies

from tests.support.values.names import HOSTILE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("pg_catalog", ("pg_catalog",), id="one"),
        pytest.param('"$user", public', ("$user", "public"), id="the default"),
        pytest.param(" Sales ,\tb2 ", ("sales", "b2"), id="capitals are folded, blanks do not count"),
        pytest.param(quoted(HOSTILE), (HOSTILE,), id="hostile"),
        pytest.param("größe", ("größe",), id="letters of others"),
    ],
)
def test_the_schemas(text: str, expected: tuple[str, ...]) -> None:
    assert schemas_of(text) == expected


@pytest.mark.parametrize("text", ["", " ", ",", "a,", ",a", "a b", "1a", "$user", '""', '"a', "a; DROP", "a'b", "a.b"])
def test_what_is_no_list_of_schemas(text: str) -> None:
    with pytest.raises(ValueError, match="no list of schemas"):
        schemas_of(text)


@given(strategies.lists(strategies.text(min_size=1), min_size=1, max_size=4))
def test_any_names_in_quotes_come_back(names: list[str]) -> None:
    assert schemas_of(", ".join(map(quoted, names))) == tuple(names)
