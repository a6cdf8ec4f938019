# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts use the manuals' phrases instead of unusual ones; codespell, with tools/docs/words.txt, checks single words."""

from __future__ import annotations

import re
from typing import Iterator, Mapping

import pytest

from tests.support.documents.blocks import DOCUMENTS, ROOT, name_of

USUAL: Mapping[str, str] = {
    r"any ?more": "no longer",
    r"beyond the list": "out of scope",
    r"(is|are|who is) no superusers?": "non-superuser",
    r"(give|gave|given|gives) up": "time out",
    r"in the way\b(?! that)": "blocking",
    r"letter by letter": "exactly",
    r"look(s|ed|ing)? at": "check, inspect, verify",
    r"(mis)?typed into": "configured in",
    r"slips?": "typo",
    r"somebody|whomever|whoever(?! can reach)": "another role, users, people",
    r"(take|takes|taken|taking|took) (it |all |everything )?back": "revoke",
    r"tomorrow('s)?": "future",
    r"\b(was|were) not tried|Read, not tried": "not tested",
}
TEXTS = {
    **{name_of(path): path for path in DOCUMENTS if path.name != "measured.md"},
    **{name_of(path): path for path in sorted(ROOT.glob("roles/*/meta/*.yml"))},
    **{name_of(path): path for path in sorted(ROOT.glob("plugins/doc_fragments/*.py"))},
}


def prose(text: str) -> str:
    """Return a text without code, which quotes messages and names, each run of whitespace replaced by a blank."""
    without_blocks = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return " ".join(re.sub(r"`[^`]*`|^\* \*.*?\*:", "", without_blocks, flags=re.MULTILINE).split())


def unusual(text: str) -> Iterator[str]:
    """Yield each unusual phrase in a text, followed by the usual one."""
    for pattern, usual in USUAL.items():
        for found in re.finditer(rf"\b({pattern})\b", text, re.IGNORECASE):
            yield f"{found[0]}: {usual}"


@pytest.mark.parametrize("name", TEXTS)
def test_phrases_are_those_of_the_manuals(name: str) -> None:
    assert list(unusual(prose(TEXTS[name].read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("It takes it\nback.", ["takes it back: revoke"], id="over lines"),
        pytest.param("Run `take back`.\n```text\na slip\n```\n", [], id="code"),
        pytest.param("`x` A slip in we\"ird.näme\\'; --", ["slip: typo"], id="hostile"),
    ],
)
def test_what_is_found(text: str, expected: list[str]) -> None:
    assert list(unusual(prose(text))) == expected
