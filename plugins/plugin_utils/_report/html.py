# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The report as one self-contained page: no script, no font, no picture, no network."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import (
    is_exact,
    visible,
    visible_lines,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.action import action_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Database,
    Finding,
    Report,
    Schema,
    Server,
    counts_of,
    grouped,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.overview import rows_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import (
    QUESTIONS,
    STATUS_OF,
    Status,
    label,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import (
    STATUS_WORDS,
    absence,
    consequence,
    counted,
    counts_text,
    extent,
    facts,
    moment,
    notes,
    remedy_label,
    share,
    verdict,
)
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

HERE = Path(__file__).resolve().parent
# Besides its colour, each status has a shape and a word, since many people cannot distinguish the colours.
SIGNS: Mapping[Status, str] = MappingProxyType({"failure": "✕", "warning": "!", "unknown": "?", "ok": "✓"})
METADATA = ("metadata", "REFERENCES")  # the word of the option, and the privilege behind it
BAR_STEP_PERCENT = 5
OPEN_SERVERS = 5
FEW_DATABASES = 12
# Up to this many servers each have their own part; of more only those that are not ok, the worst first.
FEW_SERVERS = 50
SERVERS_ON_PAGE = 150
TILES_SHOWN = 24


@dataclass(frozen=True)
class Limits:
    """How many things of a list are shown at once, and how many at most after unfolding."""

    shown: int
    most: int


OVERVIEW = Limits(shown=50, most=2000)
DECISIONS = Limits(shown=5, most=50)
LINES = Limits(shown=5, most=200)
PLACES = Limits(shown=8, most=200)


def bar_class(percent: int) -> str:
    """Return the class that draws a share, rounded down: a full bar means all."""
    return f"p{percent - percent % BAR_STEP_PERCENT}"


def thousands(number: int) -> str:
    """Return a number as people read it."""
    return f"{number:,}"


def anchor(place: Sequence[int]) -> str:
    """Return the id of the part of a server or a database; names are never part of an id."""
    return "-".join(["server", *map(str, place)])


def numbered(items: Sequence[Any]) -> list[tuple[int, Any]]:
    """Return items with their numbers, from 1."""
    return list(enumerate(items, start=1))


def tile_notes(schema: Schema) -> list[str]:
    """Return what is special about a schema."""
    notes = ["metadata only"] if schema.privilege in METADATA else []
    notes += ["new tables not covered"] if schema.is_future_covered is False else []
    if schema.relations.is_full and not schema.columns.is_full:
        notes.append(f"{share(schema.columns)} columns")
    return notes


def common_findings(server: Server) -> list[Finding]:
    """Return the findings about a server as a whole, and those that are the same in several of its databases."""
    return [
        finding
        for group in grouped(server.findings)
        if len({finding.database for finding in group.findings}) > 1 or not group.first.database
        for finding in group.findings
    ]


class Sizes:
    """How much of everything is shown, so that a page stays small whatever the number of servers."""

    def __init__(self, report: Report) -> None:
        quiet = len(report.servers) > FEW_SERVERS
        chosen = [(number, each) for number, each in numbered(report.servers) if each.status != "ok" or not quiet]
        self.cards = chosen[:SERVERS_ON_PAGE]
        self.databases = max(1, sum(len(server.databases) for _number, server in self.cards))
        self.parts = max(1, len(self.cards) + min(self.databases, 500))

    def share(self, total: int, *, least: int, most: int) -> int:
        """Return one part's share of so many things."""
        return min(most, max(least, total // self.parts))

    @property
    def groups(self) -> Limits:
        """The findings of a server or a database."""
        most = self.share(1500, least=3, most=1500)
        return Limits(min(12, most), most)

    @property
    def places(self) -> Limits:
        """The places of a finding."""
        most = self.share(6000, least=4, most=200)
        return Limits(min(8, most), most)

    @property
    def of_databases(self) -> Limits:
        """The databases of a server."""
        most = max(5, 1000 // max(1, len(self.cards)))
        return Limits(min(25, most), most)

    def has_part(self, server: Server, number: int) -> bool:
        """Return whether the page has a part for a database, given its number."""
        loud = sum(1 for database in server.databases if database.status != "ok")
        if len(server.databases) <= FEW_DATABASES or number <= loud:
            return number <= self.of_databases.most
        return number - loud <= self.of_databases.most

    def tiles(self, database: Database) -> Limits:
        """The schemas of a database: if there are many, only few besides those that need work."""
        loud = sum(1 for schema in database.schemas if schema.status != "ok")
        most = max(4, 8000 // self.databases)
        return Limits(min(loud + TILES_SHOWN, max(most, 4), TILES_SHOWN * 2), most)


def _figures(report: Report) -> str:
    """Return what was checked in all, and how much of it is visible; empty if nothing was."""
    databases = report.databases
    if not databases:
        return ""
    schemas = sum(len(database.schemas) for database in databases)
    size = [counted(number, noun) for number, noun in ((len(report.servers), "server"), (len(databases), "database"))]
    visible_part = f"{share(report.relations)} relations visible" if report.relations.expected else "– relations"
    return f"{', '.join([*size, counted(schemas, 'schema')])}; {visible_part}."


def security_policy(sheet: str) -> str:
    """Return the content security policy of the page: this style sheet, and nothing else at all.

    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
    """
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def shown(value: Any) -> Any:
    """Return what the page shows of a value: its own markup unchanged, all else with hidden characters visible."""
    return value if isinstance(value, Markup) else visible(str(value))


FUNCTIONS = (
    *(anchor, bar_class, common_findings, numbered, thousands, tile_notes),
    *(counts_of, grouped, is_exact, label, visible_lines),
    *(absence, consequence, counted, counts_text, extent, facts, moment, notes, remedy_label, share, verdict),
)


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
        **{function.__name__: function for function in FUNCTIONS},
        **{"QUESTIONS": QUESTIONS, "SIGNS": SIGNS, "STATUS_OF": STATUS_OF, "STATUS_WORDS": STATUS_WORDS},
        **{
            "DECISIONS": DECISIONS,
            "FEW_DATABASES": FEW_DATABASES,
            "LINES": LINES,
            "OVERVIEW": OVERVIEW,
            "PLACES": PLACES,
        },
    }
    return environment.get_template("page.html.j2")


def render_html(report: Report) -> str:
    """Return the page, in UTF-8 once written; every text from a server, a host or a person is escaped in it."""
    sheet = (HERE / "page.css").read_text(encoding="utf-8")
    sizes = Sizes(report)
    common = {number: set(map(id, common_findings(server))) for number, server in sizes.cards}
    rows = rows_of(report)

    def is_open(number: int, server: Server) -> bool:
        return len(report.servers) == 1 or (number <= OPEN_SERVERS and server.status != "ok")

    def is_linked(place: Sequence[int]) -> bool:
        server = dict(sizes.cards).get(place[0])
        return server is not None and (len(place) == 1 or sizes.has_part(server, place[1]))

    def own_findings(number: int, database: Database) -> list[Finding]:
        """Return the findings that only this database has."""
        return [finding for finding in database.findings if id(finding) not in common[number]]

    return _page().render(
        action=action_of(report),
        cards=sizes.cards,
        counts=counts_of(report.findings),
        database_limits=sizes.of_databases,
        figures=_figures(report),
        group_limits=sizes.groups,
        is_open=is_open,
        is_linked=is_linked,
        noun="database" if rows and len(rows[-1].place) > 1 else "server",
        own_findings=own_findings,
        place_limits=sizes.places,
        policy=security_policy(sheet),
        quiet_servers=len(report.servers) - len(sizes.cards),
        report=report,
        rows=rows,
        sheet=Markup(sheet),  # noqa: S704 - a file of this collection, with no value in it
        tile_limits=sizes.tiles,
    )
