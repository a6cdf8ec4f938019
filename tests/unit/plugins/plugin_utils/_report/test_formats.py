# SPDX-License-Identifier: GPL-3.0-or-later
"""Each format has its file and its text."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.formats import FORMATS

from tests.support.values.findings import FAILED, report


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_written(name: str) -> None:
    assert "warehouse" in FORMATS[name].render(report(a=FAILED))


def test_no_two_have_one_file() -> None:
    assert len({form.file for form in FORMATS.values()}) == len(FORMATS)
