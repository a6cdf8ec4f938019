# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake Metamapper for each test, with a small datastore in which some objects are documented."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from tests.support.metamapper.scene import Scene
from tools.metamapper.server import running


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A fake Metamapper for this test."""
    with running() as api:
        yield Scene(api, tmp_path)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let attempts follow each other at once; the length of the pauses has its own test."""
    monkeypatch.setattr(
        "ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.client.PAUSES", (0.0, 0.0, 0.0)
    )
