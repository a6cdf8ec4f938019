# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between the major versions of PostgreSQL."""

from __future__ import annotations

from typing import get_args

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.server_version import (
    SINCE,
    Feature,
    has_feature,
    require_supported,
)


@pytest.mark.parametrize(
    ("feature", "last_without", "first_with"),
    [
        ("scram", 90624, 100000),
        ("private_public", 140023, 150000),
        ("parameter_acls", 140023, 150000),
        ("createrole_needs_admin", 150018, 160000),
        ("membership_options", 150018, 160000),
        ("inherited_defaults", 150018, 160000),
        ("lenient_regclass", 150018, 160000),
        ("blank_vertical_tab", 160014, 170000),
        ("maintain", 160014, 170000),
        ("lock_per_name", 170010, 180000),
    ],
)
def test_since_when(feature: Feature, last_without: int, first_with: int) -> None:
    assert (has_feature(last_without, feature), has_feature(first_with, feature)) == (False, True)


def test_the_table_has_every_feature() -> None:
    assert set(SINCE) == set(get_args(Feature))


@pytest.mark.parametrize("version", [90600, 90624, 100023, 180004, 190000])
def test_supported(version: int) -> None:
    require_supported(version)


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        pytest.param(90525, "PostgreSQL 9.5;", id="9.5"),
        pytest.param(90599, "PostgreSQL 9.5;", id="the last before 9.6"),
        pytest.param(80400, "PostgreSQL 8.4;", id="8.4"),
        pytest.param(0, "PostgreSQL 0.0;", id="no version"),
    ],
)
def test_too_old_and_which_one(version: int, shown: str) -> None:
    with pytest.raises(Failure, match=shown):
        require_supported(version)
