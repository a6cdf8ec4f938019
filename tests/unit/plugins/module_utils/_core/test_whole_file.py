# SPDX-License-Identifier: GPL-3.0-or-later
"""A file is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.whole_file import replace_file


def test_text_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text, mode in (("näme\n", 0o640), ("another\n", 0o600)):
        replace_file(str(path), text, mode)
        assert (path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777) == (text, mode)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()], ids=["no room", "Ctrl-C"])
def test_what_fails_leaves_all_as_it_was(tmp_path: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    replace_file(str(path), "before", 0o640)

    def fail(_handle: int) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        replace_file(str(path), "after", 0o640)
    assert (path.read_text(), os.listdir(tmp_path)) == ("before", ["file"])


def test_characters_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(UnicodeEncodeError):
        replace_file(str(path), "\ud800", 0o640)
    replace_file(str(path), "\ud800", 0o640, errors="surrogatepass")
    assert path.read_bytes() == b"\xed\xa0\x80"
