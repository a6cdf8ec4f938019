# SPDX-License-Identifier: GPL-3.0-or-later
"""No character of a name can hide, reorder or control what surrounds it."""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import (
    is_exact,
    visible,
    visible_lines,
)
from hypothesis import given
from hypothesis import strategies as st

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))
CONTROLLING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("we\"ird.näme'; --", "we\"ird.näme'; --", id="odd but visible"),
        pytest.param("売上", "売上", id="another script"),
        pytest.param("a\u202eb", "a⟨U+202E⟩b", id="right-to-left override"),
        pytest.param("a\u2066b\u2069", "a⟨U+2066⟩b⟨U+2069⟩", id="isolates"),
        pytest.param("a\u200bb\ufeff", "a⟨U+200B⟩b⟨U+FEFF⟩", id="zero width"),
        pytest.param("a\x1b[31m", "a⟨U+001B⟩[31m", id="terminal escape"),
        pytest.param("a\r\nb\tc", "a⟨U+000D⟩⟨U+000A⟩b⟨U+0009⟩c", id="line feed and tab"),
        pytest.param("a\x85b\u2028c", "a⟨U+0085⟩b⟨U+2028⟩c", id="other line ends"),
        pytest.param("a\u00a0b\u3000", "a⟨U+00A0⟩b⟨U+3000⟩", id="blanks that are none"),
        pytest.param("a\udc80", "a⟨U+DC80⟩", id="a byte that was no UTF-8"),
        pytest.param("\U000e0041", "⟨U+E0041⟩", id="tag characters"),
    ],
)
def test_visible(text: str, expected: str) -> None:
    assert visible(text) == expected


@given(ANY_TEXT)
def test_what_is_visible_controls_nothing(text: str) -> None:
    assert not {unicodedata.category(character) for character in visible(text)} & CONTROLLING


@pytest.mark.parametrize(
    ("text", "lines", "exact"),
    [
        pytest.param("", [], True, id="empty"),
        pytest.param("GRANT a;\nGRANT b;", ["GRANT a;", "GRANT b;"], True, id="two statements"),
        pytest.param('GRANT "a\u202e";', ['GRANT "a⟨U+202E⟩";'], False, id="hidden character"),
    ],
)
def test_statements_keep_their_lines(text: str, lines: list[str], exact: bool) -> None:
    assert (visible_lines(text), is_exact(text)) == (lines, exact)
