# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of statuses, and the labels of the aspects."""

from __future__ import annotations

from typing import Sequence

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import (
    ASPECTS,
    LABELS,
    QUESTIONS,
    Status,
    aspect_place,
    label,
    severity_of,
    status_of,
    worst,
)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([], "ok", id="none"),
        pytest.param(["ok", "unknown"], "unknown", id="unknown is not ok"),
        pytest.param(["unknown", "warning", "ok"], "warning", id="warning"),
        pytest.param(["warning", "failure"], "failure", id="failure"),
    ],
)
def test_worst(statuses: Sequence[Status], expected: Status) -> None:
    assert worst(statuses) == expected


@pytest.mark.parametrize("value", ["fatal", "", None, 1])
def test_what_is_no_name_of_ours(value: object) -> None:
    assert (status_of(value), severity_of(value)) == (None, None)


def test_every_aspect_has_a_label_and_a_question() -> None:
    assert set(LABELS) == set(QUESTIONS) == set(ASPECTS)


@pytest.mark.parametrize(
    ("aspect", "name"),
    [
        pytest.param("breaks_scan", "Breaks scan", id="known"),
        pytest.param("new_kind", "New kind", id="unknown"),
        pytest.param("we\"ird.näme\\'; --", "We\"ird.näme\\'; --", id="hostile"),
    ],
)
def test_label(aspect: str, name: str) -> None:
    assert label(aspect) == name


def test_an_unknown_aspect_comes_last() -> None:
    assert max(ASPECTS, key=aspect_place) == ASPECTS[-1]
    assert aspect_place("unknown") > aspect_place(ASPECTS[-1])
