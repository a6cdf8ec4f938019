# SPDX-License-Identifier: GPL-3.0-or-later
"""The visible percentage that a report shows."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Coverage


@pytest.mark.parametrize(
    ("coverage", "percent"),
    [
        pytest.param(Coverage(0, 0), 100, id="nothing to see"),
        pytest.param(Coverage(10, 0), 0, id="nothing seen"),
        pytest.param(Coverage(1000, 999), 99, id="never rounded up to all"),
        pytest.param(Coverage(10, 10), 100, id="all"),
    ],
)
def test_percent(coverage: Coverage, percent: int) -> None:
    assert coverage.percent == percent
