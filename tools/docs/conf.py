"""How Sphinx builds the site: https://www.sphinx-doc.org/en/master/usage/configuration.html."""

from __future__ import annotations

project = "metamapper.postgresql"
author = "The metamapper.postgresql authors"
copyright = author
html_title = project
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_baseurl = ""

extensions = ["myst_parser", "sphinx_antsibull_ext", "sphinx_copybutton"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
# The headings of a page can be linked to as on GitHub.
myst_heading_anchors = 4
pygments_style = "friendly"
pygments_dark_style = "monokai"
# site.css gives the reference the colours of the theme, which knows day and night.
antsibull_ext_color_scheme = "none"
