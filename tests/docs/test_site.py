# SPDX-License-Identifier: GPL-3.0-or-later
"""The built site is complete, has no dead link, and loads nothing from other hosts.

"make docs" builds the site and then runs these tests.
"""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Mapping
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from tools.docs.build import CACHE
from tools.docs.pages import REPOSITORY, ROOT, pages
from tools.packaging.collection import contents

SITE = CACHE / "site"
PAGES = sorted(SITE.rglob("*.html"))
# Attributes whose URLs a browser loads by itself; it follows a link only when a reader clicks it.
LOADING = {"src", "srcset", "data", "poster", "action", "formaction", "background"}
CSS_LOADS = re.compile(r"url\(\s*['\"]?(?!data:|#)([^'\")]+)|@import\s+['\"]([^'\"]+)")


class Page(HTMLParser):
    """The URLs that a page loads, its links and its anchors."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the URLs and the anchor of an element."""
        for name, value in attrs:
            if name in LOADING or (tag == "link" and name == "href"):
                self.loads.append(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name in ("id", "name"):
                self.anchors.add(value or "")


@pytest.fixture(scope="module")
def parsed() -> Mapping[Path, Page]:
    """Return every page of the site by its path."""
    return {path: Page(path) for path in PAGES}


def name_of(path: Path) -> str:
    """Return a file's path within the site, which is also the id of its tests."""
    return str(path.relative_to(SITE))


def test_there_is_a_page_for_every_document_module_and_role() -> None:
    written = {name[: -len(".md")] + ".html" for name in pages().values() if name.endswith(".md")}
    reference = {f"reference/{name}_{kind}.html" for kind in ("module", "role") for name in contents()[kind]}
    assert (written | reference) - {name_of(path) for path in PAGES} == set()


@pytest.mark.parametrize(
    ("page", "source"),
    [
        pytest.param("index", "docs/README.md", id="renamed"),
        pytest.param("guides/bastion", "docs/guides/bastion.md", id="a guide"),
        pytest.param("roles/grant", "roles/grant/README.md", id="a role"),
        pytest.param("reference/access_module", "", id="generated"),
    ],
)
def test_a_page_can_be_edited_where_it_comes_from(page: str, source: str, parsed: Mapping[Path, Page]) -> None:
    links = [link for link in parsed[SITE / f"{page}.html"].links if link.startswith(f"{REPOSITORY}/edit/")]
    assert set(links) == ({f"{REPOSITORY}/edit/main/{source}"} if source else set())


def test_the_front_page_has_the_version_and_leads_to_modules_roles_and_the_repository(
    parsed: Mapping[Path, Page],
) -> None:
    index = SITE / "index.html"
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    assert f"metamapper.postgresql {version}" in index.read_text(encoding="utf-8")
    reference = {f"reference/{name}_{kind}.html" for kind in ("module", "role") for name in contents()[kind]}
    assert {*reference, REPOSITORY} - set(parsed[index].links) == set()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_loads_nothing_from_elsewhere(path: Path, parsed: Mapping[Path, Page]) -> None:
    assert [load for load in parsed[path].loads if urlsplit(load).scheme not in ("", "data") or load[:2] == "//"] == []


@pytest.mark.parametrize("path", sorted(SITE.rglob("*.css")), ids=name_of)
def test_a_style_sheet_loads_nothing_from_elsewhere(path: Path) -> None:
    loads = [first or second for first, second in CSS_LOADS.findall(path.read_text(encoding="utf-8"))]
    assert [load for load in loads if "//" in load] == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path: Path, parsed: Mapping[Path, Page]) -> None:
    assert [link for link in parsed[path].links if not leads_somewhere(path, link, parsed)] == []


def leads_somewhere(path: Path, link: str, parsed: Mapping[Path, Page]) -> bool:
    """Return whether a link's page and anchor exist; external links are accepted without a request."""
    parts = urlsplit(link)
    if parts.scheme:
        return parts.scheme in ("https", "mailto")
    target = Path(os.path.normpath(path.parent / unquote(parts.path))) if parts.path else path
    if target not in parsed:
        return target.is_file()
    return not parts.fragment or unquote(parts.fragment) in parsed[target].anchors
