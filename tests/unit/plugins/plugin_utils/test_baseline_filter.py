# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that reads a server's baseline."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._baseline_filter import FilterModule
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.baseline import (
    FOLDER,
    Baseline,
    render_baseline,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.server_file import file_name

from tests.support.values.findings import CREATED, HOSTILE

baseline = FilterModule().filters()["baseline"]


def test_the_kept_baseline_is_taken_and_none_is_empty(tmp_path: Path) -> None:
    values = {"baseline": "", "report_directory": str(tmp_path)}
    assert baseline(values, HOSTILE) == {}
    (tmp_path / FOLDER).mkdir()
    seen = {"d": {"s": {"t": 1}}}
    (tmp_path / FOLDER / file_name(HOSTILE)).write_text(render_baseline(HOSTILE, Baseline(CREATED, seen)))
    assert baseline(values, HOSTILE) == seen


def test_a_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(AnsibleFilterError, match="neither a baseline nor a JSON report"):
        baseline({"baseline": str(tmp_path / "other.json"), "report_directory": ""}, "db")
