# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a refused login is refused in the other databases, too."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.connection import LoginFailure


@pytest.mark.parametrize(
    ("state", "holds_for_all"), [("", True), ("28P01", True), ("28000", False), ("42501", False), ("53300", False)]
)
def test_which_refusals_hold_for_every_database(state: str, holds_for_all: bool) -> None:
    assert LoginFailure(state, "no").is_of_the_server is holds_for_all
