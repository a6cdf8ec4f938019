# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The coloured matrices of the page: servers by questions, databases by schemas."""

from __future__ import annotations

from typing import Iterable, Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.html_parts import (
    Limits,
    badge,
    coverage_bar,
    fold,
    folded,
    share,
    sign,
    uncounted,
    unseen,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.markup import Markup, element, together
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Aspect,
    Coverage,
    Database,
    Report,
    Schema,
    Server,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import ASPECTS
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import STATUS_WORDS, counted

TILES_SHOWN = 24
TILES_SHOWN_AMONG_MANY = 4
TILES_ON_PAGE = 16000
ROWS = Limits(shown=25, most=2000)
QUIET_ROWS = Limits(shown=1000, most=2000)
SERVERS = Limits(shown=50, most=2000)
FEW_DATABASES = 12
METADATA = ("metadata", "REFERENCES")  # the word of the option, and the privilege behind it


def anchor(number: int) -> str:
    """Return the id of a server's section; names are never part of an id."""
    return f"server-{number}"


def _answer(aspect: Aspect) -> Markup:
    count = f" {aspect.count:,}" if aspect.count else ""
    answer = (sign(aspect.status), unseen(STATUS_WORDS[aspect.status]), count)
    return element("td", *answer, class_=aspect.status, role="cell", data_label=aspect.name.replace("_", " "))


def _server_row(server: Server, number: int) -> Markup:
    name = element("th", element("a", server.name, href=f"#{anchor(number)}"), scope="row", role="rowheader")
    return element("tr", name, *(_answer(aspect) for aspect in server.summary), role="row")


def _head(titles: Iterable[str]) -> Markup:
    """Return the head of a table.

    The roles of all parts are spelled out: a narrow window changes "display", which makes browsers drop them.
    """
    cells = (element("th", title, scope="col", role="columnheader") for title in titles)
    return element("thead", element("tr", *cells, role="row"), role="rowgroup")


def overview(report: Report) -> Markup:
    """Return the matrix of all servers by all questions."""
    titles = ("Server", *(name.replace("_", " ") for name in ASPECTS))
    head = _head(titles)
    caption = element("caption", "Answers by server, with the number of findings", class_="hidden")

    def table(rows: Sequence[Markup]) -> Markup:
        body = element("tbody", *rows, role="rowgroup")
        whole = element("table", caption, head, body, class_="overview", role="table")
        return element("div", whole, class_="scroll", role="region", aria_label="Answers by server", tabindex="0")

    rows = [_server_row(server, number) for number, server in enumerate(report.servers, start=1)]
    return folded(rows, SERVERS, wrap=table, noun="server")


def _tile(schema: Schema) -> Markup:
    notes = ["metadata only"] if schema.privilege in METADATA else []
    notes += ["new tables not covered"] if schema.is_future_covered is False else []
    if schema.relations.is_full and not schema.columns.is_full:
        notes.append(f"{share(schema.columns)} columns")
    return element(
        "li",
        sign(schema.status),
        unseen(f"{STATUS_WORDS[schema.status]}: "),
        element("code", schema.name),
        element("span", share(schema.relations), class_="count"),
        element("span", ", ".join(notes), class_="note") if notes else "",
        coverage_bar(schema.relations),
        class_=f"tile {schema.status}",
    )


def _tiles(schemas: Sequence[Schema], limits: Limits) -> Markup:
    tiles = [_tile(schema) for schema in schemas[: limits.most]]
    listed = folded(tiles, limits, wrap=lambda part: element("ul", *part, class_="tiles"), noun="schema")
    return together(listed, uncounted(len(schemas) - len(tiles), "schema"))


def _tile_limits(database: Database, *, is_long: bool, databases: int) -> Limits:
    """Return how many schemas are shown: where there is much to read, few beside those that need work."""
    loud = sum(1 for schema in database.schemas if schema.status != "ok")
    shown = min(loud, TILES_SHOWN) + (TILES_SHOWN_AMONG_MANY if is_long else TILES_SHOWN)
    return Limits(shown, shown + max(TILES_SHOWN, TILES_ON_PAGE // max(databases, 1)))


def _number(coverage: Coverage, label: str, status: str) -> Markup:
    track = element("span", coverage_bar(coverage), class_=f"track {status}") if coverage.expected else ""
    return element("td", share(coverage), track, class_="number", role="cell", data_label=label)


def _database_row(database: Database, limits: Limits) -> Markup:
    name = element("th", element("code", database.name), " ", badge(database.status), scope="row", role="rowheader")
    nothing = "not looked at" if database.status == "failure" else "no listed schema"
    empty = element("span", nothing, class_="muted")
    return element(
        "tr",
        name,
        _number(database.relations, "Relations", database.status),
        _number(database.columns, "Columns", database.status),
        element("td", _tiles(database.schemas, limits) if database.schemas else empty, role="cell"),
        role="row",
    )


def _database_table(rows: Sequence[Markup]) -> Markup:
    head = _head(("Database", "Relations", "Columns", "Schemas: visible/existing relations"))
    caption = element("caption", "Coverage by database and schema", class_="hidden")
    return element("table", caption, head, element("tbody", *rows, role="rowgroup"), class_="matrix", role="table")


def databases_of(server: Server, *, databases: int) -> Markup:
    """Return the matrix of one server's databases by schemas; ``databases`` is their number on the whole page."""
    if not server.databases:
        return together()
    is_long = len(server.databases) > FEW_DATABASES

    def rows(chosen: Iterable[Database]) -> list[Markup]:
        return [_database_row(each, _tile_limits(each, is_long=is_long, databases=databases)) for each in chosen]

    quiet = [database for database in server.databases if is_long and database.status == "ok"]
    loud = [database for database in server.databases if not is_long or database.status != "ok"]
    parts = [element("h3", "Databases and schemas"), folded(rows(loud), ROWS, wrap=_database_table, noun="database")]
    if quiet:
        title = f"{counted(len(quiet), 'database')} with nothing to mend"
        parts.append(fold(title, folded(rows(quiet), QUIET_ROWS, wrap=_database_table, noun="database")))
    return together(*parts)
