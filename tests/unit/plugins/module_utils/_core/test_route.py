# SPDX-License-Identifier: GPL-3.0-or-later
"""The route without a bastion."""

from __future__ import annotations

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.route import DIRECT


def test_without_a_bastion_nothing_changes() -> None:
    assert (DIRECT.parameters(), DIRECT.must_retry(ValueError(), is_timeout=True)) == ({}, False)
