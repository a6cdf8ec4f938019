# SPDX-License-Identifier: GPL-3.0-or-later
"""libpq is found through psycopg2; if it cannot be loaded, nothing is canceled."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.libpq import Cancellation, load_libpq
from psycopg2 import _psycopg


def test_it_is_found_through_psycopg2() -> None:
    assert load_libpq(_psycopg.__file__) is not None


def test_a_library_without_it(tmp_path: Path) -> None:
    assert load_libpq(str(tmp_path / "none.so")) is None
    assert load_libpq("") is None  # an empty path would load the process itself


def test_without_it_nothing_is_cancelled() -> None:
    Cancellation(None, 0).request()
