# SPDX-License-Identifier: GPL-3.0-or-later
"""A Metamapper for each test, with a small datastore in which something is written."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from tests.support.metamapper.scene import Scene
from tools.metamapper.server import running


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A Metamapper of this test."""
    with running() as api:
        yield Scene(api, tmp_path)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let attempts follow each other at once; how long the pauses are has a test of its own."""
    monkeypatch.setattr(
        "ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.client.PAUSES", (0.0, 0.0, 0.0)
    )
