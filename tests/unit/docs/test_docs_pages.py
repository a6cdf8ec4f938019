# SPDX-License-Identifier: GPL-3.0-or-later
"""Links between files of the repository become links between the corresponding pages of the site."""

from __future__ import annotations

import pytest

from tools.docs.pages import ADDRESSES, follow, pages
from tools.packaging.collection import avoidable_warnings

NAMES = {
    "README.md": "overview.md",
    "docs/README.md": "index.md",
    "docs/guides/bastion.md": "guides/bastion.md",
    "docs/report.schema.json": "report.schema.json",
    "roles/grant/README.md": "roles/grant.md",
}

BLOB, RAW = ADDRESSES


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        pytest.param("README.md", "", "", id="nothing"),
        pytest.param("README.md", "[a](docs/README.md)", "[a](index.md)", id="down"),
        pytest.param("docs/guides/bastion.md", "[a](../../README.md)", "[a](../overview.md)", id="up"),
        pytest.param(
            "docs/guides/bastion.md", "[a](../../roles/grant/README.md#b)", "[a](../roles/grant.md#b)", id="a heading"
        ),
        pytest.param("roles/grant/README.md", "[a](#b)", "[a](#b)", id="the same page"),
        pytest.param("docs/README.md", "[a](report.schema.json)", "[a](report.schema.json)", id="a file"),
        pytest.param("README.md", "[a](https://b/docs/README.md)", "[a](https://b/docs/README.md)", id="the web"),
        pytest.param("README.md", f"[a]({BLOB}docs/README.md#b)", "[a](index.md#b)", id="an address of GitHub"),
        pytest.param("README.md", f"![a]({RAW}docs/README.md)", "![a](index.md)", id="an address of a picture"),
        pytest.param("README.md", "[a](Makefile)", f"[a]({BLOB}Makefile)", id="no page: GitHub shows it"),
        pytest.param("README.md", "[a](nothing.md)", "[a](nothing.md)", id="nothing: Sphinx complains"),
        pytest.param("README.md", "a\n[![b](c)](d)\n[![e](f)](g)\nh\n", "a\nh\n", id="badges"),
        pytest.param("README.md", "[we\"ird.näme'; --](d#e)", "[we\"ird.näme'; --](d#e)", id="hostile"),
    ],
)
def test_links_follow_their_pages(source: str, text: str, expected: str) -> None:
    assert follow(text, source, NAMES) == expected


def test_no_two_files_become_one_page() -> None:
    assert len(set(pages().values())) == len(pages())


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("Importing\nLoading module access\n", [], id="no warning"),
        pytest.param("WARNING: roles/x.yml: couldn't resolve 'community.postgresql.y'\n", [], id="the dependency"),
        pytest.param("INFO: a\nWARNING: b\n", ["WARNING: b"], id="a warning"),
    ],
)
def test_warnings_that_can_be_avoided(log: str, expected: list[str]) -> None:
    assert avoidable_warnings(log) == expected
