# SPDX-License-Identifier: GPL-3.0-or-later
"""The request that the options describe, and the expectation for a database that exists."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.account import DatabaseScope
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.entry import DatabaseEntry, Privilege
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.options import VISIBILITY_ARGUMENTS
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.request import (
    Expectation,
    expectation_of,
    request_from_options,
)


@pytest.mark.parametrize(
    ("creators", "expected"),
    [
        pytest.param(None, {}, id="auto"),
        pytest.param(("etl",), {"hr": ("etl",), "sales": ("etl",)}, id="listed"),
        pytest.param((), {"hr": (), "sales": ()}, id="nobody"),
    ],
)
def test_what_is_expected_of_a_database(creators: tuple[str, ...] | None, expected: dict[str, tuple[str, ...]]) -> None:
    schemas: dict[str, Privilege] = {"hr": "REFERENCES", "sales": "SELECT"}
    problem = Problem("wrong")
    scope = DatabaseScope("wh", DatabaseEntry("wh", ("*",), creators=creators), schemas)
    assert expectation_of(scope, (problem,)) == Expectation(schemas, expected, (problem,))


def options(**changes: Any) -> dict[str, Any]:
    database = {
        "name": "wh",
        "schemas": ["a"],
        "exclude_schemas": [],
        "metadata_schemas": [],
        "creators": ["auto"],
        "allow_empty": False,
        "accept_breaks_scan": False,
    }
    defaults = {name: one.get("default") for name, one in VISIBILITY_ARGUMENTS.items()}
    return {
        **defaults,
        "user": "mm",
        "password": "x",
        "databases": [{**database, **changes.pop("entry", {})}],
        **changes,
    }


def test_all_that_is_wrong_is_one_error() -> None:
    with pytest.raises(Failure) as caught:
        request_from_options(options(user="same", group="same", password="", entry={"schemas": ["pg_x"]}))
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("baseline", "is_right"),
    [
        pytest.param(None, True, id="none"),
        pytest.param({}, True, id="empty"),
        pytest.param({"wh": {"a": {"t": 3}}}, True, id="what seen holds"),
        pytest.param({"seen": {"wh": {"a": {"t": 3}}}}, True, id="the key seen with it"),
        pytest.param({"wh": {"a": ["t"]}}, False, id="a list of relations"),
        pytest.param({"wh": {"a": {"t": "3"}}}, False, id="a text for a number"),
        pytest.param({"wh": 3}, False, id="a number for schemas"),
    ],
)
def test_a_baseline(baseline: Any, is_right: bool) -> None:
    if is_right:
        assert (request_from_options(options(baseline=baseline)).baseline or {}) in ({}, {"wh": {"a": {"t": 3}}})
    else:
        with pytest.raises(Failure, match="baseline"):
            request_from_options(options(baseline=baseline))
