# SPDX-License-Identifier: GPL-3.0-or-later
"""What could not be checked is reported: as a warning if its aspect is in fail_on, else as information."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.remedy import by_hand
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import Unchecked
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.unchecked import (
    ALL_BUT_CONNECTION,
    LOST,
    not_compared,
    unreadable,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.request import Request

from tests.support.values.database_facts import FACTS

REQUEST = Request(user="mm", group="readers", entries=(), fail_on=frozenset({"missing"}))
BASELINES: dict[str, tuple[Any, list[bool]]] = {
    "none": (None, [True]),
    "of another database": ({"other": {}}, [False]),
    "of this one": ({"wh": {}}, []),
}


@pytest.mark.parametrize(("baseline", "expected"), BASELINES.values(), ids=BASELINES.keys())
def test_why_nothing_was_compared(baseline: Any, expected: list[bool]) -> None:
    found = not_compared(replace(REQUEST, baseline=baseline), "wh")
    assert [one.is_of_the_server for one in found] == expected
    assert all(one.aspects == LOST for one in found)


def test_an_aspect_that_is_to_fail_is_a_warning_and_others_are_information() -> None:
    facts = replace(FACTS, unchecked=(Unchecked(("missing", "future"), "no catalog", by_hand("GRANT it;")),))
    found = list(unreadable(facts, REQUEST))
    assert [(one.aspect, one.severity) for one in found] == [("missing", "warning"), ("future", "information")]
    assert all(("no catalog" in one.reason, one.remedy, one.database) == (True, "GRANT it;", "wh") for one in found)


def test_that_there_is_no_baseline_is_no_finding() -> None:
    facts = replace(FACTS, unchecked=not_compared(REQUEST, "wh"))
    assert list(unreadable(facts, replace(REQUEST, fail_on=frozenset({"lost"})))) == []


def test_every_aspect_but_the_connection_can_be_unchecked() -> None:
    assert "connection" not in ALL_BUT_CONNECTION
    assert {"missing", "lost", "breaks_scan"} <= set(ALL_BUT_CONNECTION)
