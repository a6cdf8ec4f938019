# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The report as one page that needs nothing but itself: no script, no font, no picture, no network."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Mapping

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Coverage,
    Database,
    Report,
    Schema,
    Server,
    grouped,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import (
    QUESTIONS,
    STATUS_OF,
    STATUSES,
    Status,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.visible import (
    is_exact,
    visible,
    visible_lines,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import (
    STATUS_WORDS,
    counted,
    extent,
    facts,
    verdict,
)
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

HERE = Path(__file__).resolve().parent
# Beside its colour, each status has a shape and a word: colour alone tells nothing to many people.
SIGNS: Mapping[Status, str] = MappingProxyType({"failure": "✕", "warning": "!", "unknown": "?", "ok": "✓"})
METADATA = ("metadata", "REFERENCES")  # the word of the option, and the privilege behind it
BAR_STEP_PERCENT = 5
OPEN_SERVERS = 5
FEW_DATABASES = 12
GROUPS_SHOWN = 12
GROUPS_ON_PAGE = 2000
TILES_SHOWN = 24
TILES_SHOWN_AMONG_MANY = 4
TILES_ON_PAGE = 16000


@dataclass(frozen=True)
class Limits:
    """How many things of a list are shown at once, and how many at most after unfolding."""

    shown: int
    most: int


ROWS = Limits(shown=25, most=2000)
QUIET_ROWS = Limits(shown=1000, most=2000)
SERVERS = Limits(shown=50, most=2000)
PLACES = Limits(shown=8, most=200)


def share(coverage: Coverage) -> str:
    """Return visible and expected as numbers; a dash where there is nothing to see."""
    return f"{coverage.visible:,}/{coverage.expected:,}" if coverage.expected else "–"


def bar_class(percent: int) -> str:
    """Return the class that draws a share, rounded down: a full bar means all."""
    return f"p{percent - percent % BAR_STEP_PERCENT}"


def tile_notes(schema: Schema) -> list[str]:
    """Return what is special about a schema."""
    notes = ["metadata only"] if schema.privilege in METADATA else []
    notes += ["new tables not covered"] if schema.is_future_covered is False else []
    if schema.relations.is_full and not schema.columns.is_full:
        notes.append(f"{share(schema.columns)} columns")
    return notes


def _figures(report: Report) -> list[tuple[str, str]]:
    databases = list(report.databases)
    figures = [
        (len(report.servers), "server"),
        (len(databases), "database"),
        (sum(len(database.schemas) for database in databases), "schema"),
    ]
    covered = report.relations
    return [
        *((f"{number:,}", counted(number, noun).split(" ", 1)[1]) for number, noun in figures),
        (f"{covered.percent} %", f"of {counted(covered.expected, 'relation')} visible"),
    ]


def security_policy(sheet: str) -> str:
    """Return the content security policy of the page: this style sheet, and nothing else at all.

    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
    """
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def shown(value: Any) -> Any:
    """Return what the page shows of a value: markup of its own macros as it is, all else with nothing hidden in it."""
    return value if isinstance(value, Markup) else visible(str(value))


@lru_cache(maxsize=None)
def _page() -> Template:
    environment = Environment(
        autoescape=True,
        finalize=shown,
        loader=FileSystemLoader(HERE),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals = {
        **{each.__name__: each for each in (bar_class, counted, extent, facts, grouped, is_exact, share, tile_notes)},
        **{each.__name__: each for each in (verdict, visible_lines)},
        **{"QUESTIONS": QUESTIONS, "SIGNS": SIGNS, "STATUSES": STATUSES, "STATUS_OF": STATUS_OF},
        **{"STATUS_WORDS": STATUS_WORDS, "FEW_DATABASES": FEW_DATABASES},
        **{"PLACES": PLACES, "QUIET_ROWS": QUIET_ROWS, "ROWS": ROWS, "SERVERS": SERVERS},
    }
    return environment.get_template("page.html.j2")


def render_html(report: Report) -> str:
    """Return the page, in UTF-8 once written; every text from a server, a host or a person is escaped in it."""
    databases = sum(1 for _database in report.databases)

    def is_open(number: int, server: Server) -> bool:
        return len(report.servers) == 1 or (number <= OPEN_SERVERS and server.status != "ok")

    def tile_limits(database: Database, is_long: bool) -> Limits:
        """Return how many schemas are shown: where there is much to read, few beside those that need work."""
        loud = sum(1 for schema in database.schemas if schema.status != "ok")
        first = min(loud, TILES_SHOWN) + (TILES_SHOWN_AMONG_MANY if is_long else TILES_SHOWN)
        return Limits(first, first + max(TILES_SHOWN, TILES_ON_PAGE // max(databases, 1)))

    sheet = (HERE / "page.css").read_text(encoding="utf-8")
    return _page().render(
        figures=_figures(report),
        finding_limits=Limits(GROUPS_SHOWN, max(GROUPS_SHOWN + 1, GROUPS_ON_PAGE // max(len(report.servers), 1))),
        is_open=is_open,
        numbered_servers=list(enumerate(report.servers, start=1)),
        overview_titles=["Server", *(name.replace("_", " ") for name in QUESTIONS)],
        policy=security_policy(sheet),
        report=report,
        sheet=Markup(sheet),  # noqa: S704 - a file of this collection, with no value in it
        tile_limits=tile_limits,
    )
