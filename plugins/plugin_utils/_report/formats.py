# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The formats of the report, by the names that metamapper_report_formats has for them."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Callable, Mapping

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.html import render_html
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import render_json
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.junit import render_junit
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.markdown import render_markdown
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.prometheus import render_prometheus
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.sql import render_sql
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.text import render_text


@dataclass(frozen=True)
class Format:
    """A file of the report, and the function that writes its text."""

    file: str
    render: Callable[[Report], str]


# Those for people first: a message names the first one that was written.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "html": Format("report.html", render_html),
        "md": Format("report.md", render_markdown),
        "txt": Format("report.txt", render_text),
        "json": Format("report.json", render_json),
        "junit": Format("report.xml", render_junit),
        "sql": Format("remedies.sql", render_sql),
        "prom": Format("report.prom", render_prometheus),
    }
)
