# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of a server that is compared with other servers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.observation import (
    MOST_EXAMPLES,
    newest,
    observed,
)

from tests.support.values.findings import CREATED, HOSTILE, PASSED

LATER = "2026-11-23 07:40:12 UTC"


def swaps(before: Any, now: list[str]) -> Any:
    """Return the candidates for a swap in a schema, given the names of its tables at the time of the baseline."""
    own = {
        **PASSED,
        "seen": {"a": {"sales": dict.fromkeys(now, 3)}},
        "oids": {"a": {"sales": list(range(len(now)))}},
        "request": {"baseline": before if before is None else {"a": {"sales": dict.fromkeys(before, 3)}}},
    }
    return observed({"db": own}, CREATED)["db"]["swaps"]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param(["orders"], ["orders", "orders_new"], [("orders_new", "orders")], id="a suffix"),
        pytest.param(["orders"], ["orders", "orders2"], [("orders2", "orders")], id="a digit"),
        pytest.param([HOSTILE], [HOSTILE, f"{HOSTILE}_new"], [(f"{HOSTILE}_new", HOSTILE)], id="hostile"),
        pytest.param(["order"], ["order", "orders"], [], id="another word"),
        pytest.param(["orders", "orders_new"], ["orders", "orders_new"], [], id="not new"),
        pytest.param([], ["orders", "orders_new"], [], id="both are new"),
        pytest.param(None, ["orders", "orders_new"], [], id="no baseline"),
        pytest.param(
            ["orders", "orders_2026"], ["orders_2026_11"], [("orders_2026_11", "orders_2026")], id="the longest"
        ),
    ],
)
def test_candidates_for_a_swap(before: Any, now: list[str], expected: list[tuple[str, str]]) -> None:
    assert swaps(before, now) == ({"a": [("sales", *each) for each in expected]} if expected else {})


def test_of_many_candidates_some_are_kept() -> None:
    assert len(swaps(["t"], [f"t_{number}" for number in range(100)])["a"]) == MOST_EXAMPLES


def test_who_is_observed() -> None:
    results: dict[str, Any] = {
        "none": None,
        "crashed": {"msg": "No."},
        "blind": PASSED,
        "lost": {**PASSED, "lost_oids": {"a": {"sales": {"t": 1}}}},
        HOSTILE: {**PASSED, "oids": {"a": {"sales": [1]}}},
    }
    found = observed(results, CREATED)
    assert {server: one["created"] for server, one in found.items()} == {"lost": CREATED, HOSTILE: CREATED}


def test_the_newest_is_taken_and_of_two_the_last() -> None:
    old, new, other = {"created": CREATED}, {"created": LATER}, {"created": LATER}
    assert newest([]) == {}
    assert newest([{"a": new}, {"a": old, "b": old}]) == {"a": new, "b": old}
    assert newest([{"a": new}, {"a": other}])["a"] is other
