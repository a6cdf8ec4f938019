# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx configuration of the site: https://www.sphinx-doc.org/en/master/usage/configuration.html."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from tools.docs.pages import REPOSITORY, pages  # noqa: E402

project = "metamapper.postgresql"
author = "The metamapper.postgresql authors"
copyright = author
release = version = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
html_title = f"{project} {version}"
html_theme_options = {
    "source_repository": REPOSITORY,
    "source_branch": "main",
    "source_directory": "docs/",
    "footer_icons": [{"name": "GitHub", "url": REPOSITORY, "html": "Repository", "class": ""}],
}
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_baseurl = ""

extensions = ["myst_parser", "sphinx_antsibull_ext", "sphinx_copybutton"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
# Gives headings the same anchors as on GitHub.
myst_heading_anchors = 4
pygments_style = "friendly"
pygments_dark_style = "monokai"
# site.css gives the reference the colors of the theme, which has a light and a dark mode.
antsibull_ext_color_scheme = "none"

SOURCES = {name: source for source, name in pages().items()}


def link_to_source(_app: Any, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Make the links "view" and "edit" of a page lead to its file in the repository, if it has one."""
    source = SOURCES.get(f"{page}.md", "")
    context["theme_source_view_link"] = f"{REPOSITORY}/blob/main/{source}" if source else ""
    context["theme_source_edit_link"] = f"{REPOSITORY}/edit/main/{source}" if source else ""
    if not source:
        context["page_source_suffix"] = ""


def setup(app: Any) -> None:
    """Register the handler with Sphinx."""
    app.connect("html-page-context", link_to_source, priority=900)
