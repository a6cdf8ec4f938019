"""What the options mean, given what exists."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.options import VISIBILITY_ARGUMENTS
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.request import (
    Entry,
    Expectation,
    expanded,
    expected,
    request_from_options,
)

HOSTILE = "we\"ird.näme'; --"
EXISTING = ["hr", "sales", "tenant_a", "tenant_b", HOSTILE, "pg_catalog"]


def entry(*schemas: str, **changes: Any) -> Entry:
    return Entry("wh", schemas, **changes)


@pytest.mark.parametrize(
    ("entries", "result"),
    [
        pytest.param([], Expectation(), id="nothing"),
        pytest.param([entry("sales")], Expectation({"sales": "SELECT"}), id="a name"),
        pytest.param([entry(HOSTILE)], Expectation({HOSTILE: "SELECT"}), id="a hostile name"),
        pytest.param(
            [entry("tenant_*", exclude_schemas=("*_b",))], Expectation({"tenant_a": "SELECT"}), id="pattern, exclude"
        ),
        pytest.param(
            [entry("hr", "sales", metadata_schemas=("h*",))],
            Expectation({"hr": "REFERENCES", "sales": "SELECT"}),
            id="metadata",
        ),
        pytest.param([entry("gone", "g*")], Expectation(unmatched=("gone", "g*")), id="unmatched"),
        pytest.param([entry("gone", metadata_schemas=("x",), allow_empty=True)], Expectation(), id="allow_empty"),
        pytest.param(
            [entry("hr", metadata_schemas=("sales",))],
            Expectation({"hr": "SELECT"}, unmatched_metadata=("sales",)),
            id="metadata of a schema that is not listed",
        ),
        pytest.param(
            [entry("hr", metadata_schemas=("hr",)), entry("hr")], Expectation({"hr": "SELECT"}), id="entries add up"
        ),
        pytest.param(
            [entry("hr", creators=("etl",))],
            Expectation({"hr": "SELECT"}, creators={"hr": ("etl",)}),
            id="listed creators",
        ),
        pytest.param(
            [entry("hr", creators=("etl",)), entry("h*")], Expectation({"hr": "SELECT"}), id="auto wins over a list"
        ),
    ],
)
def test_what_is_expected_of_a_database(entries: list[Entry], result: Expectation) -> None:
    assert expected(entries, EXISTING, "SELECT") == result


def test_privilege_metadata_holds_for_all_schemas() -> None:
    assert expected([entry("hr")], EXISTING, "REFERENCES").schemas == {"hr": "REFERENCES"}


@pytest.mark.parametrize(
    ("names", "databases", "unmatched"),
    [
        pytest.param(["wh"], ["wh"], (), id="a plain name is not looked up"),
        pytest.param(["w*"], ["wh", "ww"], (), id="a pattern"),
        pytest.param(["pg_*"], ["pg_x"], (), id="no name of a database is reserved"),
        pytest.param(["w*", "wh"], ["wh", "ww"], (), id="each once"),
        pytest.param(["x*"], [], ("x*",), id="a pattern that matches nothing"),
    ],
)
def test_which_databases_are_meant(names: list[str], databases: list[str], unmatched: tuple[str, ...]) -> None:
    found, missing = expanded([Entry(name, ("a",)) for name in names], ["ww", "wh", "pg_x"])
    assert (list(found), missing) == (databases, unmatched)


def options(**changes: Any) -> dict[str, Any]:
    database = {
        "name": "wh",
        "schemas": ["a"],
        "exclude_schemas": [],
        "metadata_schemas": [],
        "creators": ["auto"],
        "allow_empty": False,
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
