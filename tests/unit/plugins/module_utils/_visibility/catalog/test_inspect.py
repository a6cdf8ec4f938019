# SPDX-License-Identifier: GPL-3.0-or-later
"""The relations of a baseline of which a scan saw fewer columns, or nothing."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.inspect import less_visible
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.request import VisibleColumns

from tests.support.values.names import HOSTILE

BASELINE: VisibleColumns = {"sales": {"t": 4, HOSTILE: 2}, HOSTILE: {"u": 1}}


@pytest.mark.parametrize(
    ("baseline", "seen", "expected"),
    [
        pytest.param({}, None, {}, id="no baseline"),
        pytest.param(BASELINE, BASELINE, {}, id="as before"),
        pytest.param(BASELINE, None, BASELINE, id="the scan failed"),
        pytest.param(BASELINE, {}, BASELINE, id="nothing"),
        pytest.param(BASELINE, {**BASELINE, "sales": {"t": 5, HOSTILE: 2, "new": 1}}, {}, id="more"),
        pytest.param(BASELINE, {**BASELINE, "sales": {"t": 3, HOSTILE: 2}}, {"sales": {"t": 4}}, id="fewer columns"),
        pytest.param(BASELINE, {"sales": {"t": 4}}, {"sales": {HOSTILE: 2}, HOSTILE: {"u": 1}}, id="not there"),
    ],
)
def test_what_is_less_visible(baseline: VisibleColumns, seen: VisibleColumns | None, expected: VisibleColumns) -> None:
    assert less_visible(baseline, seen) == expected
